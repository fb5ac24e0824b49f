"""One simulated gateway: the production outbox and uplink on a card that can fail at any write."""

import sqlite3
from collections.abc import Callable, Iterable
from contextlib import closing
from pathlib import Path
from random import Random

from agent.clock import Sight
from agent.dating import consider
from agent.errors import OutboxFailed, OutboxFull
from agent.learned import Learned
from agent.outbox.opening import damage_mark, open_outbox
from agent.outbox.outbox import Batch as OutboxBatch
from agent.outbox.outbox import Outbox
from agent.outbox.records import NewBatch
from agent.outbox.schema import EPOCH_SHIFT, number_of
from agent.uplink import Name, Order, Uplink, by_epoch
from broker_bridge.inbound import Arrived
from contract.codec import Header, decode_statement, encode_header, encode_model
from contract.identity import AssetId, BootId, Epoch, GatewayId, Kind
from contract.messages import Receipt, Status
from contract.readings import Event, Phase, Reading
from contract.settings import UplinkSettings
from contract.topics import Topics
from tests.campaigns.seeds import Violation
from tests.simulation.card import Card
from tests.simulation.disk import copy_database, remove_database
from tests.simulation.loopless import at_once, run
from tests.simulation.network import Network, Puback, Upward
from tests.simulation.truth import Batch, Sealed, SealedReading, Truth

SETTINGS = UplinkSettings(
    window_batches=8, reserve_batches=2, resend_after_s=20, resend_max_s=60, reconnect_max_s=10
)
MAX_IN_FLIGHT = SETTINGS.window_batches + SETTINGS.reserve_batches
LAMP = AssetId("PJU-0001")
SPOIL = """
UPDATE batch SET body = zeroblob(9), readings = max(readings + ?, 0), events = max(events + ?, 0)
WHERE id = ?
"""
CURSED = 13.0  # the simulated city's database refuses this value


