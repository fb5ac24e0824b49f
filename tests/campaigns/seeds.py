"""Runs many seeds of a campaign on every core, or replays one; names the broken ones."""

import argparse
import gc
import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import islice

MAX_SHOWN = 10
COLLECT_AFTER = 50_000  # objects; Python's 700 would cost a schedule a tenth more


class Violation(AssertionError):
    """A promise is broken."""


def why(error: Exception) -> str:
    """In words; a crash of the product is a broken promise too."""
    return str(error) if isinstance(error, Violation) else f"{type(error).__name__}: {error}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """A seed that breaks a promise; `replay` is one command that shows it."""

    seed: int
    words: str
    replay: str


# Runs seeds one after the other and yields the broken ones. Picklable.
RunSeeds = Callable[[range], Iterator[Broken]]
Progress = Callable[[int, int], None]


def run_on_every_core(
    run_seeds: RunSeeds, first: int, count: int, *, chunk: int, progress: Progress | None = None
) -> list[Broken]:
    """Seeds `first` to `first + count - 1`."""
    broken: list[Broken] = []
    done = 0
    chunks = list(_chunks(first, count, chunk))
    with ProcessPoolExecutor(os.cpu_count() or 1, initializer=collect_rarely) as workers:
        for seeds, found in zip(chunks, workers.map(partial(_all, run_seeds), chunks), strict=True):
            broken += found
            done += len(seeds)
            if progress:
                progress(done, len(broken))
    return broken


def collect_rarely() -> None:
    """What was imported stays, and what a seed leaves is little."""
    gc.freeze()
    gc.set_threshold(COLLECT_AFTER)


def _all(run_seeds: RunSeeds, seeds: range) -> list[Broken]:
    return list(run_seeds(seeds))


def _chunks(first: int, count: int, chunk: int) -> Iterator[range]:
    for at in range(first, first + count, chunk):
        yield range(at, min(at + chunk, first + count))


def show_progress(total: int, unit: str) -> Progress:
    """A line that moves on a terminal, and one now and then in a log."""
    tty = sys.stderr.isatty()
    shown = 0

    def show(done: int, broken: int) -> None:
        nonlocal shown
        if tty or done - shown >= total / 20 or done == total:
            shown = done
            end = "\r" if tty and done < total else "\n"
            print(f"{done} of {total} {unit}, {broken} broken", end=end, file=sys.stderr)

    return show


def in_words(broken: Sequence[Broken]) -> str:
    """The first of them, each with the command that shows it."""
    return "\n".join(f"broken: {one.words}\n  replay: {one.replay}" for one in broken[:MAX_SHOWN])


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedCommand:
    """The command line of one campaign: many seeds, or one again."""

    prog: str
    about: str
    unit: str
    count: int
    chunk: int
    run_seeds: Callable[[argparse.Namespace], RunSeeds]
    replay: Callable[[int, argparse.Namespace], str]  # what breaks, in words, or nothing
    kept: str = "every promise was kept"
    add_options: Callable[[argparse.ArgumentParser], None] = lambda _: None

    def main(self) -> int:
        """0 if every promise was kept."""
        wanted = self._parser().parse_args()
        if wanted.seed is not None:
            return self._replay(wanted)
        run_seeds = self.run_seeds(wanted)
        if wanted.until_broken:
            collect_rarely()
            seeds = range(wanted.first, wanted.first + wanted.count)
            broken = list(islice(run_seeds(seeds), 1))
        else:
            progress = show_progress(wanted.count, self.unit)
            broken = run_on_every_core(
                run_seeds, wanted.first, wanted.count, chunk=self.chunk, progress=progress
            )
        if broken:
            print(in_words(broken))
        if wanted.json:
            print(json.dumps({"done": wanted.count, "broken": len(broken)}))
        return 1 if broken else 0

    def _replay(self, wanted: argparse.Namespace) -> int:
        words = self.replay(wanted.seed, wanted)
        print(f"broken: {words}" if words else self.kept)
        return 1 if words else 0

    def _parser(self) -> argparse.ArgumentParser:
        parser = argparse.ArgumentParser(prog=self.prog, description=self.about)
        parser.add_argument("seed", type=int, nargs="?", help="replay this one")
        parser.add_argument("--count", type=int, default=self.count, help=f"how many {self.unit}")
        parser.add_argument("--first", type=int, default=0, help="the first seed")
        parser.add_argument("--until-broken", action="store_true", help="stop at the first broken")
        parser.add_argument("--json", action="store_true", help="end with one JSON object")
        self.add_options(parser)
        return parser
