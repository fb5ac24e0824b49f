"""What an agent at work takes of its gateway: memory, how it grows, CPU, and libraries."""

import statistics
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from agent.drivers.registry import MODULES
from benchmarks.city import ROOT, cpu_s, resident_mib
from benchmarks.every_driver import with_every_driver
from benchmarks.figure import Figure, Run, at_most, exactly, load
from benchmarks.rounds import FULL
from scripts.district.district import District, Plan
from scripts.district.equipment import Equipment
from scripts.district.gateway import Gateway
from scripts.district.process import ProgramError, python_program
from scripts.district.toml_document import write_toml

INTERVAL_S = 10.0
SETTLING_MINUTES = 2.0
SAMPLE_S = 5.0
SERIAL_ONLY = Equipment(lamps=28, bins=4, cameras=0, access_points=0)
MANY_NODES = Equipment(lamps=8, bins=2, cameras=64, access_points=64)
EVERY_DRIVER_S = 60.0
MAX_GROWTH_MIB = 0.5

# Libraries that only one driver needs, and what of ours comes with them.
OF_A_DRIVER = {
    "lamps": {"agent.drivers.pzem004t"},
    "bins": {"agent.drivers.a02yyuw"},
    "cameras": {"agent.drivers.rtsp_camera"},
    "access_points": {"agent.drivers.snmp_access_point", "agent.drivers.snmp"},
}
OF_SERIAL_LINES = {"serial", "serial_asyncio_fast", "agent.serial_port"}
# The command's and the technician's; an agent at work needs none.
OF_NONE = {"rich", "typer", "click", "numpy", "psycopg", "orjson", "sqlite_utils", "cryptography"}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sample:
    at_s: float
    resident_mib: float
    cpu_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class _Watched:
    """The samples of one agent, and the readings it sealed meanwhile."""

    samples: list[_Sample]
    sealed: int


def measure(run: Run) -> Iterator[Figure]:
    """Two agents side by side, one with four drivers, one with the serial ones."""
    with ExitStack() as until_done:
        everything, serial = (
            until_done.enter_context(District(run.folder / name, _plan(equipment))).gateways[0]
            for name, equipment in (("all", FULL), ("serial", SERIAL_ONLY))
        )
        watched = _watch(run, [everything, serial])
    yield _memory("agent_footprint.memory_all_drivers", watched[0], 55)
    yield _growth("agent_footprint.growth_all_drivers", watched[0])
    yield _memory("agent_footprint.memory_serial_drivers", watched[1], 43)
    yield _growth("agent_footprint.growth_serial_drivers", watched[1])
    yield _cpu(watched[0])
    run.say("every driver there is, 64 cameras and 64 access points")
    yield _every_driver(run)
    run.say("which libraries each driver loads")
    yield _libraries(run)


def _plan(equipment: Equipment) -> Plan:
    return Plan(
        gateways=1, equipment=equipment, read_interval_s=INTERVAL_S, seal_interval_s=INTERVAL_S
    )


def _watch(run: Run, gateways: list[Gateway]) -> list[_Watched]:
    """Each from its settling on; it is asked twice, and else only looked at from outside."""
    minutes = max(run.minutes, SETTLING_MINUTES + 1)
    began_s, ended_s = time.monotonic(), time.monotonic() + minutes * 60
    run.say(f"{minutes:g} minutes of work")
    time.sleep(SETTLING_MINUTES * 60)
    sealed = [-_sealed(gateway) for gateway in gateways]
    samples = [[_sample(gateway)] for gateway in gateways]
    while time.monotonic() < ended_s:
        time.sleep(SAMPLE_S)
        for gateway, seen in zip(gateways, samples, strict=True):
            seen.append(_sample(gateway))
        if len(samples[0]) % 12 == 0:
            run.say(f"{(time.monotonic() - began_s) / 60:.0f} of {minutes:g} minutes")
    sealed = [before + _sealed(gateway) for before, gateway in zip(sealed, gateways, strict=True)]
    return [
        _Watched(samples=seen, sealed=count) for seen, count in zip(samples, sealed, strict=True)
    ]


def _sample(gateway: Gateway) -> _Sample:
    pid = gateway.agent.pid
    return _Sample(at_s=time.monotonic(), resident_mib=resident_mib(pid), cpu_s=cpu_s(pid))


def _sealed(gateway: Gateway) -> int:
    state = gateway.state()
    if state is None or state.status.sealed is None:
        raise ProgramError(f"{gateway.id} does not answer, see {gateway.agent.log_file}")
    return state.status.sealed.readings


def _memory(name: str, watched: _Watched, limit_mib: float) -> Figure:
    samples = watched.samples
    highest = max(sample.resident_mib for sample in samples)
    return Figure(
        name=name,
        value=highest,
        unit="MiB",
        target=at_most(limit_mib),
        detail=f"highest VmRSS of {len(samples)} samples, {_rate(watched)}",
    )


