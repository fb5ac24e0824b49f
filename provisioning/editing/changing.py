"""What a person asks to be changed, step by step, in the draft."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from contract.discovery import Found
from contract.settings import AgentSettings
from provisioning.editing import document
from provisioning.editing.draft import Draft
from provisioning.errors import Trouble
from provisioning.hiding import hidden_names, without_values
from provisioning.job import Job
from provisioning.joining import matching
from provisioning.joining.agent_program import AgentProgram
from provisioning.joining.devices import say_trouble, target_of
from provisioning.joining.matching import Place
from provisioning.language import _
from provisioning.terminal import Sign

NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """As said on the line."""

    values: tuple[str, ...] = ()  # KEY=VALUE
    unset: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()  # assets
    lines: tuple[str, ...] = ()  # ports and networks to search
    assets: Mapping[str, str] = field(default_factory=dict)  # by where they are
    searching: tuple[str, ...] = ()  # further options of nadi-agent discover

    @property
    def any(self) -> bool:
        """Whether anything was said at all."""
        return bool(self.values or self.unset or self.remove or self.lines)


def apply(job: Job, agent: AgentProgram, draft: Draft, changes: Changes) -> None:
    """Each in turn; raises Trouble or SettingsError, and then nothing is in force."""
    for asset in changes.remove:
        draft.write(document.without_device(draft.text, document.device_of(draft.text, asset)))
    for key in changes.unset:
        draft.write(document.without_key(draft.text, document.steps_of(draft.text, key)))
    for word in changes.values:
        _set(job, draft, word)
    for name in changes.lines:
        _add(job, agent, draft, name, changes)


def _set(job: Job, draft: Draft, word: str) -> None:
    key, sign, value = word.partition("=")
    if not sign or not key:
        raise Trouble("E-USAGE-04", option="--set", command="nadi gateway edit")
    steps = document.steps_of(draft.text, key.strip())
    if steps[-1] in hidden_names(AgentSettings):
        value = json.dumps(job.secret(value, key, flag=f"--set {key}="))
    elif without_values(value, AgentSettings) != value:  # one inside an inline table
        raise Trouble("E-USAGE-07", option="--set", write="--set KEY=")
    draft.write(document.with_value(draft.text, steps, value))


def _add(job: Job, agent: AgentProgram, draft: Draft, name: str, changes: Changes) -> None:
    """What is new on one line or network gets its asset, named on the line or by the person."""
    target = target_of(name)
    job.say(_("Searching {name} …").format(name=target.name))
    report = agent.discover(target, draft.file, changes.searching)
    say_trouble(job, report)
    places = [
        Place(target=target.name, where=matching.where(found), found=found)
        for found in report.found
        if found.driver and not found.asset
    ]
    said = _of_target(changes, target.name, places)
    names = {}
    for place in places:
        number = said.get(place.where) or _asked(job, place, many=len(changes.lines) > 1)
        if number == NONE:
            _say(job, Sign.SKIP, place, _("{line}, {where}: {what} is left out"))
            continue
        names[place.where] = number
        _say(job, Sign.OK, place, _("{line}, {where}: {what} is {asset}"), asset=number)
    if names:
        agent.write(report, names, draft.file, changes.searching)


def _of_target(changes: Changes, target: str, places: Sequence[Place]) -> dict[str, str]:
    """Which of the named places are on this line; with one line only, each must be there."""
    given = changes.assets
    if len(changes.lines) == 1:
        return {matching.at(name, places).where: number for name, number in given.items()}
    mine = {name.removeprefix(f"{target}:"): number for name, number in given.items()}
    return {where: number for where, number in mine.items() if where in {p.where for p in places}}


def _asked(job: Job, place: Place, *, many: bool) -> str:
    question = _("{line}, {where}: {what}. Its asset").format(
        line=place.target, where=place.where, what=place.found.what
    )
    where = f"{place.target}:{place.where}" if many else place.where
    before = len(job.answers)
    answer = job.ask(None, question, flag="--asset", default=NONE)
    if len(job.answers) > before:
        del job.answers[before:]
        if answer != NONE:
            job.answers.extend(["--asset", f"{where}={answer}"])
    return answer


def _say(job: Job, sign: Sign, place: Place, text: str, *, asset: str = "") -> None:
    found: Found = place.found
    words = text.format(line=place.target, where=place.where, what=found.what, asset=asset)
    job.step(sign, words)
