"""Runs many schedules of boots, synchronisations and steps, or replays one by its seed."""

import argparse
import logging
import os
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from tests.simulation.campaign import CHUNK, Broken, show_progress
from tests.simulation.disk import memory_disk
from tests.simulation.truth import Violation
from tests.timing.schedule import Town, make_template, run_schedule

MAX_SHOWN = 10


def run_campaign(first: int, count: int) -> list[Broken]:
    """Seeds `first` to `first + count - 1`, on all cores."""
    broken: list[Broken] = []
    done, progress = 0, show_progress(count)
    with ProcessPoolExecutor(os.cpu_count() or 1) as workers:
        chunks = list(_chunks(first, count))
        for seeds, found in zip(chunks, workers.map(run_seeds, chunks), strict=True):
            broken += found
            done += len(seeds)
            progress(done, len(broken))
    return broken


def run_seeds(seeds: range, *, stop: bool = False) -> list[Broken]:
    """One after the other; with `stop`, up to the first that is broken."""
    logging.disable(logging.CRITICAL)
    return list(_broken(seeds, stop=stop))


def _broken(seeds: range, *, stop: bool) -> Iterator[Broken]:
    disk = memory_disk(Path(tempfile.gettempdir()))
    with tempfile.TemporaryDirectory(prefix="nadi-timing-", dir=disk) as name:
        make_template(template := Path(name) / "template.db")
        town = Town()
        for at, seed in enumerate(seeds):
            if at % CHUNK == 0:
                town = Town()
            try:
                run_schedule(seed, Path(name), template, town, trace=lambda _: None)
            except Exception as error:  # a crash of the product is a broken promise too
                said = "" if isinstance(error, Violation) else f"{type(error).__name__}: "
                yield Broken(seed=seed, words=f"{said}{error}")
                if stop:
                    return


def _chunks(first: int, count: int) -> Iterator[range]:
    for at in range(first, first + count, CHUNK):
        yield range(at, min(at + CHUNK, first + count))


def main() -> int:
    """0 if every stored time was honest."""
    parser = argparse.ArgumentParser(prog="python -m tests.timing", description=__doc__)
    parser.add_argument("seed", type=int, nargs="?", help="replay this one")
    parser.add_argument("--schedules", type=int, default=1_000)
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--until-broken", action="store_true", help="stop at the first broken one")
    wanted = parser.parse_args()
    if wanted.seed is not None:
        return _replay(wanted.seed)
    seeds = range(wanted.first, wanted.first + wanted.schedules)
    if wanted.until_broken:
        broken = run_seeds(seeds, stop=True)
    else:
        broken = run_campaign(wanted.first, wanted.schedules)
    for one in broken[:MAX_SHOWN]:
        print(f"broken: {one.words}\n  replay: python -m tests.timing {one.seed}")
    return 1 if broken else 0


def _replay(seed: int) -> int:
    with tempfile.TemporaryDirectory(prefix="nadi-timing-") as name:
        make_template(template := Path(name) / "template.db")
        try:
            run_schedule(seed, Path(name), template, Town(), trace=print)
        except Violation as violation:
            print(f"broken: {violation}")
            return 1
    print("every stored time was honest")
    return 0


if __name__ == "__main__":
    sys.exit(main())
