"""Many schedules on every core, the broken ones named by their seeds."""

import os
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass

from tests.simulation.schedule import run_schedule
from tests.simulation.truth import Violation
from tests.simulation.workshop import workshop

CHUNK = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """A schedule that breaks a promise; `replay` shows it step by step."""

    seed: int
    words: str

    @property
    def replay(self) -> str:
        """One command."""
        return f"python -m tests.simulation {self.seed}"


def run_campaign(
    first: int, count: int, *, progress: Callable[[int, int], None] | None = None
) -> list[Broken]:
    """Seeds `first` to `first + count - 1`, on all cores."""
    broken: list[Broken] = []
    done = 0
    with ProcessPoolExecutor(os.cpu_count() or 1) as workers:
        for seeds, found in zip(
            _chunks(first, count), workers.map(run_seeds, _chunks(first, count)), strict=True
        ):
            broken += found
            done += len(seeds)
            if progress:
                progress(done, len(broken))
    return broken


def run_seeds(seeds: range, *, stop: bool = False) -> list[Broken]:
    """One after the other; with `stop`, up to the first that is broken."""
    broken: list[Broken] = []
    with workshop() as (folder, templates):
        for seed in seeds:
            try:
                run_schedule(seed, folder, templates)
            except Violation as violation:
                broken.append(Broken(seed=seed, words=str(violation)))
            except Exception as error:  # a crash of the product is a broken promise too
                broken.append(Broken(seed=seed, words=f"{type(error).__name__}: {error}"))
            if stop and broken:
                break
    return broken


def _chunks(first: int, count: int) -> Iterator[range]:
    for at in range(first, first + count, CHUNK):
        yield range(at, min(at + CHUNK, first + count))


def show_progress(total: int) -> Callable[[int, int], None]:
    """A line that moves on a terminal, and one now and then in a log."""
    tty = sys.stderr.isatty()

    def show(done: int, broken: int) -> None:
        if tty or done % (CHUNK * 40) < CHUNK or done == total:
            end = "\r" if tty and done < total else "\n"
            print(f"{done} of {total} schedules, {broken} broken", end=end, file=sys.stderr)

    return show
