"""How long a round takes: 32 meters on one RS-485 line, and 64 cameras beside 64 access points."""

import asyncio
import statistics
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

from agent.clock import KernelClock
from agent.drivers.modbus_rtu import MAX_REPLY_LATENCY_MS
from agent.events.building import build_watch
from agent.lines import build_lines
from agent.round import Round
from agent.sampler import Sampler, sleep_on
from benchmarks.figure import Figure, Run, at_most, exactly, load, spread
from contract.document import load_document
from contract.readings import Reading
from contract.settings import AgentSettings
from scripts.district.process import Program, python_program

ROOT = Path(__file__).parents[1]
READY_S = 30.0
METERS, DEAD = 32, (5, 17, 29)
INTERVAL_S, ROUNDS = 8, 6
TURNAROUND_MS, BAUD = 20, 9_600
REQUEST_BYTES, REPLY_BYTES, BITS, T3_5_CHARS = 8, 25, 10, 3.5
NODES, HANGING = 64, range(0, 64, 10)  # 7 of 64 cameras and as many access points
NETWORK_INTERVAL_S = 15
HEAD = """\
[gateway]
city = "baubau"
id = "bb-0001"

[broker]
ca_file = "/nowhere"
cert_file = "/nowhere"
key_file = "/nowhere"

[health]
enabled = false
"""


def measure(run: Run) -> Iterator[Figure]:
    """Drivers, sampler and events of the agent in this process; `nadi-sim` in another."""
    run.say("32 meters on one line")
    yield from _line(run)
    run.say("64 cameras and 64 access points")
    yield from _network(run)


def _line(run: Run) -> Iterator[Figure]:
    district = ['[[line]]\nname = "pju"\nport = "rs485"']
    settings = [
        f'[[serial]]\nname = "pju"\nport = "{run.folder}/rs485"\nread_interval_s = {INTERVAL_S}'
    ]
    for number in range(1, METERS + 1):
        meter = f'asset = "PJU-{number}"\naddress = {number}'
        district.append(f'[[line.device]]\ntype = "pzem004t"\n{meter}')
        settings.append(f'[[serial.device]]\ndriver = "pzem004t"\n{meter}')
    silent = [f"PJU-{number}" for number in DEAD]
    seconds = INTERVAL_S * ROUNDS
    readings, _ = _watched(run, district, settings, silent, seconds)
    voltages = [one for one in readings if one.quantity == "voltage"]
    rounds = _by_round(voltages, INTERVAL_S * 1_000)
    alive = METERS - len(DEAD)
    ratios = [_ratio(times) for times in rounds]
    yield Figure(
        name="line_round.ratio",
        value=statistics.median(ratios),
        unit="× of the wire's own time",
        target=at_most(1.15),
        detail=f"{spread(ratios)}; from the first to the last of {alive} answers, less"
        f" {MAX_REPLY_LATENCY_MS} ms for each dead meter between them; against {_ideal_ms():.1f} ms"
        f" a meter: {REQUEST_BYTES + REPLY_BYTES} bytes of {BITS} bits at {BAUD} baud, two silences"
        f" of t3.5, {TURNAROUND_MS} ms of turnaround; {load()}",
    )
    yield Figure(
        name="line_round.missing",
        value=sum(alive - len(times) for times in rounds),
        unit="readings",
        target=exactly(0),
        detail=f"of {alive} living meters in {len(rounds)} rounds, {len(DEAD)} dead beside them",
    )