class SimGateway:
    """Its `act` methods are what can happen to a gateway."""

    def __init__(
        self,
        gateway: GatewayId,
        folder: Path,
        *,
        template: Path,
        network: Network,
        topics: Topics,
        truth: Truth,
        random: Random,
        now_ms: Callable[[], int],
        budget_bytes: int,
    ) -> None:
        self.id = gateway
        self._folder = folder
        self._template = template
        self._network = network
        self._topics = topics
        self._truth = truth
        self._random = random
        self._now_ms = now_ms
        self._budget_bytes = budget_bytes
        pace = 2_000 if random.random() < 0.2 else None
        self._settings = SETTINGS.model_copy(update={"backlog_bytes_s": pace})
        self._cards = 0
        self._image: Path | None = None
        self.card_changes = 0
        self._links = 0
        self._values = 0
        self._pending: tuple[Batch, Sealed] | None = None
        self._open: dict[str, Event] = {}
        self._boot: BootId
        self.knows_time = False
        self._path: Path
        self.card: Card
        self.outbox: Outbox
        self.uplink: Uplink
        self._insert_card()
        self._boot_anew()
        self._start()

    @property
    def linked(self) -> bool:
        """Whether its connection stands."""
        return self.id in self._network.linked

    def restart(self, *, reboot: bool) -> None:
        """The agent was killed; what it had written is on the card, and nothing else."""
        if reboot:
            self._boot_anew()
        before, self._path = self._path, self._next_path()
        copy_database(before, self._path)
        if damage_mark(before).exists():
            damage_mark(self._path).touch()
        self.card.file.close()
        remove_database(before)
        if self._random.random() < 0.5:
            self.card.arrive_late(self._path)
        self._start()

    def replace_card(self) -> None:
        """The old one is destroyed with all that the city had not committed."""
        self._destroy_card()
        self._insert_card()
        self._start()

    def keep_image(self) -> None:
        """Someone copies the card."""
        if self._image:
            remove_database(self._image)
        self._image = self._next_path()
        copy_database(self._path, self._image)

    def put_image_back(self) -> None:
        """The card is destroyed, and what was copied of it earlier takes its place."""
        if self._image:
            self._destroy_card()
            self._path, self._image = self._image, None
            self._start()

    def _destroy_card(self) -> None:
        self.card_changes += 1
        for ledger in self.outbox.ledger.epochs:
            for n in ledger.held | ledger.settled:
                self._truth.excuse((self.id, ledger.epoch, n), "destroyed with its card")
        self.card.file.close()
        remove_database(self._path)

    def spoil(self) -> None:
        """One row on the card rots, its body or what it says of itself too; the agent restarts."""
        self._network.unlink(self.id)
        self.card.file.close()
        with closing(sqlite3.connect(self._path, isolation_level=None)) as database:
            rows = [row for (row,) in database.execute("SELECT id FROM batch")]
            if rows:
                row = self._random.choice(rows)
                more = [self._random.choice((0, 0, -1, 2)) for _ in range(2)]
                database.execute(SPOIL, (*more, row))
                ledger = self.outbox.ledger.by_id(row >> EPOCH_SHIFT)
                name = (self.id, ledger.epoch, number_of(row))
                self._truth.excuse(name, "destroyed with its card")
        damage_mark(self._path).touch()
        self._start()

    def tear(self) -> None:
        """A stretch of the file is zeroes, its end is missing, or all; the agent restarts on it."""
        self._network.unlink(self.id)
        self.card.file.close()
        sealed = self._on_card()
        whole = self._path.read_bytes()
        at = self._random.randrange(len(whole))
        rest = b"" if self._random.random() < 0.5 else b"\0" * 1_500 + whole[at + 1_500 :]
        self._path.write_bytes(whole[:at] + rest if self._random.random() < 0.7 else b"")
        damage_mark(self._path).touch()
        self.card_changes += 1
        self._start()
        for name in sealed - self._on_card():
            self._truth.excuse(name, "destroyed with its card")

    def _on_card(self) -> set[Batch]:
        return {(self.id, it.epoch, n) for it in self.outbox.ledger.epochs for n in it.held}

    def learn_time(self) -> None:
        """A time service answers."""
        self.knows_time = True

    def seal(self, *, event: bool = False, fate: str = "") -> None:
        """One round; after a failure the same bytes are tried again before any others."""
        self.card.fate = fate
        self._date()
        try:
            if self.outbox.drafted:
                self._sealed(run(self.outbox.retry()))
            readings, events = self._round(event=event)
            self._expect(readings, events)
            open_events = tuple(self._open.values()) if events else None
            learned = self._learned() if events else None
            seal = self.outbox.seal(readings, events, open_events=open_events, learned=learned)
            self._sealed(run(seal))
        except OutboxFailed as error:
            if isinstance(error, OutboxFull):
                self.outbox.make_room()

    def _learned(self) -> dict[AssetId, Learned]:
        """Something that follows from the open events, so that the card must hold both or none."""
        return {LAMP: Learned(level=0.5, nights=(float(len(self._open)),))}

    def _round(self, *, event: bool) -> tuple[list[Reading], list[Event]]:
        at_ms = self._boot_ms()
        count = 0 if event else self._random.randint(1, 4)
        readings = [
            Reading(
                asset=AssetId(f"PJU-{self.id[-1]}{self._random.randint(1, 3)}"),
                kind=Kind.STREETLIGHT, quantity="voltage", at_ms=at_ms + at,
                value=self._next_value(),
            )
            for at in range(count)
        ]  # fmt: skip
        return readings, [self._event(at_ms)] if event else []

    def _next_value(self) -> float:
        self._values += 1
        if self._random.random() < 0.004:
            return CURSED
        return self._values + 100 + int(self.id[-1]) / 8

    def _event(self, at_ms: int) -> Event:
        if self._open and self._random.random() < 0.5:
            begun = self._open.pop(next(iter(self._open)))
            phase, name = Phase.END, begun.id
        else:
            self._values += 1
            phase, name = Phase.BEGIN, f"{self.outbox.ledger.current.epoch}-{self._values}"
        event = Event(
            id=name, asset=AssetId(f"PJU-{self.id[-1]}1"), kind=Kind.STREETLIGHT,
            type="deviceUnreachable", phase=phase, at_ms=at_ms, detail="",
        )  # fmt: skip
        if phase is Phase.BEGIN:
            self._open[name] = event
        return event

    def _expect(self, readings: list[Reading], events: list[Event]) -> None:
        ledger = self.outbox.ledger.current
        name = (self.id, ledger.epoch, ledger.sealed + 1)
        sealed = Sealed(
            readings=tuple(
                SealedReading(asset=r.asset, boot=ledger.boot, at_ms=r.at_ms, value=r.value)
                for r in readings
            ),
            events=tuple(f"{event.id}/{event.phase.value}" for event in events),
        )
        self._pending = (name, sealed)
        if any(reading.value == CURSED for reading in readings):
            self._truth.excuse(name, "refused by the database")

    def _sealed(self, batch: NewBatch | None) -> None:
        if self._pending:
            self._truth.add(*self._pending)
            self._pending = None
        self.name_losses()
        if batch:
            epoch = self.outbox.ledger.by_id(batch.epoch_id).epoch
            self.uplink.sealed(Name(epoch, batch.n), self._now_s())

    def name_losses(self, *, evicted: bool = False) -> None:
        """What the outbox names as lost must be what the truth has there, to the last reading."""
        for ledger in self.outbox.ledger.epochs:
            for gone in ledger.gone:
                if evicted or gone.state == "lost":
                    for n in range(gone.numbers[0], gone.numbers[1] + 1):
                        self._truth.excuse((self.id, ledger.epoch, n), "given up")

    def link(self) -> None:
        """The fibre is whole: statements first, then whatever the uplink says."""
        self._links += 1
        self._network.link(self.id, self._links)
        self.uplink.link_up(self._now_s())
        self.state()

    def unlink(self) -> None:
        """The fibre is cut, and everything on it is gone."""
        self._network.unlink(self.id)
        self.uplink.link_down()

    def state(self) -> None:
        """Holding and status, as they are now."""
        holding = run(self.outbox.holding())
        self._send(self._topics.holding(self.id), encode_model(holding), retain=True)
        status = encode_model(Status(gateway=self.id, state="online"))
        self._send(self._topics.status(self.id), status, retain=True)

    def send(self) -> None:
        """What the uplink wants to send now."""
        orders = self.uplink.plan(self._now_s())
        batches = self._read(orders)
        for order in orders:
            if batch := batches.get(order.name):
                self._post(order, batch)
            else:
                self.uplink.missing(order.name)

    def _read(self, orders: Iterable[Order]) -> dict[Name, OutboxBatch]:
        """As the agent does, an epoch's at once."""
        wanted = by_epoch(orders).items()
        found = [it for epoch, ns in wanted for it in run(self.outbox.batches(epoch, ns))]
        return {Name(it.key.epoch, it.key.n): it for it in found}

    def _post(self, order: Order, batch: OutboxBatch) -> None:
        origin = self.outbox.origins.get(batch.boot)
        header = encode_header(Header(key=batch.key, sha256=batch.sha256, origin=origin))
        self.uplink.spent(order.lane, len(batch.body))
        topic = self._topics.batch(self.id, order.lane)
        self._send(topic, batch.body, header=header, name=order.name)

    def _send(
        self,
        topic: str,
        payload: bytes,
        *,
        header: Iterable[tuple[str, str]] = (),
        retain: bool = False,
        name: Name | None = None,
    ) -> None:
        arrived = Arrived(topic=topic, header=tuple(header), payload=payload)
        self._network.upward.append(
            Upward(gateway=self.id, link=self._links, arrived=arrived, retain=retain, name=name)
        )

    def wakes_in_ms(self) -> int:
        """How long until the uplink has something to do, if nothing happens before."""
        wake_s = self.uplink.wake_s(self._now_s())
        return 0 if wake_s is None else max(round((wake_s - self._now_s()) * 1_000), 0)

    def acknowledged(self, ack: Puback) -> None:
        """PUBACK, or the broker's refusal."""
        if ack.link != self._links:
            return
        if ack.refusal is None:
            self.uplink.acknowledged(ack.name)
        else:
            self.uplink.refused(ack.name, self._now_s())

    def hear(self, payload: bytes) -> None:
        """A receipt, however old."""
        run(self.outbox.settle(decode_statement(Receipt, payload)))
        self.uplink.receipted(self._now_s())

    def settled(self) -> set[Batch]:
        """What it believes to be in the city's store."""
        return {
            (self.id, ledger.epoch, n)
            for ledger in self.outbox.ledger.epochs
            for n in ledger.settled
        }

    def open_batches(self) -> int:
        """How many the city has not closed, as far as it knows."""
        return self.outbox.ledger.open_batches() + self.outbox.drafted

    def _boot_anew(self) -> None:
        """A new boot clock, and nobody knows the time."""
        self._boot = BootId(f"{self._random.getrandbits(64):016x}")
        self._truth.booted_ms[self._boot] = self._now_ms() - self._random.randint(1, 5_000)
        self.knows_time = False

    def _insert_card(self) -> None:
        self._path = self._next_path()
        copy_database(self._template, self._path)

    def _next_path(self) -> Path:
        self._cards += 1
        return self._folder / f"{self.id}-{self._cards}.db"

    def _start(self) -> None:
        """As the agent starts: a new epoch, and memory that knows only what the card says."""
        self._network.unlink(self.id)
        epoch = Epoch(f"{self._random.getrandbits(64):016x}")
        file, contents = open_outbox(self._path, gateway=self.id, epoch=epoch, boot=self._boot)
        self.card = Card(file)
        self.outbox = Outbox(
            self.card, contents, gateway=self.id, budget_bytes=self._budget_bytes,
            reserve_bytes=0, in_thread=at_once,
        )  # fmt: skip
        self.uplink = Uplink(self.outbox.ledger, self._settings, jitter=lambda: 1.0)
        self._open = {event.id: event for event in contents.open_events}
        if contents.learned and contents.learned != self._learned():
            raise Violation(f"{self.id}: what was learned is not of the commit of its events")
        self._believe_card()

    def _believe_card(self) -> None:
        """A write that was under way when the process died is on the card, or never happened."""
        if self._pending:
            (_, epoch, n), _ = self._pending
            named = [it for it in self.outbox.ledger.epochs if it.epoch == epoch]
            if named and n in named[0].held:
                self._truth.add(*self._pending)
            self._pending = None
        self.name_losses()

    def _date(self) -> None:
        sight, origin_ms = None, self._truth.booted_ms[self._boot]
        if self.knows_time:
            error_ms = self._random.choice((5, 40, 400))
            sight = Sight(origin_ms=origin_ms, uncertainty_ms=error_ms)
        known = self.outbox.latest_origin(self._boot)
        if origin := consider(self._boot, sight, known, at_ms=self._boot_ms()):
            self.outbox.date(origin)

    def _boot_ms(self) -> int:
        return self._now_ms() - self._truth.booted_ms[self._boot]

    def _now_s(self) -> float:
        return self._now_ms() / 1_000
