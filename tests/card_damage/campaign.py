"""Many outboxes, each damaged by its seed."""

import tempfile
from pathlib import Path

from tests.campaigns.seeds import Broken
from tests.card_damage.damaged import what_breaks
from tests.simulation.disk import memory_disk

CHUNK = 50


def run_seeds(seeds: range, *, stop: bool = False) -> list[Broken]:
    """The broken ones; with `stop`, up to the first."""
    broken: list[Broken] = []
    for seed in seeds:
        if words := replayed(seed):
            replay = f"python -m tests.card_damage {seed}"
            broken.append(Broken(seed=seed, words=words, replay=replay))
            if stop:
                break
    return broken


def replayed(seed: int) -> str:
    """What breaks, in words, or nothing."""
    disk = memory_disk(Path(tempfile.gettempdir()))
    with tempfile.TemporaryDirectory(prefix="nadi-card-damage-", dir=disk) as folder:
        return what_breaks(seed, Path(folder))
