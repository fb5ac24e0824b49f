"""One district, whose parts fail at moments that its own progress decides, and what was counted."""

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random

from broker_bridge.config import StoreSettings
from scripts.district.district import District, Plan
from scripts.district.equipment import Equipment
from scripts.district.fibre import Fibre
from scripts.district.judge import Verdict
from scripts.district.ports import free_port
from scripts.district.postgres import Postgres
from scripts.district.private_store import Kind as StoreKind
from scripts.district.private_store import private_store
from scripts.district.progress import DRAIN_S, Progress
from scripts.district.stored import CityStore
from scripts.district.trial import Stops, verdict_on
from scripts.kills.faults import KINDS, Fault, Kind, faults_of

PLAN = Plan(
    gateways=2,
    equipment=Equipment(lamps=4, bins=1, cameras=4, access_points=24),
    read_interval_s=0.5,
    seal_interval_s=0.4,
    keepalive_s=5,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """How many faults of which kinds, on which store, and the seed of their order."""

    store: StoreKind
    count: int
    seed: int
    kinds: Sequence[Kind] = KINDS
    drain_s: float = DRAIN_S


class Campaign:
    """Faults at random, one or two at once, each of another part; all are mended at the end."""

    def __init__(
        self,
        progress: Progress,
        faults: Sequence[Fault],
        *,
        random: Random,
        say: Callable[[str], None],
    ) -> None:
        self._progress = progress
        self._faults = faults
        self._random = random
        self._say = say

    def run(self, count: int) -> None:
        """The district's progress before and between is the clock."""
        done = 0
        while done < count:
            together = self._together(2 if count - done > 1 and self._random.random() < 0.3 else 1)
            self._progress.wait_for_readings(self._random.randint(1, 300))
            for fault in together:
                done += 1
                self._say(f"{done} of {count}: {fault}")
                fault.begin()
            if self._progress.reading:
                self._progress.wait_for_readings(self._random.randint(1, 150))
            for fault in sorted(together, key=lambda fault: fault.needs):
                fault.end()

    def _together(self, count: int) -> list[Fault]:
        parts = sorted({fault.part for fault in self._faults})
        return [
            self._random.choice([fault for fault in self._faults if fault.part == part])
            for part in self._random.sample(parts, min(count, len(parts)))
        ]


def kill_campaign(wanted: Wanted, *, say: Callable[[str], None]) -> Verdict:
    """So many faults of one district on one kind of store; raises ProgramError."""
    with (
        tempfile.TemporaryDirectory(prefix="nadi-kills-") as name,
        private_store(wanted.store, Path(name)) as (settings, postgres),
        _through_a_line(settings, postgres) as (of_bridges, line),
        District(
            Path(name), replace(PLAN, bridges=2 if postgres else 1), store=of_bridges
        ) as district,
    ):
        stops = Stops(district)
        faults = faults_of(district, stops, postgres=postgres, to_database=line)
        chosen = [fault for fault in faults if fault.kind in wanted.kinds]
        progress = Progress(district)
        campaign = Campaign(progress, chosen, random=Random(wanted.seed), say=say)
        campaign.run(wanted.count)
        findings = progress.drain(wanted.drain_s)
        stops.stop_all()
        for bridge in district.bridges:
            bridge.program.stop()
        findings += district.bridges[0].unexplained()
        verdict = verdict_on(district, CityStore(settings), stops.pauses)
        return replace(verdict, findings=(*verdict.findings, *findings))


@contextmanager
def _through_a_line(
    settings: StoreSettings, postgres: Postgres | None
) -> Iterator[tuple[StoreSettings, Fibre | None]]:
    """How the bridges reach the store: by a line that can fail, where it is a server."""
    if postgres is None:
        yield settings, None
        return
    with Fibre(port=free_port(Random()), target_port=postgres.port) as line:
        conninfo = settings.conninfo.replace(f":{postgres.port}/", f":{line.port}/")
        yield settings.model_copy(update={"conninfo": conninfo}), line
