"""`nadi gateway edit`: another setting, one device more or less, on the gateway itself."""

import difflib
import shlex
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from contract.check_report import Finding
from contract.devices import Device
from contract.document import load_document
from contract.errors import NadiError
from contract.settings import AgentSettings
from provisioning import hiding
from provisioning.commands.options import Restart, Searching
from provisioning.editing import changing, draft, editor
from provisioning.editing.changing import Changes
from provisioning.editing.draft import Draft
from provisioning.face import command, job_of
from provisioning.job import Job
from provisioning.joining import service
from provisioning.joining.agent_program import AgentProgram
from provisioning.joining.matching import given
from provisioning.language import _
from provisioning.outcome import ALREADY, Outcome
from provisioning.terminal import Sign

SETTINGS = Path("/etc/nadi/agent.toml")
AROUND = 2  # lines of the settings that are shown around what changes


def add_to(group: typer.Typer) -> None:
    """The command of a group."""
    text = _("On the gateway: change its settings, add or remove a device.")
    command(group, "edit", text)(_edit)


def _edit(
    ctx: typer.Context,
    values: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="KEY=VALUE",
            help=_("such as pju.baud=2400; may be given again"),
        ),
    ] = None,
    unset: Annotated[
        list[str] | None,
        typer.Option(metavar="KEY", help=_("back to its default; may be given again")),
    ] = None,
    remove: Annotated[
        list[str] | None,
        typer.Option(metavar="ASSET", help=_("take this device out; may be given again")),
    ] = None,
    line: Annotated[
        list[str] | None,
        typer.Option(
            metavar="PORT|NETWORK", help=_("search there, and add what is new; may be given again")
        ),
    ] = None,
    asset: Annotated[
        list[str] | None,
        typer.Option(metavar="WHERE=NUMBER", help=_("which asset is where, of what is new")),
    ] = None,
    search: Searching = "",
    undo: Annotated[
        bool, typer.Option("--undo", help=_("back to the settings before the last change"))
    ] = False,
    restart: Restart = "",
    settings: Annotated[
        Path | None, typer.Option(metavar="FILE", help=_("the agent's settings"))
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help=_("the changes shown are right"))] = False,
) -> Outcome:
    job = job_of(ctx)
    changes = Changes(
        values=tuple(values or ()),
        unset=tuple(unset or ()),
        remove=tuple(remove or ()),
        lines=tuple(line or ()),
        assets=given(asset or (), command="nadi gateway edit"),
        searching=tuple(shlex.split(search)),
    )
    file = settings or Path(job.environ.get("NADI_SETTINGS") or SETTINGS)
    agent = AgentProgram(job.environ, progress=lambda words: _progress(job, words))
    with tempfile.TemporaryDirectory(prefix="nadi-edit-") as folder:
        made = draft.begin(file, Path(folder))
        findings = _made(job, agent, made, changes, undo=undo)
        if made.text == made.before:
            job.ok(_("The settings are so already."))
            return Outcome(code=ALREADY, result={"file": str(file)})
        ended = _in_force(job, made, findings, shlex.split(restart), yes=yes)
        if not changes.any and not undo:
            job.answers.clear()  # no line says what a person did in an editor
        return ended


def _made(
    job: Job, agent: AgentProgram, made: Draft, changes: Changes, *, undo: bool
) -> list[Finding]:
    """The draft as it is wished, and what the agent finds wrong that was wrong before."""

    def judge() -> list[Finding]:
        made.settings()
        return draft.check(agent, made) if made.text != made.before else []

    if undo:
        made.write(draft.previous_of(made))
    elif changes.any:
        changing.apply(job, agent, made, changes)
    else:
        editor.edit(job, made, judge)
    return judge()


def _in_force(
    job: Job, made: Draft, findings: list[Finding], restart: list[str], *, yes: bool
) -> Outcome:
    shown = _difference(made)
    for words in shown:
        job.terminal.verbatim(words)
    for one in findings:
        job.step(Sign.WARN, _("As before: {what}").format(what=one.found))
    job.ok(_("The agent accepts the settings"))
    added, removed = _assets(made)
    result = {"file": str(made.target), "diff": shown, "added": added, "removed": removed}
    if job.dry_run:
        return Outcome(code=job.done_code, result=result)
    job.agree(_("Put these settings in force?"), yes=yes)
    made.take_effect()
    job.ok(_("In force; those before: {file}").format(file=made.previous.name))
    _restarted(job, made, restart)
    return Outcome(result=result, next=_for_the_office(job, made, added, removed))


def _restarted(job: Job, made: Draft, restart: list[str]) -> None:
    """An agent that runs takes the new settings; one that does not is left alone."""
    if words := service.restart(restart):
        service.run(words, code="E-EDIT-03")
        job.ok(_("The agent works with them, if it was running"))
        return
    if Path(made.settings().gateway.socket).exists():
        job.step(Sign.WAIT, _("Restart nadi-agent: until then it works with those before."))


def _for_the_office(job: Job, made: Draft, added: list[str], removed: list[str]) -> tuple[str, ...]:
    """The city's list is the office's: what it does not know yet is told there, by a command."""
    if added or removed:
        job.say(_("Tell the office, so that the city's list says the same; there:"))
    own = made.settings().gateway.id
    return (
        *(f"nadi asset move {asset} {own}" for asset in added),
        *(f"nadi asset retire {asset}" for asset in removed),
    )


def _assets(made: Draft) -> tuple[list[str], list[str]]:
    new = [str(one.asset) for one in made.settings().devices()]
    old = [str(one.asset) for one in _devices_before(made)]
    return [one for one in new if one not in old], [one for one in old if one not in new]


def _devices_before(made: Draft) -> list[Device]:
    """None, of settings that said nonsense."""
    try:
        before = load_document(AgentSettings, made.before, name=made.target.name)
    except NadiError:
        return []
    return list(before.devices())


def _difference(made: Draft) -> list[str]:
    """What goes and what comes, as the file has it but for its secrets."""
    hidden = hiding.secrets_of(made.settings())
    old, new = (text.splitlines() for text in (made.before, made.text))
    lines = list(difflib.unified_diff(old, new, lineterm="", n=AROUND))[3:]
    plain = ["…" if line.startswith("@@") else line for line in lines]
    return [hiding.without(hiding.without_values(line, AgentSettings), hidden) for line in plain]


def _progress(job: Job, words: str) -> None:
    print(f"  {words}", file=job.terminal.err, flush=True)