def _growth(name: str, watched: _Watched) -> Figure:
    """From the first to the last fifth of the samples, which a single peak does not move."""
    samples = watched.samples
    fifth = max(1, len(samples) // 5)
    first, last = (
        statistics.median(sample.resident_mib for sample in part)
        for part in (samples[:fifth], samples[-fifth:])
    )
    minutes = (samples[-1].at_s - samples[0].at_s) / 60
    return Figure(
        name=name,
        value=max(0.0, last - first),
        unit="MiB",
        target=at_most(MAX_GROWTH_MIB),
        detail=f"VmRSS {first:.2f} to {last:.2f} MiB over the last {minutes:.1f} minutes,"
        f" medians of the first and last {fifth} samples",
    )


def _cpu(watched: _Watched) -> Figure:
    used_s = watched.samples[-1].cpu_s - watched.samples[0].cpu_s
    return Figure(
        name="agent_footprint.cpu",
        value=used_s / max(1, watched.sealed) * 1e6,
        unit="us/reading",
        target=at_most(150),
        detail=f"user and system time of the process, {used_s:.2f} s for {watched.sealed:,}"
        f" readings read, sealed, sent and settled; {load()}",
    )


def _every_driver(run: Run) -> Figure:
    """One agent whose settings name each driver, with as many nodes as a gateway may have."""
    folder, loaded = run.folder / "every", run.folder / "every" / "modules.txt"
    with District(folder, _plan(MANY_NODES)) as district:
        gateway = district.gateways[0]
        gateway.stop()
        settings, file = with_every_driver(gateway.settings), folder / "every.toml"
        write_toml(file, settings.model_dump(mode="json", exclude_none=True))
        command = ("benchmarks.imports", str(loaded), "agent", "run", "--settings", str(file))
        agent = python_program("every", *command, folder=folder, root=ROOT)
        agent.start()
        try:
            agent.wait_until(lambda: _has_sealed(gateway), what="sealing", deadline_s=60)
            highest = max(_resident_over(agent.pid, EVERY_DRIVER_S))
        finally:
            agent.stop()
    missing = set(MODULES.values()) - set(loaded.read_text().split())
    assert not missing, f"{missing} not loaded: this would measure too little"
    return Figure(
        name="agent_footprint.memory_every_driver",
        value=highest,
        unit="MiB",
        target=at_most(64),
        detail=f"highest VmRSS over {EVERY_DRIVER_S:g} s of an agent with {len(MODULES)} drivers"
        f" and {MANY_NODES.cameras} cameras and {MANY_NODES.access_points} access points",
    )


def _resident_over(pid: int, seconds: float) -> Iterator[float]:
    until_s = time.monotonic() + seconds
    while time.monotonic() < until_s:
        time.sleep(1)
        yield resident_mib(pid)


def _rate(watched: _Watched) -> str:
    lasted_s = watched.samples[-1].at_s - watched.samples[0].at_s
    a_round = watched.sealed / lasted_s * INTERVAL_S
    return f"{a_round:.0f} values each {INTERVAL_S:g} s"


def _libraries(run: Run) -> Figure:
    """Each driver alone: whatever only another one needs must not be there."""
    loaded = {name: _modules(run.folder / f"only-{name}", name) for name in OF_A_DRIVER}
    strangers = []
    for name, modules in loaded.items():
        own = OF_A_DRIVER[name]
        others = set().union(*OF_A_DRIVER.values(), OF_NONE) - own
        others |= OF_SERIAL_LINES if name in ("cameras", "access_points") else set()
        strangers += [f"{module} with {name} only" for module in sorted(others & modules)]
        missing = own - modules
        assert not missing, f"{missing} not seen with {name}: this would find nothing"
    return Figure(
        name="agent_footprint.unnamed_libraries",
        value=len(strangers),
        unit="libraries",
        target=exactly(0),
        detail="; ".join(strangers) or "agents with one driver each, by the interpreter's imports",
    )


def _modules(folder: Path, name: str) -> set[str]:
    """Every module that an agent with one device has imported once it has sealed."""
    loaded = folder / "modules.txt"
    counts = {**dict.fromkeys(OF_A_DRIVER, 0), name: 1}
    plan = Plan(gateways=1, equipment=Equipment(**counts), read_interval_s=0.5, seal_interval_s=0.5)
    with District(folder, plan) as district:
        gateway = district.gateways[0]
        gateway.stop()
        command = ("agent", "run", "--settings", str(gateway.settings_file))
        agent = python_program(
            "imports", "benchmarks.imports", str(loaded), *command, folder=folder, root=ROOT
        )
        agent.start()
        try:
            agent.wait_until(lambda: _has_sealed(gateway), what="sealing", deadline_s=20)
        finally:
            agent.stop()
    return set(loaded.read_text().split())


def _has_sealed(gateway: Gateway) -> bool:
    state = gateway.state()
    return bool(state and state.status.sealed and state.status.sealed.readings)
