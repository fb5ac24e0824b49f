"""Many seeds of boots, synchronisations and steps, some in one store in memory."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.campaigns.seeds import Broken
from tests.simulation.disk import memory_disk
from tests.simulation.truth import Violation
from tests.timing.schedule import Town, make_template, run_schedule

CHUNK = 50


def run_seeds(seeds: range, *, stop: bool = False) -> list[Broken]:
    """One after the other; with `stop`, up to the first that is broken."""
    found: list[Broken] = []
    for one in _broken(seeds):
        found.append(one)
        if stop:
            break
    return found


def _broken(seeds: range) -> Iterator[Broken]:
    disk = memory_disk(Path(tempfile.gettempdir()))
    with tempfile.TemporaryDirectory(prefix="nadi-timing-", dir=disk) as name:
        make_template(template := Path(name) / "template.db")
        town = Town()
        for at, seed in enumerate(seeds):
            town = Town() if at % CHUNK == 0 else town
            try:
                run_schedule(seed, Path(name), template, town, trace=lambda _: None)
            except Exception as error:  # a crash of the product is a broken promise too
                said = "" if isinstance(error, Violation) else f"{type(error).__name__}: "
                replay = f"python -m tests.timing {seed}"
                yield Broken(seed=seed, words=f"{said}{error}", replay=replay)
