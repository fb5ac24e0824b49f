"""Many cards through their power cuts; each is named by its seed."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from tests.campaigns.seeds import Broken, why
from tests.power_cuts.card_life import CUTS_A_CARD, FIRST_LIFE, run_card
from tests.power_cuts.sqlite_vfs import SqliteOnVolatileDisk

CHUNK = 50


@contextmanager
def bench() -> Iterator[tuple[SqliteOnVolatileDisk, Path]]:
    """The disk, and a folder that only lends it its name."""
    with (
        tempfile.TemporaryDirectory(prefix="nadi-power-cuts-") as folder,
        SqliteOnVolatileDisk().in_use() as host,
    ):
        yield host, Path(folder)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cards:
    """How often the power of each card is cut, and how late in its first life at the earliest."""

    cuts: int = CUTS_A_CARD
    after: int = 0

    def __call__(self, seeds: range) -> Iterator[Broken]:
        """The broken ones."""
        with bench() as (host, folder):
            for seed in seeds:
                if words := self.what_breaks(seed, host, folder):
                    yield Broken(seed=seed, words=words, replay=self._replay(seed, host, folder))

    def what_breaks(self, seed: int, host: SqliteOnVolatileDisk, folder: Path) -> str:
        """In words, or nothing."""
        first_cut = range(self.after, self.after + FIRST_LIFE)
        try:
            with tempfile.TemporaryDirectory(dir=folder) as own:
                run_card(seed, host, Path(own), cuts=self.cuts, first_cut=first_cut)
        except Exception as error:
            return why(error)
        return ""

    def _replay(self, seed: int, host: SqliteOnVolatileDisk, folder: Path) -> str:
        """With as few cuts as it takes."""
        fewest = next(
            cuts
            for cuts in range(1, self.cuts + 1)
            if replace(self, cuts=cuts).what_breaks(seed, host, folder)
        )
        return f"python -m tests.power_cuts {seed} --cuts {fewest} --after {self.after}"
