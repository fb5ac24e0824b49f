"""One seed is one gateway's boots, synchronisations and steps, through the production modules."""

from collections.abc import Callable
from pathlib import Path
from random import Random

from agent.dating import consider
from agent.outbox.file import OutboxFile
from agent.outbox.opening import open_outbox
from agent.outbox.outbox import Outbox
from broker_bridge.inbound import Arrived
from broker_bridge.ingest import Ingest
from broker_bridge.stores.sqlite import IN_MEMORY, SqliteStore
from contract.codec import Header, encode_header, encode_model
from contract.identity import AssetId, BootId, City, Epoch, GatewayId, Kind, Lane
from contract.readings import Reading
from contract.topics import Topics
from tests.simulation.disk import copy_database, remove_database
from tests.simulation.loopless import at_once, run
from tests.timing.machine import Machine, Service, allowed_ms
from tests.timing.truth import Boots, Stored, Taken, judge

TOPICS = Topics(City("baubau"))
STARTED_MS = 1_795_000_000_000.0
DAY_MS = 86_400_000
STEPS = (12, 45)
ROWS = """
SELECT r.value, r.observed_ms, r.quality >> 1, b.uncertainty_ms, b.stored_ms FROM reading r
JOIN batch b ON b.id = r.batch_id JOIN stream s ON s.id = b.stream_id
JOIN gateway g ON g.id = s.gateway_id WHERE g.name = ?1
UNION ALL
SELECT u.value, NULL, 0, NULL, b.stored_ms FROM undated u
JOIN batch b ON b.id = u.batch_id JOIN stream s ON s.id = b.stream_id
JOIN gateway g ON g.id = s.gateway_id WHERE g.name = ?1
"""


class CityClock:
    """The city's own time, which is true."""

    now_ms = int(STARTED_MS)


class Town:
    """A store in memory that many schedules share, each as a gateway of its own."""

    def __init__(self) -> None:
        self.clock = CityClock()
        self.store = SqliteStore(IN_MEMORY, now_ms=lambda: self.clock.now_ms)
        self.ingest = Ingest(self.store, TOPICS)

    def rows(self, gateway: GatewayId) -> list[Stored]:
        """All readings of one gateway."""
        answer = self.store.query(ROWS.replace("?1", "?"), (gateway, gateway))
        return [
            Stored(
                value=float(str(value)), observed_ms=None if at is None else int(str(at)),
                time_quality=int(str(quality)),
                uncertainty_ms=None if doubt is None else int(str(doubt)),
                stored_ms=int(str(stored)),
            )
            for value, at, quality, doubt, stored in answer.rows
        ]  # fmt: skip


