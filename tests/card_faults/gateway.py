"""One agent's sealing on a card that fails: what it was fed, what it told, what is on the card."""

import shutil
from collections import Counter
from pathlib import Path

from agent.clock import FakeClock
from agent.errors import OutboxDamaged
from agent.outbox.opening import open_outbox
from agent.outbox.outbox import Outbox
from agent.round import Round
from agent.sealer import Sealer
from agent.uplink import Name
from contract.event_types import EventType
from contract.identity import AssetId, BootId, Epoch, GatewayId, Kind
from contract.messages import EpochReceipt, Receipt
from contract.readings import Event, Phase, Reading
from scripts.district.sealed import read_outbox
from tests.campaigns.seeds import Violation
from tests.simulation.disk import copy_database
from tests.simulation.loopless import at_once, run

GATEWAY, BOOT = GatewayId("bb-0001"), BootId("b" * 16)
LAMP = AssetId("PJU-0001")
RING, ROUND = 12, 5  # readings
PLENTY = 1 << 30


class Gateway:
    """Lives on through starts; whatever it was fed must be on the card in the end, or counted."""

    def __init__(self, path: Path, *, budget_bytes: int = PLENTY) -> None:
        self.path = path
        self.fed: list[float] = []
        self.events = 0
        self.told: list[Name] = []
        self._budget_bytes = budget_bytes
        self._starts = 0
        self._version = 0

    def moved_to(self, path: Path) -> "Gateway":
        """The same history on a copy of the card."""
        other = Gateway(path, budget_bytes=self._budget_bytes)
        other.fed, other.events, other.told = [*self.fed], self.events, [*self.told]
        other._starts, other._version = self._starts, self._version
        return other

    def start(self) -> None:
        """As an agent starts; raises OutboxFailed if the card will not let it."""
        self._starts += 1
        self.file, contents = open_outbox(
            self.path, gateway=GATEWAY, epoch=Epoch(f"{self._starts:016x}"), boot=BOOT
        )
        self.outbox = Outbox(
            self.file, contents, gateway=GATEWAY, budget_bytes=self._budget_bytes,
            reserve_bytes=0, in_thread=at_once,
        )  # fmt: skip
        self._round = Round(limit=RING)
        self.sealer = Sealer(
            outbox=self.outbox, round_=self._round, clock=FakeClock(), interval_s=10,
            ballast=self.path.with_name("ballast"), open_events=contents.open_events,
            told=self.told.append, restate=lambda: None, learned=dict,
        )  # fmt: skip

    def seal(self, *, event: bool = False) -> None:
        """A round's readings, and an event at times; never raises, whatever the card does."""
        first = len(self.fed)
        for at in range(first, first + ROUND):
            self.fed.append(float(at))
            self._round.add([
                Reading(
                    asset=LAMP, kind=Kind.STREETLIGHT, quantity="voltage", at_ms=at,
                    value=float(at),
                )
            ])  # fmt: skip
        if event:
            self.events += 1
            self.sealer.tell(Event(
                id=f"e-{self.events}", asset=LAMP, kind=Kind.STREETLIGHT,
                type=EventType.DEVICE_UNREACHABLE, phase=Phase.BEGIN, at_ms=first, detail="",
            ))  # fmt: skip
        try:
            run(self.sealer.finish())
        except OutboxDamaged as error:
            raise Violation(f"an error is taken for damage: {error}") from error

    def settle(self, upto: int) -> None:
        """The city has the first `upto` batches of this epoch."""
        self._version += 1
        said = EpochReceipt(
            epoch=self.outbox.ledger.current.epoch, first=1, last=max(upto, 1),
            committed=[(1, upto)], rejected=[],
        )  # fmt: skip
        run(self.outbox.settle(Receipt(gateway=GATEWAY, version=self._version, epochs=[said])))

    def state(self) -> None:
        """All that the uplink and the account ask of the card; raises OutboxFailed."""
        run(self.outbox.holding())
        run(self.outbox.waiting())
        self.file.pace(self.outbox.ledger.current.id, 360)
        for ledger in self.outbox.ledger.epochs:
            self.file.size(ledger.id, (1, max(ledger.sealed, 1)))
            if ledger.held:
                run(self.outbox.batches(ledger.epoch, ledger.held))

    def stop(self) -> None:
        """Give the file back."""
        self.file.close()

    def killed(self, path: Path) -> "Gateway":
        """As the card is this moment, in the slot of a gateway that starts anew."""
        copy_database(self.path, path)
        for part in self.path.parent.glob(f"{self.path.name}.*"):
            shutil.copyfile(part, path.with_name(part.name.replace(self.path.name, path.name)))
        return self.moved_to(path)

    def on_card(self) -> set[tuple[Epoch, int]]:
        """Every batch that it holds; nobody may have the file open."""
        return {(one.epoch, one.n) for one in read_outbox(self.path, GATEWAY).batches}

    def check(self, *, whole: bool) -> None:
        """What it told is there; with `whole`, so is all that it was fed, to the last reading."""
        card = read_outbox(self.path, GATEWAY)
        there = {(one.epoch, one.n) for one in card.batches}
        gone = {(one.epoch, n) for one in card.given_up for n in range(one.first, one.last + 1)}
        if false := {(name.epoch, name.n) for name in self.told} - there - gone:
            raise Violation(f"told and not on the card: {sorted(false)}")
        held = Counter(seen.value for one in card.batches for seen in one.readings)
        if doubled := [value for value, times in held.items() if times > 1]:
            raise Violation(f"sealed twice: {doubled}")
        if invented := set(held) - set(self.fed):
            raise Violation(f"never fed: {invented}")
        readings = len(held) + sum(one.readings for one in card.given_up)
        events = sum(one.events for one in card.batches)
        events += sum(one.events for one in card.given_up)
        if readings > len(self.fed) or events > self.events:
            raise Violation(
                f"{readings} readings, {events} events of {len(self.fed)}, {self.events}"
            )
        if whole and (readings, events) != (len(self.fed), self.events):
            raise Violation(
                f"unexplained: {len(self.fed) - readings} readings, {self.events - events} events"
            )
