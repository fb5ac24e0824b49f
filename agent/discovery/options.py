"""What can be said after `nadi-agent discover`."""

import argparse
import re
from pathlib import Path

from agent.config import DEFAULT
from agent.language import _
from contract.errors import SettingsError

HELP = "find what a line, a network or LoRaWAN has, and print or write the settings for it"
WORDS = """\
Finds what this gateway could read, only by asking: it never writes to a device. It prints the
settings to paste, or adds them to the settings file with --write. What the settings have already
is marked = and is never added twice; if the agent runs, it looks for you on the lines it holds.
"""
EXAMPLES = """\
examples:
  nadi-agent discover --line /dev/ttyUSB0                    bauds 9600 and 2400, addresses 1-32
  nadi-agent discover --line /dev/ttyUSB0 --write            and add what is new to the settings
  nadi-agent discover --line /dev/ttyUSB0 --write --asset 3=PJU-0003 --asset 5=PJU-0005
  nadi-agent discover --network 10.20.0.0/24                 cameras and access points, no login
  nadi-agent discover --network 10.20.0.0/24 --user nadi --password file:camera.password
  nadi-agent discover --lorawan                              devices no setting names, odd payloads

Off a terminal, a device without --asset is written as NEW-ttyUSB0-3 and so on: rename those.
Of a network each host sees a few packets and at most one login: your camera account where RTSP
answers, else one SNMP question with the community. Without --user no camera sees a login.
Exit code: 0 something was found, 1 nothing was, 2 the command line or the settings are wrong.
"""
BAUDS = (1_200, 2_400, 4_800, 9_600, 19_200, 38_400, 57_600, 115_200)


def add_options(command: argparse.ArgumentParser) -> None:
    """Every option, by what it belongs to."""
    what = command.add_mutually_exclusive_group(required=True)
    what.add_argument("--line", metavar="PORT", help="a serial port, for example /dev/ttyUSB0")
    what.add_argument("--network", metavar="NETWORK", help="for example 10.20.0.0/24")
    what.add_argument("--lorawan", action="store_true", help="what ChirpStack hears")
    what.add_argument(
        "--found", type=Path, metavar="FILE",
        help="what --json said of an earlier --line or --network, instead of another search",
    )  # fmt: skip
    _add_line(command)
    _add_network(command)
    _add_lorawan(command)
    _add_output(command)


def _add_line(command: argparse.ArgumentParser) -> None:
    line = command.add_argument_group("with --line")
    line.add_argument(
        "--baud", type=int, action="append", choices=BAUDS, metavar="BAUD",
        help="try this; may be given again; default 9600, then 2400",
    )  # fmt: skip
    line.add_argument(
        "--addresses", default="1-32,80", metavar="LIST",
        help="for example 1-16,40; default 1-32,80; at most 1-247",
    )  # fmt: skip
    line.add_argument(
        "--timeout-ms", type=int, default=150, metavar="MS",
        help="how long a device may take to answer; default 150",
    )  # fmt: skip


def _add_network(command: argparse.ArgumentParser) -> None:
    network = command.add_argument_group("with --network")
    network.add_argument("--user", default="", help="a camera account; one attempt for each host")
    network.add_argument(
        "--password",
        default="ask",
        metavar="file:PATH",
        help="its password; asked for if not given",
    )
    network.add_argument(
        "--community", default="public", metavar="file:PATH",
        help="of SNMP: public, none, ask, or file:PATH; default public",
    )  # fmt: skip
    network.add_argument("--path", default="/", help="of a camera's stream; default /")
    for name, port in (("rtsp", 554), ("http", 80), ("https", 443)):
        network.add_argument(
            f"--{name}-port", type=int, action="append", metavar="PORT",
            help=f"may be given again; default {port}",
        )  # fmt: skip
    network.add_argument("--snmp-port", type=int, default=161, metavar="PORT", help="default 161")
    network.add_argument(
        "--max-hosts", type=int, default=1_024, metavar="N", help="default 1024, a /22"
    )
    network.add_argument(
        "--pace", type=int, default=100, metavar="N", help="packets a second; default 100"
    )
    network.add_argument(
        "--limit-s", type=int, default=600, metavar="S", help="give up after; default 600"
    )
    network.add_argument(
        "--public", action="store_true", help="allow addresses of the public Internet"
    )


def _add_lorawan(command: argparse.ArgumentParser) -> None:
    lorawan = command.add_argument_group("with --lorawan")
    lorawan.add_argument("--seconds", type=int, default=60, metavar="S", help="listen; default 60")
    lorawan.add_argument(
        "--application", default="", metavar="ID",
        help="an application of the ChirpStack on this gateway that no setting names yet",
    )  # fmt: skip
    lorawan.add_argument(
        "--broker", default="127.0.0.1:1883", metavar="HOST:PORT",
        help="ChirpStack's broker, with --application; default 127.0.0.1:1883",
    )  # fmt: skip


def _add_output(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--settings", type=Path, default=None, metavar="FILE", help=f"default {DEFAULT}"
    )
    command.add_argument(
        "--write", nargs="?", type=Path, const=Path(), metavar="FILE",
        help="add what is new to FILE, by default to the settings",
    )  # fmt: skip
    command.add_argument(
        "--asset", action="append", default=[], metavar="WHERE=NUMBER",
        help="the inventory number of what is at an address, host or DevEUI, or KIND/NUMBER;"
        " may be given again",
    )  # fmt: skip
    command.add_argument(
        "--no-questions", action="store_true", help="do not ask for numbers on a terminal either"
    )
    command.add_argument(
        "--named-only", action="store_true", help="leave out what no --asset names, and ask nobody"
    )
    command.add_argument("--json", action="store_true", help="one JSON object on standard output")


def addresses(text: str) -> tuple[int, ...]:
    """The addresses of a list like 1-16,40; raises SettingsError."""
    found: list[int] = []
    for part in text.split(","):
        match = re.fullmatch(r"(\d{1,3})(?:-(\d{1,3}))?", part)
        first, last = (int(match[1]), int(match[2] or match[1])) if match else (0, 0)
        if not 1 <= first <= last <= 247:
            raise SettingsError(
                _("--addresses {text} is no range of addresses").format(text=text),
                hint=_("write it as 1-32 or 1-16,40; at most 1-247"),
            )
        found += range(first, last + 1)
    return tuple(dict.fromkeys(found))


def broker(text: str) -> tuple[str, int]:
    """Host and port; raises SettingsError."""
    match = re.fullmatch(r"([A-Za-z0-9.-]+):(\d{1,5})", text)
    if match is None:
        raise SettingsError(
            _("--broker {text} is no HOST:PORT").format(text=text),
            hint=_("for example 127.0.0.1:1883"),
        )
    return match[1], in_bounds("broker", int(match[2]), 1, 65_535)


def in_bounds(name: str, value: int, least: int, most: int) -> int:
    """`value`; raises SettingsError if it is out of bounds."""
    if not least <= value <= most:
        raise SettingsError(
            _("--{name} is out of range").format(name=name),
            hint=_("give {least} to {most}").format(least=least, most=most),
        )
    return value
