"""Runs campaigns part by part, the one that is furthest behind first, until the time is up."""

import json
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.campaigns.progress import MAX_KEPT, ROOT, Build, Progress, keep, load
from tests.campaigns.table import Campaign

LONGEST_PART_S = 1_800


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a part's command said."""

    done: int
    broken: int
    words: str


class Runner:
    """The campaigns of one run, with their progress on the disk."""

    def __init__(
        self,
        campaigns: Sequence[Campaign],
        *,
        folder: Path,
        build: Callable[[Campaign], Build],
        today: str,
        say: Callable[[str], None],
        run_part: "Callable[[Campaign, int, int], Said] | None" = None,
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self.campaigns = campaigns
        self._folder = folder
        self._say = say
        self._run_part = run_part or run_command
        self._now_s = now_s
        self.progress = {one.name: load(folder, one.name, build(one), today) for one in campaigns}

    def run(self, until_s: float) -> None:
        """Ends when all are done or the time is up; a part that has begun is finished."""
        while campaign := self._furthest_behind(until_s):
            self._one_part(campaign)

    def unfinished(self) -> list[Campaign]:
        """Those with something left to do."""
        return [one for one in self.campaigns if self.progress[one.name].done < one.nightly]

    def _furthest_behind(self, until_s: float) -> Campaign | None:
        """Of those whose next part still fits."""

        def share(one: Campaign) -> float:
            return self.progress[one.name].done / one.nightly

        now_s = self._now_s()
        fitting = [one for one in self.unfinished() if now_s + one.minutes * 60 < until_s]
        return min(fitting, key=share, default=None)

    def _one_part(self, campaign: Campaign) -> None:
        progress = self.progress[campaign.name]
        count = min(campaign.chunk, campaign.nightly - progress.done)
        began_s = self._now_s()
        said = self._run_part(campaign, progress.done, count)
        after = progress.model_copy(update={
            "done": progress.done + count,
            "broken_count": progress.broken_count + said.broken,
            "broken": [*progress.broken, *([said.words] if said.broken else [])][:MAX_KEPT],
            "seconds": progress.seconds + self._now_s() - began_s,
        })  # fmt: skip
        self.progress[campaign.name] = after
        keep(self._folder, campaign.name, after)
        self._say(_line(campaign, after))
        if said.broken:
            self._say(said.words)


def _line(campaign: Campaign, progress: Progress) -> str:
    done, of = (n * campaign.unit_size for n in (progress.done, campaign.nightly))
    sign = "✗" if progress.broken_count else "✓"
    broken = progress.broken_count
    return f"{sign} {campaign.name}: {done:,} of {of:,} {campaign.unit}, {broken} broken"


def run_command(campaign: Campaign, first: int, count: int) -> Said:
    """The part's own command; one that says nothing, or takes for ever, counts as broken."""
    command = campaign.command(first, count)
    shown = " ".join(["python", *command[1:]])
    longest_s = max(LONGEST_PART_S, campaign.minutes * 120)
    try:
        done = subprocess.run(
            command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=longest_s
        )
    except subprocess.TimeoutExpired:
        return Said(done=count, broken=1, words=f"no end after {longest_s} s: {shown}")
    lines = done.stdout.strip().splitlines()
    try:
        told = json.loads(lines[-1])
        return Said(done=told["done"], broken=told["broken"], words="\n".join(lines[:-1]))
    except (IndexError, ValueError, KeyError, TypeError):
        words = f"no result from: {shown}\n{done.stderr.strip()[-500:]}"
        return Said(done=count, broken=1, words=words)
