"""A whole district of Baubau: field devices, gateways, fibres, broker and bridge, all killable."""

import shutil
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Self

from broker_bridge.config import BridgeSettings, IngestSettings, StoreSettings
from broker_bridge.registry import load_registry
from contract.identity import City
from contract.settings import AgentSettings, Health, OutboxSettings, UplinkSettings
from contract.settings import Gateway as GatewaySettings
from contract.tls import Broker as BrokerAddress
from scripts.district.bridge import Bridge
from scripts.district.broker import BRIDGES, Broker
from scripts.district.certificates import Authority, Credentials
from scripts.district.equipment import (
    Equipment,
    Place,
    network_lines,
    registered,
    serial_lines,
    simulated,
)
from scripts.district.fibre import Fibre
from scripts.district.gateway import Gateway
from scripts.district.ports import free_port
from scripts.district.process import Program, ProgramError, python_program
from scripts.district.toml_document import write_toml

ROOT = Path(__file__).parents[2]
CITY = City("baubau")
READY_S = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How large the district is, and how fast it lives."""

    gateways: int = 3
    equipment: Equipment = field(default_factory=Equipment)
    read_interval_s: float = 2.0
    seal_interval_s: float = 2.0
    faults: bool = False
    seed: int = 1
    # A demonstration lasts a minute or two, so whoever comes back tries again within seconds.
    uplink: UplinkSettings = field(
        default_factory=lambda: UplinkSettings(
            resend_after_s=5.0, resend_max_s=10.0, reconnect_max_s=2.0, statement_interval_s=5.0
        )
    )
    outbox: OutboxSettings = field(
        default_factory=lambda: OutboxSettings(budget_mb=64, reserve_free_mb=1)
    )
    ingest: IngestSettings = field(default_factory=IngestSettings)
    bridges: int = 1  # a second one needs PostgreSQL
    keepalive_s: int = 30

    @property
    def places(self) -> list[Place]:
        """One for each gateway."""
        return [Place(number=n + 1, equipment=self.equipment) for n in range(self.gateways)]


class District:
    """Runs while its block does; everything it starts ends with it, or with this process."""

    def __init__(self, folder: Path, plan: Plan, *, store: StoreSettings | None = None) -> None:
        """All files go below `folder`; the store is `folder/city.db` unless another is given."""
        self.folder = folder
        self.plan = plan
        self.answers_file = folder / "answers.jsonl"
        self.store = store or StoreSettings(kind="sqlite", path=str(folder / "city.db"))
        self.reader: Credentials
        self.broker: Broker
        self.bridges: Sequence[Bridge] = ()
        self.sim: Program
        self.gateways: Sequence[Gateway] = ()
        self._devices = folder / "devices"
        self._random = Random()  # which ports are free is not the seed's to say
        self._authority = Authority(folder / "certificates", now=datetime.now(UTC))
        self._ending = ExitStack()

    def __enter__(self) -> Self:
        """Everything runs when this returns; raises ProgramError that names a log."""
        try:
            self._start()
        except BaseException:
            self._ending.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._ending.close()

    @property
    def bridge(self) -> Program:
        """The first bridge."""
        return self.bridges[0].program

    def start_bridge(self) -> None:
        """Returns when the store is open and the bridge takes batches."""
        self.bridges[0].start()

    def silence(self, asset: str) -> None:
        """The device answers nothing from now on."""
        self.sim.tell(f'{{"fault":"silent","asset":"{asset}"}}')

    def speak(self, asset: str) -> None:
        """The device answers again."""
        self.sim.tell(f'{{"mend":"silent","asset":"{asset}"}}')

    def _start(self) -> None:
        self._start_broker()
        self._start_bridges()
        addresses = self._start_devices()
        sockets = self._short_folder()
        self.gateways = [self._gateway(place, addresses, sockets) for place in self.plan.places]
        for gateway in self.gateways:
            gateway.start()

    def _start_broker(self) -> None:
        self.reader = self._authority.client("reader")
        self.broker = Broker(
            self.folder / "broker",
            city=CITY,
            port=free_port(self._random),
            credentials=self._authority.server("broker"),
            probe=self._authority.client("probe"),
        )
        self._end_later(self.broker.program)
        self.broker.start()

    def _start_bridges(self) -> None:
        self.bridges = [self._bridge(name) for name in BRIDGES[: self.plan.bridges]]
        registry_file = self.folder / "registry-1.signed"
        registry = registered(CITY, self.plan.places, now=datetime.now(UTC))
        registry_file.write_bytes(self._authority.sign(registry))
        load_registry(self.bridges[0].settings, str(registry_file))
        for bridge in self.bridges:
            bridge.start()

    def _bridge(self, name: str) -> Bridge:
        fibre = Fibre(port=free_port(self._random), target_port=self.broker.port)
        self._ending.enter_context(fibre)
        settings = BridgeSettings(
            city=CITY,
            broker=self._broker_by(fibre, name),
            store=self.store,
            ingest=self.plan.ingest,
        )
        bridge = Bridge(name, settings, fibre, folder=self.folder, root=ROOT)
        self._end_later(bridge.program)
        return bridge

    def _broker_by(self, fibre: Fibre, name: str) -> BrokerAddress:
        address = self.broker.address(self._authority.client(name), port=fibre.port)
        return address.model_copy(update={"keepalive_s": self.plan.keepalive_s})

    def _start_devices(self) -> dict[str, str]:
        """Where the cameras and access points listen, host:port by asset."""
        district_file = self.folder / "sim-district.toml"
        write_toml(
            district_file,
            simulated(self.plan.places, seed=self.plan.seed, faults=self.plan.faults),
        )
        self.sim = python_program(
            "sim",
            *("firmware_sim", "run", str(district_file), "--dir", str(self._devices)),
            *("--record", str(self.answers_file)),
            folder=self.folder,
            root=ROOT,
        )
        self._end_later(self.sim)
        self.sim.start()
        ready = self.sim.ready_line(deadline_s=READY_S)
        return {**ready["cameras"], **ready["access_points"]}

    def _short_folder(self) -> Path:
        """A Unix socket's path has at most 107 bytes, and ours may lie deep."""
        folder = Path(tempfile.mkdtemp(prefix="nadi-"))
        self._ending.callback(shutil.rmtree, folder, ignore_errors=True)
        return folder

    def _gateway(self, place: Place, addresses: dict[str, str], sockets: Path) -> Gateway:
        folder = self.folder / place.gateway
        fibre = Fibre(port=free_port(self._random), target_port=self.broker.port)
        self._ending.enter_context(fibre)
        interval_s = self.plan.read_interval_s
        settings = AgentSettings(
            health=Health(enabled=False),
            gateway=GatewaySettings(
                city=CITY,
                id=place.gateway,
                data_dir=str(folder),
                socket=str(sockets / f"{place.gateway}.sock"),
                seal_interval_s=self.plan.seal_interval_s,
                clock="trusted",
            ),
            broker=self._broker_by(fibre, place.gateway),
            outbox=self.plan.outbox,
            uplink=self.plan.uplink,
            serial=serial_lines(place, devices=self._devices, read_interval_s=interval_s),
            network=network_lines(place, addresses=addresses, read_interval_s=interval_s),
        )
        gateway = Gateway(settings, fibre, folder=folder, root=ROOT)
        self._end_later(gateway.agent)
        return gateway

    def _end_later(self, program: Program) -> None:
        self._ending.callback(_end, program)


def _end(program: Program) -> None:
    """SIGTERM at the end of the block, whatever became of the program before."""
    if program.starts and program.running:
        try:
            program.stop()
        except ProgramError:
            program.kill()
