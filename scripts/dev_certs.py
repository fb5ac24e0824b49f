"""`scripts/dev-certs`: certificates to try things out with, until there is a city's authority."""

import argparse
import re
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from contract.identity import ID_PATTERN, City
from scripts.district.broker import write_broker_folder
from scripts.district.certificates import MARK, Authority

EXAMPLE = """\
example:
  scripts/dev-certs /tmp/certs broker bridge reader bb-0001 bb-0002
  mosquitto -c /tmp/certs/broker/mosquitto.conf

A name that starts with "broker" gets a server's certificate for --host and a complete folder that
mosquitto starts with; any other name a client's, and the broker takes the name as its user. The
authority's own key is never written: to add a name, make all of them again in another folder.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Writes the certificates; returns the exit code."""
    wanted = _parser().parse_args(arguments)
    names = [*wanted.name, wanted.city]
    wrong = [name for name in names if not re.fullmatch(ID_PATTERN, name)]
    if wrong:
        print(f"error: {wrong[0]!r} is no name\n hint: use letters, digits, . _ -", file=sys.stderr)
        return 2
    try:
        _write(wanted.folder, wanted.name, tuple(wanted.host), City(wanted.city))
    except OSError as error:
        print(f"error: {error}\n hint: choose another folder", file=sys.stderr)
        return 1
    print(f"{wanted.folder}: ca.pem and {len(wanted.name)} certificates, valid a year. {MARK}.")
    return 0


def _write(folder: Path, names: Sequence[str], hosts: tuple[str, ...], city: City) -> None:
    authority = Authority(folder, now=datetime.now(UTC))
    for name in names:
        if name.startswith("broker"):
            shown = authority.server(name, hosts=hosts)
            write_broker_folder(folder / name, city=city, listener="8883", credentials=shown)
        else:
            authority.client(name)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="scripts/dev-certs",
        description=f"Makes certificates for development. {MARK}.",
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("folder", type=Path, help="where the PEM files go; never commit them")
    parser.add_argument("name", nargs="+", help="broker, a gateway's id, bridge, bridge-1, reader")
    parser.add_argument("--city", default="baubau", help="the city's name in every topic")
    parser.add_argument(
        "--host",
        action="append",
        default=["127.0.0.1", "localhost"],
        help="one more address or name of the broker",
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