def _ratio(times: list[int]) -> float:
    """Of one round; a dead meter's own cost is its timeout and the silence after it."""
    gaps_ms = [after - before for before, after in pairwise(sorted(times))]
    dead = sum(gap_ms // MAX_REPLY_LATENCY_MS for gap_ms in gaps_ms)
    return (sum(gaps_ms) - dead * MAX_REPLY_LATENCY_MS) / len(gaps_ms) / _ideal_ms()


def _network(run: Run) -> Iterator[Figure]:
    district, settings = list[str](), list[str]()
    for number in range(NODES):
        district.append(f'[[camera]]\nasset = "CAM-{number}"')
        district.append(f'[[access_point]]\nasset = "WIFI-{number}"')
    silent = [f"{kind}-{number}" for number in HANGING for kind in ("CAM", "WIFI")]
    settings.append(f'[[network]]\nname = "poles"\nread_interval_s = {NETWORK_INTERVAL_S}')
    seconds = NETWORK_INTERVAL_S * 2.5
    readings, took_s = _watched(run, district, settings, silent, seconds)
    answered = len({one.asset for one in readings})
    yield Figure(
        name="line_round.network",
        value=max(took_s),
        unit="s",
        target=at_most(15),
        detail=f"{spread(took_s)}, each until its last device answered or timed out;"
        f" {answered} of {2 * NODES} answer, {len(silent)} hang; {load()}",
    )


def _watched(
    run: Run,
    district: Sequence[str],
    settings: Sequence[str],
    silent: Sequence[str],
    seconds: float,
) -> tuple[list[Reading], list[float]]:
    """The readings, and how many seconds each whole round of the first line took."""
    document = run.folder / "district.toml"
    document.write_text("\n\n".join(district))
    arguments = ("firmware_sim", "run", str(document), "--dir", str(run.folder))
    simulator = python_program("sim", *arguments, folder=run.folder, root=ROOT)
    simulator.start()
    try:
        places = simulator.ready_line(deadline_s=READY_S)
        _silence(simulator, silent)
        text = "\n\n".join([HEAD, *settings, *_nodes(places)])
        return asyncio.run(_sample(load_document(AgentSettings, text, name="bench"), seconds))
    finally:
        simulator.stop()


def _nodes(places: dict[str, dict[str, str]]) -> Iterator[str]:
    drivers = {"cameras": "rtsp_camera", "access_points": "snmp_access_point"}
    login = {"cameras": 'path = "/Streaming/Channels/101"\nuser = "nadi"\npassword = "rahasia"'}
    for group, driver in drivers.items():
        for asset, place in places[group].items():
            host, _, port = place.rpartition(":")
            where = f'asset = "{asset}"\nhost = "{host}"\nport = {port}'
            yield f'[[network.device]]\ndriver = "{driver}"\n{where}\n{login.get(group, "")}'


def _silence(simulator: Program, assets: Sequence[str]) -> None:
    for asset in assets:
        simulator.tell(f'{{"fault":"silent","asset":"{asset}"}}')


async def _sample(settings: AgentSettings, seconds: float) -> tuple[list[Reading], list[float]]:
    clock, round_, took_s = KernelClock(trusted=True), Round(limit=1_000_000), list[float]()
    sleep, ticks = sleep_on(clock), list[int]()

    async def wait_until(tick_ms: int) -> None:
        if ticks:
            took_s.append((clock.boot_ms() - ticks[-1]) / 1_000)
        ticks.append(tick_ms)
        await sleep(tick_ms)

    watch = build_watch(settings, clock=clock, new_id=str, tell=lambda _: None)
    lines = build_lines(settings, clock=clock)
    sampler = Sampler(lines, clock=clock, round=round_, watch=watch, wait_until=wait_until)
    sampling = asyncio.create_task(sampler.run())
    await asyncio.wait([sampling], timeout=seconds)
    sampling.cancel()
    await asyncio.gather(sampling, return_exceptions=True)
    return round_.take(), took_s


def _by_round(readings: Sequence[Reading], interval_ms: int) -> list[list[int]]:
    """The times of each whole round."""
    first_ms = min(one.at_ms for one in readings)
    rounds: dict[int, list[int]] = {}
    for one in readings:
        rounds.setdefault((one.at_ms - first_ms) // interval_ms, []).append(one.at_ms)
    return list(rounds.values())


def _ideal_ms() -> float:
    wire_ms = (REQUEST_BYTES + REPLY_BYTES) * BITS * 1_000 / BAUD
    silence_ms = T3_5_CHARS * BITS * 1_000 / BAUD
    return wire_ms + 2 * silence_ms + TURNAROUND_MS
