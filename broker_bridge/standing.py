"""What the bridges say of themselves, and how large the store is and was."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

DAY_MS = 86_400_000
FORGOTTEN_MS = 30 * DAY_MS  # after so long a bridge that is gone is forgotten
ALIVE_MS = 60_000  # four signs of life
GATEWAY_STATES = ("online", "stopped", "offline", "unheard")
KEPT_MS = 400 * DAY_MS  # of the store's sizes


@dataclass(frozen=True, slots=True, kw_only=True)
class BridgeSign:
    """What a bridge says of itself now; its name is its certificate's."""

    name: str
    host: str
    program: str
    connected: bool  # to the broker
    began: bool = False  # the first of its life
    stopped: bool = False  # the last one, in good order


@dataclass(frozen=True, slots=True, kw_only=True)
class BridgeSeen:
    """What a bridge last said of itself, and when, by the database's clock."""

    name: str
    host: str
    program: str
    connected: bool
    stopped: bool
    began_ms: int
    heard_ms: int

    @classmethod
    def of_row(cls, row: tuple[str, str, str, bool | int, bool | int, int, int]) -> Self:
        """From a row in the order of the fields, of either store."""
        name, host, program, connected, stopped, began_ms, heard_ms = row
        return cls(
            name=name, host=host, program=program, connected=bool(connected),
            stopped=bool(stopped), began_ms=began_ms, heard_ms=heard_ms,
        )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreSize:
    """How many bytes readings, ledger and all else took at one time."""

    measured_ms: int
    bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How the centre stands, by the database's clock; sizes are the oldest first."""

    now_ms: int
    bytes: int
    reusable_bytes: int  # of the store's own file, before it grows again
    sizes: tuple[StoreSize, ...]
    bridges: tuple[BridgeSeen, ...]

    @property
    def alive(self) -> list[BridgeSeen]:
        """Those that were heard within ALIVE_MS and did not say that they end."""
        return [
            one
            for one in self.bridges
            if not one.stopped and self.now_ms - one.heard_ms <= ALIVE_MS
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Census:
    """How many there are, whatever they are called; retired gateways are not counted."""

    gateways: Mapping[str, int] = field(default_factory=dict)  # by GATEWAY_STATES
    quarantine_messages: int = 0
    quarantine_bytes: int = 0
    store_bytes: int = 0
    bridges_alive: int = 0
