"""What to send next: events, then live readings, then backlog, inside one bounded window.

A state machine without I/O: it is told what happened and when, and answers with orders.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

from agent.outbox.ledger import EpochLedger, Ledger
from contract.identity import Epoch, Lane
from contract.ranges import RangeSet
from contract.settings import UplinkSettings

FRESH_S = 30.0
RECEIPT_GRACE_S = 1.0
# Two bridges share the batches, and one may be so much behind the other without having lost any.
OVERTAKEN_S = 5.0
BackoffJitter = Callable[[], float]


@dataclass(frozen=True, slots=True, order=True)
class Name:
    """A batch of this gateway."""

    epoch: Epoch
    n: int


@dataclass(frozen=True, slots=True)
class Order:
    """Send this batch on this lane now."""

    name: Name
    lane: Lane


@dataclass(frozen=True, slots=True)
class Flight:
    """A batch sent and not receipted; `acknowledged` once the broker has its last copy.

    `overtaken` once the city has closed what was sent after the last copy; `overtakings` counts.
    """

    lane: Lane
    sent_s: float
    turn: int
    attempts: int = 1
    acknowledged: bool = False
    overtaken: bool = False
    overtakings: int = 0

    @property
    def is_backlog(self) -> bool:
        """Backlog and what is fresh are two lines in the bridge; neither overtakes itself."""
        return self.lane is Lane.BACKLOG


class Uplink:
    """The sending side of one gateway; all times are seconds of one clock that never steps."""

    def __init__(self, ledger: Ledger, settings: UplinkSettings, *, jitter: BackoffJitter) -> None:
        self._ledger = ledger
        self._settings = settings
        self._jitter = jitter
        self._flights: dict[Name, Flight] = {}
        self._turns = 0
        self._fresh: dict[Name, float] = {}
        self._up = False
        self._not_before_s = 0.0
        self._backlog_from_s = 0.0
        self._refusals = 0
        self._budget = 0.0
        self._budget_s = 0.0

    @property
    def in_flight(self) -> int:
        """Batches sent and not yet receipted."""
        return len(self._flights)

    def flight(self, name: Name) -> Flight | None:
        """The copy of this batch that is on its way, if there is one."""
        return self._flights.get(name)

    def link_up(self, now_s: float) -> None:
        """A new connection: whatever flew on the old one counts as never sent."""
        self._up = True
        self._flights.clear()
        self._backlog_from_s = now_s + RECEIPT_GRACE_S
        self._budget, self._budget_s = 0.0, now_s

    def link_down(self) -> None:
        """The connection is gone, and with it every copy in flight."""
        self._up = False
        self._flights.clear()

    def sealed(self, name: Name, now_s: float) -> None:
        """A batch has just become durable here; while fresh it goes before the backlog."""
        self._fresh[name] = now_s

    def receipted(self, now_s: float) -> None:
        """The ledger has believed a receipt: what it closed flies no more, and somebody listens."""
        self._refusals, self._not_before_s = 0, now_s
        opened = {ledger.epoch: ledger.open for ledger in self._ledger.epochs}
        newest = self._newest_closed()
        self._flights = {
            name: _judged(flight, newest[flight.is_backlog])
            for name, flight in self._flights.items()
            if name.epoch in opened and name.n in opened[name.epoch]
        }
        self._backlog_from_s = min(self._backlog_from_s, now_s)

    def _newest_closed(self) -> dict[bool, int]:
        """The last turn, of backlog and of the rest, of which a batch is closed: a lagging bridge
        loses without a word what its broker has no room for, and takes what was sent later.

        Which copy of several was closed, nobody knows.
        """
        closed = {ledger.epoch: ledger.settled | ledger.rejected for ledger in self._ledger.epochs}
        newest = {False: 0, True: 0}
        for name, flight in self._flights.items():
            if flight.attempts == 1 and name.n in closed.get(name.epoch, ()):
                newest[flight.is_backlog] = max(newest[flight.is_backlog], flight.turn)
        return newest

    def acknowledged(self, name: Name) -> None:
        """PUBACK: the broker has the bytes, which proves nothing and only times the next copy."""
        self._refusals = 0
        if flight := self._flights.get(name):
            self._flights[name] = replace(flight, acknowledged=True)

    def refused(self, name: Name, now_s: float) -> None:
        """The broker did not take it, or nobody listens: keep it, and wait longer each time.

        What was under way beside it is refused for the same reason and lengthens nothing.
        """
        self._flights.pop(name, None)
        if now_s < self._not_before_s:
            return
        self._refusals += 1
        delay_s = backoff_s(self._refusals, self._settings) * self._jitter()
        self._not_before_s = now_s + delay_s

    def missing(self, name: Name) -> None:
        """The batch left the card before it could be sent."""
        self._flights.pop(name, None)

    def plan(self, now_s: float) -> list[Order]:
        """What to send now, most urgent first; every order counts as sent."""
        self._forget_stale(now_s)
        if not self._up or now_s < self._not_before_s:
            return []
        orders = [*self._resends(now_s), *self._first_sends(now_s)]
        for order in orders:
            self._launch(order, now_s)
        return orders

    def _forget_stale(self, now_s: float) -> None:
        self._fresh = {
            name: sealed_s for name, sealed_s in self._fresh.items() if now_s - sealed_s < FRESH_S
        }

    def _resends(self, now_s: float) -> list[Order]:
        """Copies whose receipt is overdue; never while the last copy may still be under way."""
        return [
            Order(name, flight.lane)
            for name, flight in sorted(self._flights.items())
            if flight.acknowledged and now_s >= self._due_s(flight)
        ]

    def _due_s(self, flight: Flight) -> float:
        patience_s = self._settings.resend_after_s * 2.0 ** min(flight.attempts - 1, 16)
        if flight.overtaken:
            patience_s = min(patience_s, OVERTAKEN_S * 2.0 ** min(flight.overtakings - 1, 16))
        return flight.sent_s + min(patience_s, self._settings.resend_max_s)

    def _first_sends(self, now_s: float) -> Iterator[Order]:
        room = self._settings.window_batches + self._settings.reserve_batches
        room -= len(self._flights)
        for order in self._urgent():
            if room <= 0:
                return
            room -= 1
            yield order
        yield from self._backlog(now_s, room - self._settings.reserve_batches)

    def _urgent(self) -> Iterator[Order]:
        for ledger in self._ledger.epochs:
            waiting = (ledger.open & ledger.events) - self._flying(ledger)
            yield from (Order(Name(ledger.epoch, n), Lane.EVENT) for n in waiting)
        current = self._ledger.current
        waiting = (current.open - current.events) - self._flying(current)
        for name in sorted(self._fresh):
            if name.epoch == current.epoch and name.n in waiting:
                yield Order(name, Lane.LIVE)

    def _flying(self, ledger: EpochLedger) -> RangeSet:
        return RangeSet.of(name.n for name in self._flights if name.epoch == ledger.epoch)

    def _backlog(self, now_s: float, room: int) -> Iterator[Order]:
        if now_s < self._backlog_from_s or not self._has_budget(now_s):
            return
        for ledger in self._ledger.epochs:
            waiting = ledger.open - ledger.events - self._flying(ledger)
            for n in waiting:
                name = Name(ledger.epoch, n)
                if name in self._fresh:
                    continue
                if room <= 0:
                    return
                room -= 1
                yield Order(name, Lane.BACKLOG)

    def _has_budget(self, now_s: float) -> bool:
        rate = self._settings.backlog_bytes_s
        if rate is None:
            return True
        self._budget = min(self._budget + (now_s - self._budget_s) * rate, float(rate))
        self._budget_s = now_s
        return self._budget > 0

    def spent(self, lane: Lane, size: int) -> None:
        """Charge the backlog's budget with the bytes of one batch."""
        if lane is Lane.BACKLOG and self._settings.backlog_bytes_s is not None:
            self._budget -= size

    def _launch(self, order: Order, now_s: float) -> None:
        self._turns += 1
        flight = Flight(order.lane, now_s, self._turns)
        if before := self._flights.get(order.name):
            flight = replace(flight, attempts=before.attempts + 1, overtakings=before.overtakings)
        self._flights[order.name] = flight

    def wake_s(self, now_s: float) -> float | None:
        """When to plan again if nothing happens before; None while there is nothing to wait for."""
        if not self._up:
            return None
        if now_s < self._not_before_s:
            return self._not_before_s
        due = [self._due_s(flight) for flight in self._flights.values() if flight.acknowledged]
        if now_s < self._backlog_from_s:
            due.append(self._backlog_from_s)
        if self._budget < 0 and (rate := self._settings.backlog_bytes_s):
            due.append(now_s - self._budget / rate + 0.01)
        due += [sealed_s + FRESH_S for sealed_s in self._fresh.values()]
        return min(due, default=None)


def by_epoch(orders: Iterable[Order]) -> dict[Epoch, list[int]]:
    """The numbers asked for, an epoch's together: the card is read once for each epoch."""
    wanted: dict[Epoch, list[int]] = defaultdict(list)
    for order in orders:
        wanted[order.name.epoch].append(order.name.n)
    return wanted


def _judged(flight: Flight, newest: int) -> Flight:
    if flight.overtaken or flight.turn > newest:
        return flight
    return replace(flight, overtaken=True, overtakings=flight.overtakings + 1)


def backoff_s(attempt: int, settings: UplinkSettings) -> float:
    """Doubles from `reconnect_min_s` to `reconnect_max_s`."""
    doubled = settings.reconnect_min_s * 2.0 ** min(attempt - 1, 16)
    return float(min(doubled, settings.reconnect_max_s))
