"""The simulated city: the production ingest, on a SQLite store that can vanish at any commit."""

import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from broker_bridge.errors import StoreGone
from broker_bridge.inbound import Arrived
from broker_bridge.ingest import Ingest
from broker_bridge.language import mark
from broker_bridge.standing import BridgeSign, Census
from broker_bridge.store import AssetName, Balance, Tally, Transaction
from broker_bridge.stores.sqlite import SqliteStore
from contract.codec import encode_model
from contract.identity import Epoch, GatewayId
from contract.messages import AssetState, GatewayState, Receipt
from contract.topics import Topics
from tests.simulation.disk import copy_database, remove_database
from tests.simulation.network import Network
from tests.simulation.truth import Batch, Row

READINGS = """
SELECT g.name, s.epoch, b.n, a.name, NULL, r.observed_ms, r.value FROM reading r
JOIN batch b ON b.id = r.batch_id JOIN stream s ON s.id = b.stream_id
JOIN gateway g ON g.id = s.gateway_id JOIN asset a ON a.id = r.asset_id
UNION ALL
SELECT g.name, s.epoch, b.n, a.name, u.at_ms, NULL, u.value FROM undated u
JOIN batch b ON b.id = u.batch_id JOIN stream s ON s.id = b.stream_id
JOIN gateway g ON g.id = s.gateway_id JOIN asset a ON a.id = u.asset_id
"""
EVENTS = """
SELECT g.name, s.epoch, b.n, e.name || '/' || e.phase FROM event e
JOIN batch b ON b.id = e.batch_id JOIN stream s ON s.id = b.stream_id
JOIN gateway g ON g.id = s.gateway_id
"""
BATCHES = """
SELECT s.epoch, b.n FROM batch b
JOIN stream s ON s.id = b.stream_id JOIN gateway g ON g.id = s.gateway_id WHERE g.name = ?
"""
STATED = """
SELECT s.epoch, s.sealed FROM stream s JOIN gateway g ON g.id = s.gateway_id
WHERE g.name = ? AND s.statement IS NOT NULL
"""


class FlakyStore:
    """The production store, whose next commit can fail before or after it is durable."""

    def __init__(self, store: SqliteStore) -> None:
        self.store = store
        self.fate = ""

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """As `fate` says."""
        fate, self.fate = self.fate, ""
        with self.store.transaction() as transaction:
            yield transaction
            if fate == "gone before":
                raise StoreGone(mark("the database is gone"))
        if fate == "gone after":
            raise StoreGone(mark("the database is gone, but not what it has committed"))

    def tell_bridge(self, sign: BridgeSign) -> None:
        """Nobody looks at it here."""
        self.store.tell_bridge(sign)

    def census(self) -> Census:
        """Nobody reads it here."""
        return self.store.census()

    def gateways(self) -> Sequence[GatewayId]:
        """Every gateway ever heard of."""
        return self.store.gateways()

    def gateways_without_date(self) -> Sequence[GatewayId]:
        """Those that wait for a date."""
        return self.store.gateways_without_date()

    def asset_names(self) -> Sequence[AssetName]:
        """Every asset."""
        return self.store.asset_names()

    def registry_number(self) -> int:
        """None is loaded here."""
        return self.store.registry_number()

    def retired(self) -> Sequence[AssetName]:
        """None here."""
        return self.store.retired()

    def gateway_states(self, gateways: Iterable[GatewayId]) -> Sequence[GatewayState]:
        """The newest status of each."""
        return self.store.gateway_states(gateways)

    def tallies(self, silent_after_s: int) -> Sequence[Tally]:
        """Of each kind."""
        return self.store.tallies(silent_after_s)

    def asset_states(self, assets: Iterable[AssetName]) -> Sequence[AssetState]:
        """The newest of each."""
        return self.store.asset_states(assets)


