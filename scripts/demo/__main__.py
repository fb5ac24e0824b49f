"""`make demo`: a district of Baubau on this machine, its failures, and the balance by counting."""

import argparse
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

from rich.console import Console

from scripts.demo.result import machine_line, print_balance, print_example, print_feed
from scripts.demo.snapshot import Observer
from scripts.demo.story import Story
from scripts.demo.view import LiveView, PlainView, View
from scripts.district.district import CITY, District, Plan
from scripts.district.private_store import Kind, private_store
from scripts.district.process import ProgramError
from scripts.district.stored import CityStore
from scripts.district.trial import verdict_on

LOOK_EVERY_S = 0.5
DRAIN_PATIENCE_S = 30.0
SHORTEST_S, LONGEST_S = 20, 86_400
LOG_WIDTH = 120


def main() -> int:
    """0 only if nothing is lost, nothing is doubled and the balance closes."""
    wanted = _parser().parse_args()
    ended = threading.Event()
    signal.signal(signal.SIGINT, lambda *_: ended.set())
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    console = Console(width=None if sys.stdout.isatty() else LOG_WIDTH)
    try:
        with tempfile.TemporaryDirectory(prefix="nadi-demo-") as folder:
            return _run(wanted.store, wanted.seconds, Path(folder), console, ended)
    except ProgramError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m scripts.demo", description=__doc__)
    parser.add_argument("--store", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--seconds", type=_seconds, default=90, help="how long the story takes")
    return parser


def _seconds(text: str) -> int:
    if not text.isdecimal() or not SHORTEST_S <= int(text) <= LONGEST_S:
        raise argparse.ArgumentTypeError(f"{text!r} is not {SHORTEST_S} to {LONGEST_S} seconds")
    return int(text)


def _run(kind: Kind, seconds: int, folder: Path, console: Console, ended: threading.Event) -> int:
    console.print(f"starting 3 gateways, a broker, a bridge on {kind} and 45 devices in {folder}")
    with private_store(kind, folder) as (settings, _):
        store = CityStore(settings)
        with District(folder, Plan(), store=settings) as district:
            story = Story(district)
            print_feed(district.broker, district.reader, CITY, console)
            view: View = LiveView(console) if console.is_terminal else PlainView(_print)
            try:
                _tell(story, Observer(district, store, of_s=seconds), view, seconds, ended)
            finally:
                view.close()
            story.stops.stop_all()
            district.bridge.stop()
            verdict = verdict_on(district, store, story.stops.pauses)
        print_balance(verdict, console)
        print_example(store, console)
    print(machine_line(verdict), flush=True)
    return 0 if verdict.good else 1


def _tell(
    story: Story, observer: Observer, view: View, seconds: int, ended: threading.Event
) -> None:
    """The story's steps at their times; then all is mended, and the backlogs drain."""
    elapsed_s = _stopwatch()
    waiting = list(story.steps())
    while elapsed_s() < seconds and not ended.is_set():
        while waiting and elapsed_s() >= waiting[0].at * seconds:
            step = waiting.pop(0)
            view.say(observer.say(elapsed_s(), step.words))
            step.act()
        view.show(observer.look(elapsed_s()))
        ended.wait(LOOK_EVERY_S)
    view.say(observer.say(elapsed_s(), "the story ends: all is mended, what waits may drain"))
    story.mend()
    until_s = elapsed_s() + DRAIN_PATIENCE_S
    while not (now := observer.look(elapsed_s())).drained(story.round_s) and elapsed_s() < until_s:
        view.show(now)
        time.sleep(LOOK_EVERY_S)
    view.show(now)


def _print(line: str) -> None:
    print(line, flush=True)


def _stopwatch() -> Callable[[], float]:
    started_s = time.monotonic()
    return lambda: time.monotonic() - started_s


if __name__ == "__main__":
    sys.exit(main())
