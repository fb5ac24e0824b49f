"""Many schedules, one after the other; a broken one is named by its seed and its needed steps."""

from collections.abc import Iterator, Sequence

from tests.campaigns.seeds import Broken, why
from tests.simulation.schedule import run_length, run_schedule
from tests.simulation.workshop import Workshop, workshop

CHUNK = 200
SHRINKING_RUNS = 400


def run_seeds(seeds: range) -> Iterator[Broken]:
    """The broken ones, the first of them shrunk."""
    first = True
    with workshop() as place:
        for seed in seeds:
            if words := what_breaks(seed, place):
                steps = shrunk(seed, place) if first else None
                yield Broken(seed=seed, words=words, replay=replay_of(seed, steps))
                first = False


def what_breaks(seed: int, place: Workshop, steps: Sequence[int] | None = None) -> str:
    """In words, or nothing; with `steps`, only those of the schedule's faults happen."""
    try:
        run_schedule(seed, place, steps)
    except Exception as error:
        return why(error)
    return ""


def shrunk(seed: int, place: Workshop) -> list[int]:
    """Fewer steps that still break a promise: halves, quarters and so on are left out in turn."""
    steps = list(range(run_length(seed)))
    part, runs = len(steps) // 2, 0
    while part and runs < SHRINKING_RUNS:
        at = 0
        while at < len(steps) and runs < SHRINKING_RUNS:
            fewer = steps[:at] + steps[at + part :]
            runs += 1
            if what_breaks(seed, place, fewer):
                steps = fewer
            else:
                at += part
        part //= 2
    return steps


def replay_of(seed: int, steps: Sequence[int] | None) -> str:
    """One command."""
    only = f" --steps {','.join(map(str, steps))}" if steps else ""
    return f"python -m tests.simulation {seed}{only}"
