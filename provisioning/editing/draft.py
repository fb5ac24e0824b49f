"""Settings that nothing reads yet: they are judged by the agent itself before they are in force."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from contract.check_report import Finding
from contract.document import load_document
from contract.settings import AgentSettings
from provisioning import files
from provisioning.errors import Trouble
from provisioning.files import NewFile
from provisioning.joining.agent_program import LOOK, AgentProgram

BROKER = "broker"  # the one thing that a gateway can do without
PREVIOUS = ".previous"


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """`file` is a copy in a folder that only its owner can read."""

    target: Path
    file: Path
    before: str

    @property
    def previous(self) -> Path:
        """What was in force before the last change."""
        return self.target.with_name(self.target.name + PREVIOUS)

    @property
    def text(self) -> str:
        """As it is now."""
        return self.file.read_text(encoding="utf-8")

    def write(self, text: str) -> None:
        """Another text."""
        files.write(NewFile(path=self.file, data=text.encode(), mode=files.PRIVATE))

    def settings(self) -> AgentSettings:
        """What it says; raises SettingsError with the line."""
        return load_document(AgentSettings, self.text, name=self.target.name)

    def take_effect(self) -> None:
        """In force, and what was in force beside it; raises Trouble if somebody changed it."""
        if _text_of(self.target) != self.before:
            raise Trouble("E-ENROL-06", file=str(self.target))
        for path, text in ((self.previous, self.before), (self.target, self.text)):
            files.write(NewFile(path=path, data=text.encode(), like=self.target))


def begin(target: Path, folder: Path) -> Draft:
    """A copy of the settings in force, in that folder; raises Trouble if there are none."""
    target = target.resolve()
    draft = Draft(target=target, file=folder / target.name, before=_text_of(target))
    draft.write(draft.before)
    return draft


def previous_of(draft: Draft) -> str:
    """What the last change replaced; raises Trouble if nothing was changed yet."""
    try:
        return draft.previous.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise Trouble("E-EDIT-04", file=str(draft.target)) from None


def check(agent: AgentProgram, draft: Draft) -> list[Finding]:
    """What is wrong and was wrong before; raises Trouble for anything that this change brought."""
    bad = _bad(agent.check(draft.file))
    if not bad:
        return []
    known = _known(agent, draft)
    for one in bad:
        if (one.id, one.found) not in known:
            fix = one.next_action or LOOK
            raise Trouble("E-ENROL-02", what=one.found, fix=fix)
    return bad


def _known(agent: AgentProgram, draft: Draft) -> set[tuple[str, str]]:
    """What was wrong before; of settings that cannot be read, nothing is known."""
    try:
        return {(one.id, one.found) for one in _bad(agent.check(draft.target))}
    except Trouble:
        return set()


def _bad(findings: Iterable[Finding]) -> list[Finding]:
    return [one for one in findings if not one.ok and one.id != BROKER]


def _text_of(file: Path) -> str:
    try:
        return file.read_bytes().decode()
    except FileNotFoundError:
        raise Trouble("E-DOCTOR-03", file=str(file)) from None
    except UnicodeError:
        raise Trouble("E-EDIT-05", file=str(file)) from None
