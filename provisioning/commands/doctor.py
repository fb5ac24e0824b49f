"""`nadi doctor`: what is wrong with this gateway, and what to do about it."""

from pathlib import Path
from typing import Annotated

import typer

from provisioning.doctor import checks, examining
from provisioning.doctor.checks import Check
from provisioning.doctor.finding import COMMAND, Finding, State
from provisioning.doctor.patient import Patient
from provisioning.errors import Trouble
from provisioning.face import command, job_of
from provisioning.job import Job
from provisioning.language import _, plural
from provisioning.names import checked
from provisioning.outcome import Exit, Outcome
from provisioning.terminal import Sign

SETTINGS = Path("/etc/nadi/agent.toml")


def add_to(app: typer.Typer) -> None:
    """The command stands alone, without a group."""
    command(app, "doctor", _("Look at this gateway: what is wrong, and what to do."))(doctor)


def doctor(
    ctx: typer.Context,
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="CHECK...", help=_("only these checks, lines or assets")),
    ] = None,
    listed: Annotated[bool, typer.Option("--list", help=_("show the checks, make none"))] = False,
    trace: Annotated[
        str | None,
        typer.Option(metavar="ASSET", help=_("follow one fresh reading to the city and back")),
    ] = None,
    wait: Annotated[
        float, typer.Option(metavar="SECONDS", min=1, max=600, help=_("how long to follow it"))
    ] = 60.0,
    report: Annotated[
        Path | None,
        typer.Option(metavar="FILE.tar.gz", help=_("write all that helps, without secrets")),
    ] = None,
    settings: Annotated[
        Path | None, typer.Option(metavar="FILE", help=_("the agent's settings"))
    ] = None,
) -> Outcome:
    job = job_of(ctx)
    file = settings or Path(job.environ.get("NADI_SETTINGS") or SETTINGS)
    patient = Patient(file, path=job.environ.get("PATH", ""), now=job.now)
    if trace is not None:
        from provisioning.commands import tracing  # noqa: PLC0415 few follow one

        return tracing.trace(job, patient, checked(trace), within_s=wait)
    wanted = examining.chosen(checks.of(patient), names or ())
    if listed:
        return _list(job, wanted)
    started, found = job.monotonic(), []
    for finding in examining.examined(wanted, patient, monotonic=job.monotonic):
        _say(job, finding)
        found.append(finding)
    seconds = job.monotonic() - started
    _sum_up(job, found, seconds)
    result = {"findings": [one.fact() for one in found], "seconds": round(seconds, 3)}
    if report is not None and not job.dry_run:
        from provisioning.doctor import reporting  # noqa: PLC0415 few want one

        reporting.write(report, patient, result)
        job.ok(_("Report, without secrets: {file}").format(file=report))
        result["report"] = str(report)
    failed = any(one.state is State.FAIL for one in found)
    return Outcome(
        code="fault" if failed else job.done_code,
        exit=Exit.FAULT if failed else Exit.DONE,
        result=result,
    )


def _list(job: Job, wanted: tuple[Check, ...]) -> Outcome:
    job.terminal.table(
        (_("Check"), _("What is looked at")), [(one.id, _(one.title)) for one in wanted]
    )
    return Outcome(result={"checks": [{"id": one.id, "title": one.title} for one in wanted]})


def _say(job: Job, finding: Finding) -> None:
    sign, trouble, words = Sign[finding.state.name], finding.seen.trouble, finding.seen.words
    if trouble is not None:
        _say_trouble(job, sign, trouble)
    elif words is not None and finding.state is State.SKIP:
        job.step(sign, f"{finding.id}: {words.said()}")
    elif words is not None:
        job.step(sign, words.said())


def _say_trouble(job: Job, sign: Sign, trouble: Trouble) -> None:
    what, safe, fix = trouble.lines()
    job.step(sign, what, code=trouble.known.code)
    job.terminal.more(safe)
    job.terminal.more(COMMAND.sub("", fix).strip())
    for line in COMMAND.findall(fix):
        job.terminal.more(f"  {line}", whole=True)


def _sum_up(job: Job, found: list[Finding], seconds: float) -> None:
    count = {state: sum(one.state is state for one in found) for state in State}
    made = plural("{count} check in {seconds} s", "{count} checks in {seconds} s", len(found))
    job.say(made.format(count=len(found), seconds=round(seconds)))
    job.say(
        _("{ok} ok · {warned} to look at · {failed} failed · {skipped} skipped").format(
            ok=count[State.OK],
            warned=count[State.WARN],
            failed=count[State.FAIL],
            skipped=count[State.SKIP],
        )
    )
    if count[State.FAIL]:
        job.say(_("Stuck? Read the E- codes to your operator."))
