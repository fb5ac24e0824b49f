"""`python -m benchmarks`: measures, prints a table, and keeps the figures in results.json."""

import argparse
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from importlib import import_module
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.figure import RESULTS, Benchmark, Figure, Run, Say, keep, load
from contract.errors import NadiError
from scripts.district.process import ProgramError

# Each is a module of this package with `measure`; the long ones last.
NAMES = (
    "wire",
    "outbox",
    "agent_start",
    "line_round",
    "discovery",
    "preparing",
    "ingest",
    "drain",
    "latency",
    "restart",
    "query",
    "growth",
    "upgrade",
    "export",
    "feed",
    "feed_pace",
    "first_reading",
    "campaigns",
    "fleet",
    "agent_footprint",
)

EXAMPLES = """\
examples:
  python -m benchmarks                        all of them; takes about half an hour
  python -m benchmarks drain --profile /tmp/p where agent and bridge spend the drain
  python -m benchmarks export --readings 2000000
  python -m benchmarks agent_footprint --minutes 3
  python -m benchmarks growth --rows 9000000  where there is neither room nor time for 100,000,000

Results of benchmarks that are not named stay in the file. A missed target is a row that says so;
the exit code is 1 only if a benchmark could not be run.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code: 0 all were measured, 1 one could not be, 2 the command line is wrong."""
    parser = _parser()
    wanted = parser.parse_args(arguments)
    if unknown := set(wanted.names) - set(NAMES):
        parser.error(f"{sorted(unknown)[0]} is no benchmark; there are {', '.join(NAMES)}")
    console = Console(highlight=False)
    measured: dict[str, list[Figure]] = {}
    failed = False
    for name in wanted.names or NAMES:
        try:
            measured[name] = _measure(name, wanted, console)
        except (NadiError, ProgramError, OSError) as error:
            failed = True
            print(f"error: {name}: {error}", file=sys.stderr)
        else:
            keep(wanted.results, {name: measured[name]})
    _show([figure for figures in measured.values() for figure in figures], console)
    return 1 if failed else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="Measures every figure that this project promises.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="which")
    parser.add_argument("--results", type=Path, default=RESULTS, metavar="FILE")
    parser.add_argument("--minutes", type=float, default=10.0, help="of agent_footprint and fleet")
    parser.add_argument("--gateways", type=int, default=2_000, metavar="N", help="of fleet")
    parser.add_argument(
        "--rows", type=int, default=100_000_000, metavar="N", help="of growth, upgrade"
    )
    parser.add_argument("--readings", type=int, default=10_000_000, help="of export")
    parser.add_argument("--nightly", action="store_true", help="the campaigns' long sizes")
    parser.add_argument("--profile", type=Path, metavar="DIR", help="sample agent and bridge")
    return parser


def _measure(name: str, wanted: argparse.Namespace, console: Console) -> list[Figure]:
    measure: Benchmark = import_module(f"benchmarks.{name}").measure
    figures = []
    with ExitStack() as until_done:
        folder = Path(until_done.enter_context(tempfile.TemporaryDirectory(prefix="nadi-bench-")))
        say = _speaker(name, console, until_done)
        run = Run(
            folder=folder,
            say=say,
            minutes=wanted.minutes,
            gateways=wanted.gateways,
            rows=wanted.rows,
            readings=wanted.readings,
            nightly=wanted.nightly,
            profile=wanted.profile,
        )
        for figure in measure(run):
            figures.append(figure)
            if not console.is_terminal:
                print(_line(figure), flush=True)
    return figures


def _speaker(name: str, console: Console, until_done: ExitStack) -> Say:
    """On a terminal one line that changes, else a line each time."""
    if console.is_terminal:
        status = until_done.enter_context(console.status(name))
        return lambda text: status.update(f"{name}: {text}")
    return lambda text: print(f"{name}: {text}", flush=True)


def _show(figures: Sequence[Figure], console: Console) -> None:
    if not console.is_terminal:
        met = sum(figure.met for figure in figures)
        print(f"{met} of {len(figures)} targets reached; {load()}")
        return
    table = Table("figure", "value", "unit", "target", "", "how")
    for figure in figures:
        row = figure.row()
        mark = "[green]met[/]" if figure.met else "[red]missed[/]"
        table.add_row(
            figure.name, f"{row['value']:,}", figure.unit, str(figure.target), mark, figure.detail
        )
    console.print(table)


def _line(figure: Figure) -> str:
    row = figure.row()
    mark = "met" if figure.met else "MISSED"
    return (
        f"{figure.name:42} {row['value']:>12,} {figure.unit:12} {row['target']:>12}  {mark:6}"
        f"  {figure.detail}"
    )


if __name__ == "__main__":
    sys.exit(main())
