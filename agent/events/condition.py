"""A fault begins when it was there for so long, and ends when it was gone for so long."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """How long a fault must be there before it begins, and gone before it ends."""

    begin_ms: int
    end_ms: int


class Condition:
    """One fault of one asset; pure, on the boot clock."""

    def __init__(self, hold: Hold, *, active: bool = False) -> None:
        self.active = active
        self._hold = hold
        self._since_ms: int | None = None

    @property
    def pending(self) -> bool:
        """Whether it is about to begin."""
        return not self.active and self._since_ms is not None

    def see(self, present: bool | None, at_ms: int) -> bool:
        """Whether this made it begin or end; None is not knowing, and starts the wait anew."""
        if present is None or present == self.active:
            self._since_ms = None
            return False
        if self._since_ms is None:
            self._since_ms = at_ms
        needed_ms = self._hold.end_ms if self.active else self._hold.begin_ms
        if at_ms - self._since_ms < needed_ms:
            return False
        self.active, self._since_ms = present, None
        return True

    def wait_anew(self) -> None:
        """Nothing was seen for so long that what was about to change is not known any more."""
        self._since_ms = None

    def end(self) -> None:
        """Over, at once: something else explains it."""
        self.active, self._since_ms = False, None


def above(value: float, begin: float, end: float) -> bool | None:
    """True over `begin`, False under the lower `end`; between them nothing changes."""
    if value > begin:
        return True
    return False if value < end else None


def below(value: float, begin: float, end: float) -> bool | None:
    """True under `begin`, False over the higher `end`; between them nothing changes."""
    if value < begin:
        return True
    return False if value > end else None
