"""How each gateway is, judged from the last word of it, the worst first."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from contract.messages import GatewayState, Status
from provisioning.inventory.book import Entry
from provisioning.language import mark
from provisioning.terminal import Sign

SILENT_AFTER = timedelta(minutes=10)  # a gateway says how it is every half minute
BUFFERS_AFTER = timedelta(minutes=2)  # a round is with the city in seconds
LEAST_ROOM_DAYS = 2.0
DAY = timedelta(days=1)


class State(Enum):
    """What a gateway does now, as far as the city knows; the worst first."""

    SILENT = mark("silent")
    BUFFERING = mark("buffering")
    UNHEARD = mark("never heard")
    ONLINE = mark("online")
    DRAINED = mark("drained")
    RETIRED = mark("retired")


ORDER = tuple(State)


@dataclass(frozen=True, slots=True, kw_only=True)
class Gateway:
    """One gateway now; ages are of the moment it is judged at, None where nothing is known."""

    name: str
    state: State
    said: GatewayState | None = None
    entry: Entry | None = None  # of the inventory, where it is here
    heard_ago: timedelta | None = None
    oldest: timedelta | None = None  # of what waits
    room_days: float | None = None

    @property
    def faults(self) -> list[str]:
        """What a technician should look at."""
        return self.said.status.faults if self.said else []

    @property
    def is_full_soon(self) -> bool:
        """Whether readings will have to be given up soon."""
        lonely = self.state in (State.SILENT, State.BUFFERING)
        return lonely and self.room_days is not None and self.room_days < LEAST_ROOM_DAYS

    @property
    def sign(self) -> Sign:
        """At a glance."""
        if self.state is State.SILENT or self.is_full_soon:
            return Sign.FAIL
        if self.state is State.BUFFERING:
            return Sign.WAIT
        if self.state is State.UNHEARD or self.faults:
            return Sign.WARN
        return Sign.OK


def judged(name: str, said: GatewayState | None, entry: Entry | None, now: datetime) -> Gateway:
    """From its last word; a silent one goes on reading, so its room shrinks meanwhile.

    A retired one is told as what it is, unless it goes on talking.
    """
    if entry and entry.retired and (said is None or said.status.state != "online"):
        return Gateway(name=name, state=State.RETIRED, said=said, entry=entry)
    if said is None:
        return Gateway(name=name, state=State.UNHEARD, entry=entry)
    ago = max(now - datetime.fromisoformat(said.heard_at), timedelta())
    state = _state(said.status, ago)
    room = said.status.runway_days
    if room is not None and state is State.SILENT:
        room = max(room - ago / DAY, 0.0)
    return Gateway(
        name=name,
        state=state,
        said=said,
        entry=entry,
        heard_ago=ago,
        oldest=_oldest(said.status, state, ago),
        room_days=room,
    )


def in_order(gateways: Iterable[Gateway]) -> list[Gateway]:
    """The worst first; of equals the one whose readings wait longest, then by name."""
    return sorted(
        gateways,
        key=lambda one: (
            ORDER.index(one.state),
            not one.is_full_soon,
            -(one.oldest or timedelta()),
            one.sign is Sign.OK,
            one.name,
        ),
    )


def _state(status: Status, ago: timedelta) -> State:
    if status.state == "offline":
        return State.SILENT
    waits = status.backlog is not None and status.backlog.batches > 0
    if status.state == "stopped":
        return State.BUFFERING if waits else State.DRAINED
    if ago > SILENT_AFTER:
        return State.SILENT
    return State.BUFFERING if waits and _age(status) > BUFFERS_AFTER else State.ONLINE


def _oldest(status: Status, state: State, ago: timedelta) -> timedelta | None:
    """A gateway that cannot be heard keeps what it reads since."""
    if state is State.SILENT:
        return ago + _age(status)
    if state is State.BUFFERING:
        return _age(status) + ago
    return None


def _age(status: Status) -> timedelta:
    return timedelta(milliseconds=status.backlog.oldest_age_ms if status.backlog else 0)