class SimCity:
    """One bridge after another on one store."""

    def __init__(
        self,
        folder: Path,
        *,
        template: Path,
        network: Network,
        topics: Topics,
        now_ms: Callable[[], int],
    ) -> None:
        self._folder = folder
        self._network = network
        self._topics = topics
        self._now_ms = now_ms
        self._files = 0
        self._backup: Path | None = None
        self._file: sqlite3.Connection
        self.told_cards: Counter[GatewayId] = Counter()
        self.path = self._next_path()
        copy_database(template, self.path)
        self._open()

    @property
    def running(self) -> bool:
        """Whether a bridge listens."""
        return self._network.listening

    def start(self) -> None:
        """A bridge connects: it subscribes, and says every receipt again."""
        self.flaky.fate = ""
        self._network.subscribe()
        for receipts in self._ingest.receipts():
            self._publish(receipts)

    def take(self, group: Sequence[Arrived], *, fate: str = "", dies: str = "") -> None:
        """One group, committed, receipted and acknowledged, unless the bridge dies before."""
        self.flaky.fate = fate
        try:
            outcome = self._ingest.take(group)
        except StoreGone:
            self._network.waiting += group
            return
        if dies == "before the receipts":
            return
        self._publish(outcome.receipts)
        told = {(e.gateway, e.id) for e in outcome.change.events if e.type.startswith("card")}
        self.told_cards.update(gateway for gateway, _ in told)
        if dies == "before PUBACK":
            self._network.waiting += group

    def _publish(self, receipts: Sequence[Receipt]) -> None:
        for receipt in receipts:
            self._network.publish_receipt(receipt.gateway, encode_model(receipt))

    def back_up(self) -> None:
        """A copy of the store and its log as they are now."""
        if self._backup:
            remove_database(self._backup)
        self._backup = self._next_path()
        copy_database(self.path, self._backup)

    def restore(self) -> bool:
        """The last copy becomes the store; False if there is none."""
        if self._backup is None:
            return False
        self.close()
        remove_database(self.path)
        self.path = self._next_path()
        copy_database(self._backup, self.path)
        self._open()
        return True

    def close(self) -> None:
        """Lets go of the file, whose log nobody needs any more."""
        self.flaky.store.close()
        self._file.close()

    def committed(self, gateway: GatewayId) -> set[Batch]:
        """Asked of the file, not of the bridge."""
        return {(gateway, Epoch(epoch), n) for epoch, n in self._file.execute(BATCHES, (gateway,))}

    def stated(self, gateway: GatewayId) -> dict[Epoch, int]:
        """How many each epoch has sealed, of those that were ever stated."""
        return {Epoch(e): sealed for e, sealed in self._file.execute(STATED, (gateway,))}

    def rows(self) -> list[Row]:
        """Every reading."""
        return [
            Row(
                batch=(GatewayId(row[0]), Epoch(row[1]), row[2]),
                asset=row[3],
                at_ms=row[4],
                observed_ms=row[5],
                value=row[6],
            )
            for row in self._file.execute(READINGS)
        ]

    def events(self) -> list[tuple[Batch, str]]:
        """Every begin and end."""
        return [
            ((GatewayId(name), Epoch(epoch), n), said)
            for name, epoch, n, said in self._file.execute(EVENTS)
        ]

    def balance(self) -> Sequence[Balance]:
        """What an operator is told."""
        return self.flaky.store.balance()

    def _open(self) -> None:
        self.flaky = FlakyStore(SqliteStore(self.path, now_ms=self._now_ms))
        self._ingest = Ingest(self.flaky, self._topics)
        self._file = _for_reading(self.path)  # of our own, for what the bridge must not answer

    def _next_path(self) -> Path:
        self._files += 1
        return self._folder / f"city-{self._files}.db"


def _for_reading(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)


def make_template(path: Path, *, cursed: float) -> None:
    """An empty store whose database refuses one value, as a constraint of the city's might."""
    SqliteStore(path, now_ms=lambda: 0).close()
    with closing(sqlite3.connect(path)) as database:
        for table in ("reading", "undated"):
            database.execute(
                f"CREATE TRIGGER refuse_{table} BEFORE INSERT ON {table} WHEN NEW.value = {cursed}"
                " BEGIN SELECT RAISE(ABORT, 'refused by a constraint'); END"
            )
