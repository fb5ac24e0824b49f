"""`nadi-sim`: a district's field devices on this machine, until told to stop."""

import argparse
import asyncio
import json
import signal
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from dataclasses import asdict
from pathlib import Path

from firmware_sim.agent_lines import agent_lines
from firmware_sim.alone import Wish, alone, devices
from firmware_sim.answers import FileRecord, NoRecord, Record
from firmware_sim.catalogue import catalogue
from firmware_sim.clock import SystemClock
from firmware_sim.control import ControlLines
from firmware_sim.district import District
from firmware_sim.district_file import read_district
from firmware_sim.errors import SimError
from firmware_sim.settings import DistrictSettings

STDIN = 0
ABOUT = """\
Stands in for a district's streetlight meters, pillars, waste bins, cameras, switches and access
points: real bytes on serial ports, sockets, pins and LoRaWAN, at the speed of a real wire, with the
faults you ask for."""
EXAMPLES = """\
examples:
  nadi-sim list                                        what it can be, every setting, every fault
  nadi-sim play sdm120                                 one meter, and an agent's settings for it
  nadi-sim play sdm630 --port 5020 --fault cable_stolen
  nadi-sim run configs/sim-district.example.toml --dir /tmp/baubau
  nadi-sim run district.toml --dir /tmp/baubau --record /tmp/baubau/answers.jsonl
"""
RUN_NOTES = """\
When everything listens, one JSON line on standard output says where:
  {"ready":true,"lines":{"pju":"/tmp/baubau/bb-0001/rs485"},"cameras":{"CAM-0001":"127.0.0.1:40123"},
   "access_points":{"WIFI-0001":"127.0.0.1:40991"}}

While it runs, JSON lines on standard input break a device and mend it; `nadi-sim list` names
each device's faults:
  {"fault":"lamp_failed","asset":"PJU-0002"}
  {"mend":"lamp_failed","asset":"PJU-0002"}

Ctrl-C or SIGTERM stops it (exit 0). Wrong settings end it at once (exit 2).

example:
  nadi-sim run configs/sim-district.example.toml --dir /tmp/baubau --record answers.jsonl
"""
PLAY_NOTES = """\
It says where the device is (one JSON line, as `run` does), and then the lines of an agent's
settings that read it, to paste. JSON lines on standard input break and mend it; Ctrl-C stops it.

A Modbus unit stands on a serial line, or with --port behind a TCP port. LoRaWAN sensors need a
broker that runs: --port says where. Pillars and echoes are on simulated pins.

examples:
  nadi-sim play pzem004t --set rated_w=120 --set address=7
  nadi-sim play sdm630 --port 5020 --fault cable_stolen
  nadi-sim play pillar --clock day --fault contactor_welded
  nadi-sim play rtsp_camera --port 5540 --set auth=digest-sha256
  nadi-sim play em400 --port 1883 --set interval_s=5 --fault burning
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command; returns the exit code."""
    wanted = parser().parse_args(arguments)
    if wanted.command == "list":
        with suppress(BrokenPipeError):  # whoever asked has read enough
            print(catalogue(), flush=True)
        return 0
    try:
        alone_here = wanted.command == "play"
        settings = alone(wish_of(wanted)) if alone_here else read_district(wanted.district)
        with ExitStack() as files:
            record = _record(wanted.record, files)
            return asyncio.run(_run(settings, _folder(wanted, files), record, paste=alone_here))
    except SimError as error:
        _complain(error)
        return 2
    except OSError as error:
        print(f"error: {error}\n hint: free some space or choose another --record", file=sys.stderr)
        return 1


def wish_of(wanted: argparse.Namespace) -> Wish:
    """What `play` was asked for."""
    return Wish(
        device=wanted.device,
        settings=wanted.set,
        faults=wanted.fault,
        port=wanted.port,
        seed=wanted.seed,
        clock=wanted.clock,
    )


def _folder(wanted: argparse.Namespace, files: ExitStack) -> Path:
    """Where ports and sockets go; alone, a folder that ends with it will do."""
    if wanted.dir is not None:
        folder: Path = wanted.dir
        return folder.absolute()
    return Path(files.enter_context(tempfile.TemporaryDirectory(prefix="nadi-sim-")))


async def _run(settings: DistrictSettings, directory: Path, record: Record, *, paste: bool) -> int:
    stopped = _stop_signal()
    async with District(
        settings, directory=directory, clock=SystemClock(), record=record
    ) as district:
        ControlLines(STDIN, district, complain=_complain).start(asyncio.get_running_loop())
        print(json.dumps({"ready": True} | asdict(district.places)), flush=True)
        if paste:
            lines = agent_lines(settings, district.places)
            print(f"\n# The agent's settings that read it:\n\n{lines}", flush=True)
        serving = asyncio.create_task(district.serve())
        stopping = asyncio.create_task(stopped.wait())
        done, _ = await asyncio.wait((serving, stopping), return_when=asyncio.FIRST_COMPLETED)
        if serving in done:
            serving.result()
        serving.cancel()
    return 0


def _stop_signal() -> asyncio.Event:
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    return stopped


def _record(path: Path | None, files: ExitStack) -> Record:
    if path is None:
        return NoRecord()
    try:
        record = FileRecord(path)
    except OSError as error:
        raise SimError(
            f"{path} cannot be written: {error.strerror}", hint="choose another --record"
        ) from error
    files.callback(record.close)
    return record


def _complain(error: SimError) -> None:
    print(f"error: {error}\n hint: {error.hint}", file=sys.stderr, flush=True)


def parser() -> argparse.ArgumentParser:
    """What can be written on the command line."""
    made = argparse.ArgumentParser(
        prog="nadi-sim",
        description=ABOUT,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = made.add_subparsers(dest="command", required=True, metavar="run|play|list")
    run = commands.add_parser(
        "run",
        help="serve the devices of a district file until told to stop",
        description="Serves the devices of a district file until told to stop.",
        epilog=RUN_NOTES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    run.add_argument(
        "district", metavar="DISTRICT.toml", type=Path, help="which devices, where, how faulty"
    )
    run.add_argument(
        "--dir", required=True, type=Path, help="directory for the serial ports' symlinks"
    )
    run.add_argument("--record", type=Path, help="append every answer to this file as a JSON line")
    _add_play(commands)
    commands.add_parser("list", help="say what it can be: devices, settings, faults")
    return made


def _add_play(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    play = commands.add_parser(
        "play",
        help="be one device, without a file",
        description="Is one device, without a file, until told to stop.",
        epilog=PLAY_NOTES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    play.add_argument("device", metavar="DEVICE", help=f"one of {', '.join(devices())}")
    play.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="a setting")
    play.add_argument("--fault", action="append", default=[], metavar="NAME", help="broken so")
    play.add_argument("--port", type=int, help="TCP or UDP port; of LoRaWAN, the broker's")
    play.add_argument("--dir", type=Path, help="where its serial port or socket goes")
    play.add_argument("--seed", type=int, default=1, help="same seed, same values (1)")
    play.add_argument("--clock", default="night", help="the sky: night (default), day or real")
    play.add_argument("--record", type=Path, help="append every answer to this file")


if __name__ == "__main__":
    sys.exit(main())
