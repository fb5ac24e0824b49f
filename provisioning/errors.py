"""What can go wrong for a technician: each has a stable code, and says whether data is safe.

NadiError
└── Trouble     one of the known errors (`provisioning/known/`), with the values of this time
"""

from collections.abc import Mapping
from dataclasses import dataclass

from contract.errors import NadiError
from provisioning.language import Marked, _
from provisioning.outcome import Exit, Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """One error: what happened, whether data is safe, and one thing to do; in English."""

    code: str
    exit: Exit
    what: str
    safe: str
    fix: str
    pending: tuple[str, ...] = ()  # what is still to happen, in words for programs


class Trouble(NadiError):
    """A known error that happened now; one of its values may be the error that caused it."""

    def __init__(self, code: str, **values: "str | int | Trouble") -> None:
        from provisioning.known import BY_CODE  # noqa: PLC0415 its tables need Known

        self.known = BY_CODE[code]
        self.values = values
        super().__init__(self.known.what.format(**values), hint=self._fix(self.known.fix, values))

    def lines(self) -> tuple[str, str, str]:
        """What happened, whether data is safe, what to do: in the language in use."""
        known = self.known
        values = {name: _told(value) for name, value in self.values.items()}
        what, safe = (_(text).format(**values) for text in (known.what, known.safe))
        return what, safe, self._fix(_(known.fix), values)

    @staticmethod
    def _fix(words: str, values: Mapping[str, object]) -> str:
        """What settings or the agent say at its end has no full stop of its own."""
        fix = words.format(**values)
        ends = words.endswith(("{hint}", "{fix}")) and not fix.endswith((".", "?", "…"))
        return f"{fix}." if ends else fix

    def outcome(self) -> Outcome:
        """The same for programs, in English."""
        return Outcome(
            code=self.known.code,
            exit=self.known.exit,
            pending=self.known.pending,
            error={
                "what": str(self),
                "safe": self.known.safe.format(**self.values),
                "fix": self.hint,
            },
        )


def _told(value: str | int | Trouble) -> str | int:
    """In the language in use, if it is ours to say."""
    if isinstance(value, Trouble):
        return value.lines()[0]
    return _(value) if isinstance(value, Marked) else value
