"""A gateway that is cut off, and the city's store: nothing lies between them but a stick."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509

from agent.carrying.carrier import Carrier
from agent.carrying.copying import Copier, Visit
from agent.carrying.disk import Disk
from agent.carrying.source import Card
from agent.carrying.stick import Stick
from agent.outbox.file import OutboxFile
from agent.outbox.opening import open_outbox
from agent.outbox.outbox import Outbox
from broker_bridge.carried import Imported, Importer
from broker_bridge.ingest import Ingest
from broker_bridge.stores.sqlite import SqliteStore
from contract.carried import FOLDER, Place, Signer, Trust
from contract.collecting import Collected
from contract.event_types import EventType
from contract.identity import AssetId, BootId, City, Epoch, GatewayId, Kind
from contract.messages import Origin
from contract.readings import Event, Phase, Reading
from contract.topics import Topics
from provisioning import certificates
from provisioning.certificates import Issuer, Role
from tests.agent.outbox.making import here

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
CITY, OWN = City("baubau"), GatewayId("bb-0001")
BOOT = BootId("b0b1b2b3b4b5b6b7")
ORIGIN = Origin(boot=BOOT, origin_ms=1_795_300_000_000, uncertainty_ms=12, revision=1)
LAMP = AssetId("PJU-0417")
PLENTY = 1 << 40


class Authority:
    """A city's root and issuing certificate, and who holds one of them."""

    def __init__(self, city: City = CITY) -> None:
        key = certificates.new_key()
        self.root = certificates.root(city, key, now=NOW)
        issuing = certificates.new_key()
        anchor = Issuer(certificate=self.root, key=key)
        self.issuing = Issuer(
            certificate=certificates.issuing(anchor, issuing, now=NOW), key=issuing
        )

    def holder(
        self, name: str, *, role: Role = Role.GATEWAY, issuer: Issuer | None = None
    ) -> Signer:
        """A new certificate with its key."""
        key, signer = certificates.new_key(), issuer or self.issuing
        made = certificates.client(signer, key.public_key(), role=role, name=name, now=NOW)
        chain = [made, signer.certificate]
        if signer is not self.issuing:
            chain.append(self.issuing.certificate)
        return Signer(chain=tuple(chain), key=key)

    def trust(self, city: City = CITY) -> Trust:
        """Whoever believes this city."""
        return Trust(city=city, root=self.root)


class Gateway:
    """An outbox on a real file; what was sealed is remembered apart, for the judge."""

    def __init__(self, folder: Path, authority: Authority, name: GatewayId = OWN) -> None:
        self.place = Place(CITY, name)
        self.signer = authority.holder(name)
        self.sealed: Counter[float] = Counter()
        self.part_batches = 500
        self._authority = authority
        self._path = folder / "outbox.db"
        self._ca = folder / "ca.pem"
        self._ca.write_bytes(certificates.pem(authority.root))
        self._starts = 0
        self._values = 0
        self.file: OutboxFile
        self.outbox: Outbox
        self.start()

    def start(self) -> None:
        """A new epoch; the ones before only drain."""
        if self._starts:
            self.file.close()
        self._starts += 1
        epoch = Epoch(f"{self._starts:016x}")
        self.file, contents = open_outbox(
            self._path, gateway=self.place.gateway, epoch=epoch, boot=BOOT
        )
        self.outbox = Outbox(
            self.file, contents, gateway=self.place.gateway, budget_bytes=PLENTY, reserve_bytes=0,
            in_thread=here,
        )  # fmt: skip
        self.outbox.date(ORIGIN)

    def seal(self, rounds: int = 1, *, event: bool = False) -> None:
        """So many batches of two readings; each value is there once in the whole city."""
        for _ in range(rounds):
            readings = [self._reading() for _ in range(2)]
            asyncio.run(self.outbox.seal(readings, [_event(self._values)] if event else []))
            self.sealed.update(one.value for one in readings)

    def _reading(self) -> Reading:
        self._values += 1
        value = self._values + sum(self.place.gateway.encode()) / 1e6
        return Reading(
            asset=LAMP, kind=Kind.STREETLIGHT, quantity="power", at_ms=self._values * 10,
            value=value,
        )  # fmt: skip

    def visit(self, disk: Disk, told: Visit | None = None) -> Collected:
        """`nadi collect`, on a stick that may be pulled."""
        carrier = Carrier(
            outbox=self.outbox, file=self.file, in_thread=here, place=self.place,
            ca_file=self._ca, settled=lambda: None,
        )  # fmt: skip
        copier = Copier(
            source=Card(carrier), stick=Stick(disk, self.place), place=self.place,
            signer=self.signer, trust=self._authority.trust(), tell=lambda _: None,
            part_batches=self.part_batches,
        )  # fmt: skip
        return copier.run(told or Visit())

    @property
    def waiting(self) -> int:
        """Batches that no receipt has closed."""
        return self.outbox.ledger.open_batches()

    def close(self) -> None:
        """Let go of the card."""
        self.file.close()


def _event(number: int) -> Event:
    return Event(
        id=f"e-{number}", asset=LAMP, kind=Kind.STREETLIGHT, type=EventType.DEVICE_UNREACHABLE,
        phase=Phase.BEGIN, at_ms=number * 10, detail="",
    )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Centre:
    """The city's store and the bridge's key."""

    store: SqliteStore
    importer: Importer

    def imported(self, stick: Path) -> list[Imported]:
        """`nadi-bridge import`."""
        return list(self.importer.run(stick))

    def stored(self) -> Counter[float]:
        """Every reading's value, as often as it is there."""
        rows = self.store.query("SELECT value FROM readings").rows
        return Counter(float(str(value)) for (value,) in rows)

    def events(self) -> int:
        """How many events there are."""
        (row,) = self.store.query("SELECT count(*) FROM event").rows
        return int(str(row[0]))


@contextmanager
def centre(folder: Path, authority: Authority, trust: Trust | None = None) -> Iterator[Centre]:
    """An empty store."""
    store = SqliteStore(folder / "city.db", now_ms=lambda: 1_795_400_000_000)
    topics = Topics(CITY)
    importer = Importer(
        ingest=Ingest(store, topics),
        topics=topics,
        trust=trust or authority.trust(),
        signer=authority.holder("bridge", role=Role.BRIDGE),
        progress=lambda *_: None,
    )
    try:
        yield Centre(store=store, importer=importer)
    finally:
        store.close()


def own_folder(stick: Path, gateway: GatewayId = OWN) -> Path:
    """This gateway's folder on a stick."""
    return stick / FOLDER / CITY / gateway


def fresh_root(city: City = CITY) -> x509.Certificate:
    """Another authority of the same name."""
    return Authority(city).root
