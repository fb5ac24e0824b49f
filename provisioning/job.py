"""What one run of a command works with: who can be asked, what time it is, what may change."""

import os
import pwd
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from provisioning import prompts
from provisioning.outcome import DONE, PLANNED
from provisioning.switches import Switches
from provisioning.terminal import Sign, Terminal

AUTHORITY = Path("/var/lib/nadi-authority")


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One run; commands take it from their context."""

    terminal: Terminal
    switches: Switches
    environ: Mapping[str, str]
    now: Callable[[], datetime]
    monotonic: Callable[[], float]
    answers: list[str] = field(default_factory=list)  # as the line would have said them

    @property
    def dry_run(self) -> bool:
        """Whether everything is checked and nothing changed."""
        return self.switches.dry_run

    @property
    def done_code(self) -> str:
        """`done`, or `planned` where nothing may change."""
        return PLANNED if self.dry_run else DONE

    def say(self, text: str) -> None:
        """One sentence to the person."""
        self.terminal.say(text)

    def ok(self, text: str) -> None:
        """One line of the report that turned out well."""
        self.terminal.step(Sign.OK, text)

    def step(self, sign: Sign, text: str, *, code: str = "") -> None:
        """One line of the report."""
        self.terminal.step(sign, text, code=code)

    def ask(
        self, given: str | None, question: str, *, flag: str, default: str | None = None
    ) -> str:
        """What was given on the line, or the person's answer."""
        if given is not None:
            return given
        answer = prompts.ask(self.terminal, question, flag=flag, default=default)
        self.answers.extend([flag, answer] if flag.startswith("-") else [answer])
        return answer

    def ask_all(self, given: Sequence[str] | None, question: str, *, flag: str) -> list[str]:
        """The same for what may be given several times; an answer is split at its spaces."""
        if given:
            return list(given)
        answers = prompts.ask(self.terminal, question, flag=flag).split()
        for answer in answers:
            self.answers.extend([flag, answer] if flag.startswith("-") else [answer])
        return answers

    def confirm(self, question: str, *, yes: bool, no: str = "E-CANCEL-01") -> None:
        """Returns if `--yes` was given or the person agrees; otherwise raises the Trouble `no`."""
        if not yes and not self.dry_run:
            prompts.confirm(self.terminal, question, no=no)
            self._said_yes()

    def agree(self, question: str, *, yes: bool) -> None:
        """The same where an empty answer is a yes: nothing depends on it that cannot be undone."""
        if not yes and not self.dry_run:
            prompts.confirm(self.terminal, question, empty_is_yes=True)
            self._said_yes()

    def _said_yes(self) -> None:
        if "--yes" not in self.answers:
            self.answers.append("--yes")

    def equivalent(self) -> str | None:
        """The line that does the same without a question; None if nothing was asked.

        A secret is not in it: it is asked again, or given with its flag.
        """
        if not self.answers or not self.terminal.interactive:
            return None
        return shlex.join(["nadi", *self.switches.rest, *self.answers])

    def typed_name(self, name: str, *, confirmed: str | None) -> None:
        """Returns once exactly `name` was written; in a dry run too, so that both judge alike."""
        prompts.typed_name(self.terminal, name, confirmed=confirmed)

    def secret(self, given: str | None, question: str, *, flag: str, new: bool = False) -> str:
        """A secret from `file:PATH`, `-` or a hidden question; a new one is asked twice."""
        return prompts.secret(self.terminal, given, question, flag=flag, new=new)

    @property
    def who(self) -> str:
        """Who is at the keyboard, also behind sudo; for the record."""
        try:
            return self.environ.get("SUDO_USER") or pwd.getpwuid(os.getuid()).pw_name
        except KeyError:
            return str(os.getuid())

    def folder(self, given: Path | None) -> Path:
        """Where the authority is: given, NADI_AUTHORITY, or the usual place."""
        return given or Path(self.environ.get("NADI_AUTHORITY") or AUTHORITY)
