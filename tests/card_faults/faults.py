"""Which calls to the card fail, and how; every call is counted, whoever makes it."""

import errno
from dataclasses import dataclass
from typing import Literal

Kind = Literal["read", "write", "create", "remove", "flush", "look"]
When = Literal["once", "from then on", "now and then"]
WHENS: tuple[When, ...] = ("once", "from then on", "now and then")
# Which calls an error can come from.
OF_ERROR: dict[int, frozenset[Kind]] = {
    errno.EIO: frozenset({"read", "write", "create", "remove", "flush", "look"}),
    errno.ENOSPC: frozenset({"write", "create", "flush"}),
    errno.EROFS: frozenset({"write", "create", "remove"}),
    errno.EFBIG: frozenset({"write"}),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """From the call number `at` on, counted from 0, of those that can fail so."""

    error: int
    when: When
    at: int

    def hits(self, number: int) -> bool:
        """Whether that call fails."""
        match self.when:
            case "once":
                return number == self.at
            case "from then on":
                return number >= self.at
            case "now and then":
                return number >= self.at and (number - self.at) % 3 != 1


class Faults:
    """The card's state of health; without a fault every call succeeds."""

    def __init__(self) -> None:
        self._fault: Fault | None = None
        self.calls = 0
        self.failed = 0

    def begin(self, fault: Fault) -> None:
        """Count from here."""
        self._fault, self.calls, self.failed = fault, 0, 0

    def end(self) -> None:
        """The card is well again."""
        self._fault = None

    def meet(self, kind: Kind) -> int:
        """One more call of this kind; the error it ends with, or 0."""
        fault = self._fault
        if fault is None or kind not in OF_ERROR[fault.error]:
            return 0
        number, self.calls = self.calls, self.calls + 1
        if not fault.hits(number):
            return 0
        self.failed += 1
        return fault.error
