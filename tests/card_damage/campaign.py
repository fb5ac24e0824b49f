"""Many outboxes, each damaged by its seed."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.campaigns.seeds import Broken
from tests.card_damage.damaged import what_breaks
from tests.simulation.disk import memory_disk

CHUNK = 50


def run_seeds(seeds: range) -> Iterator[Broken]:
    """The broken ones."""
    for seed in seeds:
        if words := replayed(seed):
            yield Broken(seed=seed, words=words, replay=f"python -m tests.card_damage {seed}")


def replayed(seed: int) -> str:
    """What breaks, in words, or nothing."""
    disk = memory_disk(Path(tempfile.gettempdir()))
    with tempfile.TemporaryDirectory(prefix="nadi-card-damage-", dir=disk) as folder:
        return what_breaks(seed, Path(folder))
