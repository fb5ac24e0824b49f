"""How long a technician waits for `nadi-agent discover`: a line of RS-485, and a network of /24."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random

from benchmarks.figure import Figure, Run, at_most, exactly, load
from scripts.district.ports import free_port
from scripts.district.process import python_program

ROOT = Path(__file__).parents[1]
READY_S, PATIENCE_S = 30.0, 300.0
BAUD = 9_600
FOUND = range(1, 33, 4)
NOBODY = 99  # beyond what is searched
CAMERAS, ACCESS_POINT = ("127.0.0.20", "127.0.0.140"), "127.0.0.250"


def measure(run: Run) -> Iterator[Figure]:
    """The command as it is run, against `nadi-sim` on paced ptys and on loopback addresses."""
    run.say("a silent line, then one with 8 meters")
    yield _line(run, "silent", (NOBODY,), found=0)
    yield _line(run, "line", tuple(FOUND), found=len(FOUND))
    run.say("254 addresses with two cameras and an access point")
    yield from _network(run)


def _line(run: Run, name: str, addresses: tuple[int, ...], *, found: int) -> Figure:
    meters = [
        f'[[line.device]]\ntype = "pzem004t"\nasset = "PJU-{one}"\naddress = {one}'
        for one in addresses
    ]
    line = f'[[line]]\nname = "{name}"\nport = "{name}"\nbaud = {BAUD}'
    report, took_s = _searched(run, [line, *meters], "--line", str(run.folder / name))
    assert len(report["found"]) == found, report
    bauds = len(report["bauds"]) if not found else 1
    return Figure(
        name=f"discovery.{name}",
        value=took_s,
        unit="s",
        target=at_most(60),
        detail=f"addresses 1 to 32 and 80 at {bauds} of 2 bauds, {found} meters found, the"
        f" program's start included; {load()}",
    )


def _network(run: Run) -> Iterator[Figure]:
    rtsp, snmp = free_port(Random()), free_port(Random())
    district = [
        f'[[camera]]\nasset = "CAM-{at}"\nhost = "{host}"\nport = {rtsp}'
        for at, host in enumerate(CAMERAS)
    ]
    district.append(f'[[access_point]]\nasset = "WIFI-1"\nhost = "{ACCESS_POINT}"\nport = {snmp}')
    asked = ("--network", "127.0.0.0/24", "--rtsp-port", str(rtsp), "--snmp-port", str(snmp))
    report, took_s = _searched(run, district, *asked)
    yield Figure(
        name="discovery.network",
        value=took_s,
        unit="s",
        target=at_most(60),
        detail="254 addresses, each asked on 3 TCP ports and by SNMP at 100 packets a second;"
        f" here an address without a device refuses at once; {load()}",
    )
    proposed = [one for one in report["found"] if one["driver"]]
    yield Figure(
        name="discovery.missing",
        value=len(CAMERAS) + 1 - len(proposed),
        unit="devices",
        target=exactly(0),
        detail=", ".join(f"{one['host']}: {one['driver']}" for one in proposed),
    )


def _searched(
    run: Run, district: list[str], *asked: str
) -> tuple[dict[str, list[dict[str, str]]], float]:
    document = run.folder / "district.toml"
    document.write_text("\n\n".join(district))
    arguments = ("firmware_sim", "run", str(document), "--dir", str(run.folder))
    simulator = python_program("sim", *arguments, folder=run.folder, root=ROOT)
    simulator.start()
    try:
        simulator.ready_line(deadline_s=READY_S)
        command = ("agent", "discover", *asked, "--json")
        program = python_program("discover", *command, folder=run.folder, root=ROOT)
        began = time.monotonic()
        program.start()
        program.wait(deadline_s=PATIENCE_S)
        took_s = time.monotonic() - began
        return json.loads(program.out_file.read_text().splitlines()[-1]), took_s
    finally:
        simulator.stop()