class Schedule:
    """The world of one seed."""

    def __init__(
        self, seed: int, folder: Path, template: Path, city: Town, trace: Callable[[str], None]
    ) -> None:
        self._random = Random(seed)
        self._trace = trace
        self._city = city
        self._gateway = GatewayId(f"bb-{seed}")
        self._path = folder / f"{seed}.db"
        copy_database(template, self._path)
        services: tuple[Service, ...] = ("timesyncd", "timesyncd", "ntpd", "chrony")
        self._service = self._random.choice(services)
        self._online = self._random.choice((0.0, 0.1, 0.5))
        self._taken: list[Taken] = []
        self._late: list[Arrived] = []
        self._boots = Boots(allowed_ms=allowed_ms(self._service))
        self._file: OutboxFile | None = None
        self._true_ms = STARTED_MS + self._random.uniform(0, 400 * DAY_MS)
        self._boot_anew()

    def run(self) -> None:
        """Everything that can happen to a clock, then all is delivered and judged."""
        try:
            menu = self._menu()
            for _ in range(self._random.randint(*STEPS)):
                (action,) = self._random.choices(list(menu), list(menu.values()))
                action()
                self._note(action.__name__)
            self._come_together()
            judge(self._taken, self._city.rows(self._gateway), self._boots)
        finally:
            if self._file:
                self._file.close()
            remove_database(self._path)

    def _menu(self) -> dict[Callable[[], None], float]:
        return {
            self._seal: 10,
            self._synchronise: 2.5,
            self._set_by_hand: 0.5,
            self._wait_a_while: 3,
            self._wait_long: 1.5,
            self._restart: 1,
            self._power_cut: 3,
            self._deliver: 6 * self._online + 0.2,
            self._state: 4 * self._online + 0.2,
            self._estimate: 1,
        }

    def _note(self, words: str) -> None:
        machine = self._machine
        seen = self._outbox.origins.get(self._outbox.ledger.current.boot)
        self._trace(f"{machine.true_ms:.0f} boot {machine.boot_ms()} {words.strip('_')}: {seen}")

    def _boot_anew(self) -> None:
        self._machine = Machine(self._true_ms, self._service, self._random)
        self._boots.synced.append([])
        self._seen: list[float] = []
        self._boot = BootId(f"{self._random.getrandbits(64):016x}")
        self._start()

    def _start(self) -> None:
        if self._file:
            self._file.close()
        epoch = Epoch(f"{self._random.getrandbits(64):016x}")
        self._file, contents = open_outbox(
            self._path, gateway=self._gateway, epoch=epoch, boot=self._boot
        )
        self._outbox = Outbox(
            self._file, contents, gateway=self._gateway, budget_bytes=1 << 30, reserve_bytes=0,
            in_thread=at_once,
        )  # fmt: skip

    def _look(self) -> None:
        """As the sealer does before each round."""
        sight = self._machine.sight()
        known = self._outbox.latest_origin(self._boot)
        if sight and self._machine.synced_true_ms:
            self._boots.vouched.add(len(self._boots.synced) - 1)
            self._seen = sorted({*self._seen, self._machine.synced_true_ms[-1]})
        if origin := consider(self._boot, sight, known, at_ms=self._machine.boot_ms()):
            self._outbox.date(origin)

    def _seal(self) -> None:
        self._machine.run(self._random.uniform(1_000, 20_000))
        readings = []
        for _ in range(self._random.randint(1, 3)):
            self._machine.run(self._random.uniform(1, 3_000))
            value = float(len(self._taken) + 1)
            boot = len(self._boots.synced) - 1
            self._taken.append(Taken(value=value, boot=boot, true_ms=self._machine.true_ms))
            readings.append(
                Reading(
                    asset=AssetId("PJU-0001"), kind=Kind.STREETLIGHT, quantity="voltage",
                    at_ms=self._machine.boot_ms(), value=value,
                )
            )  # fmt: skip
        self._look()
        run(self._outbox.seal(readings))
        self._boots.synced[-1] = self._seen

    def _synchronise(self) -> None:
        self._machine.synchronise()
        self._machine.run(self._random.uniform(1, 10_000))
        self._look()

    def _set_by_hand(self) -> None:
        self._machine.set_by_hand()
        self._machine.run(self._random.uniform(1, 10_000))
        self._look()

    def _wait_a_while(self) -> None:
        self._machine.run(self._random.uniform(60_000, 4 * 3_600_000))
        self._look()

    def _wait_long(self) -> None:
        """A network that is gone for days; the agent looks as it goes on."""
        for _ in range(3):
            self._machine.run(self._random.uniform(0, 4 * DAY_MS))
            self._look()

    def _restart(self) -> None:
        """Of the agent; the machine and its clocks go on."""
        # What was seen since the last round was nowhere but in memory.
        self._seen = self._boots.synced[-1]
        self._machine.run(self._random.uniform(500, 60_000))
        self._start()

    def _power_cut(self) -> None:
        off_ms = self._random.choice((20_000, 600_000, 3 * DAY_MS)) * self._random.uniform(1, 2)
        self._true_ms = self._machine.true_ms + off_ms
        self._boot_anew()

    def _deliver(self) -> None:
        """Some of the backlog, at times late, twice, or with what was known when it was sent."""
        sent = self._some_batches()
        self._late += [one for one in sent if self._random.random() < 0.2]
        arrived = [one for one in sent if self._random.random() < 0.8]
        arrived += [one for one in self._late if self._random.random() < 0.3]
        self._take(arrived)

    def _some_batches(self, most: int = 6) -> list[Arrived]:
        found: list[Arrived] = []
        for ledger in self._outbox.ledger.epochs:
            if numbers := list(ledger.open)[:most]:
                for batch in run(self._outbox.batches(ledger.epoch, numbers)):
                    origin = self._outbox.origins.get(batch.boot)
                    header = Header(key=batch.key, sha256=batch.sha256, origin=origin)
                    topic = TOPICS.batch(self._gateway, Lane.BACKLOG)
                    fields = tuple(encode_header(header))
                    found.append(Arrived(topic=topic, header=fields, payload=batch.body))
        self._random.shuffle(found)
        return found[:most]

    def _take(self, arrived: list[Arrived]) -> None:
        self._machine.run(self._random.uniform(1, 2_000))
        self._city.clock.now_ms = int(self._machine.true_ms)
        for receipt in self._city.ingest.take(arrived).receipts:
            run(self._outbox.settle(receipt))

    def _state(self) -> None:
        holding = encode_model(run(self._outbox.holding()))
        topic = TOPICS.holding(self._gateway)
        self._take([Arrived(topic=topic, header=(), payload=holding)])

    def _estimate(self) -> None:
        """As the bridge does once a minute."""
        if self._gateway in self._city.store.gateways_without_date():
            self._city.ingest.estimate(self._gateway)

    def _come_together(self) -> None:
        if self._random.random() < 0.8:
            self._synchronise()
            self._seal()
        while self._outbox.ledger.open_batches():
            self._take(self._some_batches(50))
        self._state()
        self._estimate()


def run_schedule(
    seed: int, folder: Path, template: Path, city: Town, *, trace: Callable[[str], None]
) -> None:
    """Raises Violation, in words, if a stored time is not honest."""
    Schedule(seed, folder, template, city, trace).run()


def make_template(path: Path) -> None:
    """An empty outbox that every schedule starts from."""
    OutboxFile(path).close()
