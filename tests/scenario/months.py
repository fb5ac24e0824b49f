"""Many months side by side, one process for each core."""

import multiprocessing
import os
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor

from tests.scenario.days import run_days
from tests.scenario.judge import Report


def run_months(seeds: Sequence[int]) -> list[Report]:
    """A report for each seed, in their order."""
    fresh = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(max_workers=os.cpu_count(), mp_context=fresh) as pool:
        return list(pool.map(run_days, seeds))
