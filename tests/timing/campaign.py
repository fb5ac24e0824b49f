"""Many seeds of boots, synchronisations and steps, some in one store in memory."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.campaigns.seeds import Broken, why
from tests.simulation.disk import memory_disk
from tests.timing.schedule import Town, make_template, run_schedule

CHUNK = 50


def run_seeds(seeds: range) -> Iterator[Broken]:
    """The broken ones."""
    disk = memory_disk(Path(tempfile.gettempdir()))
    with tempfile.TemporaryDirectory(prefix="nadi-timing-", dir=disk) as name:
        make_template(template := Path(name) / "template.db")
        town = Town()
        for at, seed in enumerate(seeds):
            town = Town() if at % CHUNK == 0 else town
            try:
                run_schedule(seed, Path(name), template, town, trace=lambda _: None)
            except Exception as error:
                replay = f"python -m tests.timing {seed}"
                yield Broken(seed=seed, words=why(error), replay=replay)
