"""A broker, bridges and their store, as a city runs them, for gateways played by a benchmark."""

import os
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Literal, Protocol

import psycopg

from broker_bridge.config import BridgeSettings, StoreSettings
from contract.identity import City, GatewayId
from contract.settings import AgentSettings, Health
from contract.settings import Gateway as GatewaySettings
from contract.tls import Broker as BrokerAddress
from scripts.district.broker import Broker
from scripts.district.certificates import Authority
from scripts.district.ports import free_port
from scripts.district.postgres import Postgres
from scripts.district.process import Program, python_program
from scripts.district.toml_document import Value, write_toml

ROOT = Path(__file__).parents[1]
CITY = City("baubau")
READY_S = 30.0
POLL_S = 0.005
TICKS_S = os.sysconf("SC_CLK_TCK")
COMMITTED = "SELECT coalesce(sum(readings), 0) FROM batch"

StoreKind = Literal["sqlite", "postgresql"]
STORES: tuple[StoreKind, ...] = ("sqlite", "postgresql")


class Question(Protocol):
    """Asks the store for one number, beside the bridge and not through it."""

    def __call__(self, sql: str) -> int:
        """The first column of the first row."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenStore:
    """Where the bridge writes; `postgres` is None on SQLite."""

    settings: StoreSettings
    ask: Question
    postgres: Postgres | None


@contextmanager
def open_store(kind: StoreKind, folder: Path) -> Iterator[OpenStore]:
    """An empty store; its tables are made by whoever opens it first."""
    with ExitStack() as ending:
        if kind == "sqlite":
            path = folder / "city.db"
            ask, postgres = _sqlite(path, ending), None
            settings = StoreSettings(kind=kind, path=str(path))
        else:
            postgres = Postgres(folder / "postgresql", port=free_port(Random()))
            postgres.start()
            ending.callback(postgres.discard)
            connection = psycopg.connect(postgres.conninfo(), autocommit=True)
            ask = _postgresql(ending.enter_context(connection))
            settings = StoreSettings(kind=kind, conninfo=postgres.conninfo())
        yield OpenStore(settings=settings, ask=ask, postgres=postgres)


def _sqlite(path: Path, ending: ExitStack) -> Question:
    opened: list[sqlite3.Connection] = []

    def ask(sql: str) -> int:
        if not opened:
            database = sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)
            opened.append(ending.enter_context(closing(database)))
        return int(opened[0].execute(sql).fetchone()[0])

    return ask


def _postgresql(connection: "psycopg.Connection[tuple[object, ...]]") -> Question:
    def ask(sql: str) -> int:
        row = connection.execute(sql.encode()).fetchone()
        assert row is not None
        return int(str(row[0]))

    return ask


class CityBench:
    """The city's side; `start` it, then `agent` gives gateways of it."""

    def __init__(
        self,
        folder: Path,
        store: OpenStore,
        *,
        bridges: Sequence[str] = ("bridge",),
        bridge_module: str = "broker_bridge",
        profile: Path | None = None,
    ) -> None:
        self.folder = folder
        self.store = store
        self._profile = profile
        self._ending = ExitStack()
        self._authority = Authority(folder / "certificates", now=datetime.now(UTC))
        self.broker = Broker(
            folder / "broker",
            city=CITY,
            port=free_port(Random()),
            credentials=self._authority.server("broker"),
            probe=self._authority.client("probe"),
        )
        self._bridge_module = bridge_module
        self.bridges = tuple(map(self._bridge, bridges))
        self.bridge = self.bridges[0]

    def __enter__(self) -> "CityBench":
        for program in (self.broker.program, *self.bridges):
            self._ending.callback(_end, program)
        self.broker.start()
        for bridge in self.bridges:
            bridge.start_and_wait(deadline_s=READY_S)
        return self

    def __exit__(self, *_: object) -> None:
        self._ending.close()

    def _bridge(self, name: str) -> Program:
        settings = BridgeSettings(
            city=CITY,
            broker=self.broker.address(self._authority.client(name)),
            store=self.store.settings,
        )
        return self._program(
            name, self._bridge_module, settings.model_dump(mode="json", exclude_none=True)
        )

    def reader(self) -> BrokerAddress:
        """How a central system reaches the broker."""
        return self.broker.address(self._authority.client("reader"))

    def gateway_settings(self, gateway: GatewayId) -> AgentSettings:
        """A gateway without lines, with everything else as it ships."""
        folder = self.folder / gateway
        return AgentSettings(
            health=Health(enabled=False),
            gateway=GatewaySettings(
                city=CITY,
                id=gateway,
                data_dir=str(folder),
                socket=str(folder / "agent.sock"),
                clock="trusted",
            ),
            broker=self.broker.address(self._authority.client(gateway)),
        )

    def agent(self, settings: AgentSettings, *, module: str = "agent") -> Program:
        """Its agent, not started yet."""
        program = self._program(
            f"agent-{settings.gateway.id}",
            module,
            settings.model_dump(mode="json", exclude_none=True),
        )
        self._ending.callback(_end, program)
        return program

    def wait_committed(self, readings: int, *, deadline_s: float) -> float:
        """Until that many readings are committed; the monotonic time of it."""
        deadline = time.monotonic() + deadline_s
        while self.store.ask(COMMITTED) < readings:
            if time.monotonic() > deadline:
                raise OSError(
                    f"{self.store.ask(COMMITTED):,} of {readings:,} readings are committed after"
                    f" {deadline_s:g} s; see {self.folder}"
                )
            time.sleep(POLL_S)
        return time.monotonic()

    def _program(self, name: str, module: str, settings: Mapping[str, Value]) -> Program:
        file = self.folder / f"{name}.toml"
        write_toml(file, settings)
        command = [module, "run", "--settings", str(file)]
        if self._profile:
            self._profile.mkdir(parents=True, exist_ok=True)
            samples = self._profile / f"{name}-{self.store.settings.kind}.txt"
            command = ["benchmarks.sampling", str(samples), *command]
        return python_program(name, *command, folder=self.folder, root=ROOT)


def cpu_s(pid: int) -> float:
    """User and system time of a process and its threads."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_S


def family_cpu_s(pid: int) -> float:
    """Of a server with its processes, those that ended too."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1].split()
    ended_s = (int(fields[13]) + int(fields[14])) / TICKS_S
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return cpu_s(pid) + ended_s + sum(cpu_s(int(child)) for child in children)


def resident_mib(pid: int) -> float:
    """What a process has in memory now."""
    resident_kib = Path(f"/proc/{pid}/status").read_text().split("VmRSS:")[1].split()[0]
    return int(resident_kib) / 1024


def spent(programs: dict[str, int], work: Callable[[], float]) -> tuple[float, str]:
    """The result of `work`, and each process's CPU during it, in words."""
    before = {name: cpu_s(pid) for name, pid in programs.items()}
    result = work()
    used = [f"{name} {cpu_s(pid) - before[name]:.2f}" for name, pid in programs.items()]
    return result, f"CPU s: {', '.join(used)}"


def _end(program: Program) -> None:
    if program.starts and program.running:
        program.stop()
