"""Puts the city's database back to a backup of a random age, again and again, and counts."""

import argparse
import json
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

from broker_bridge.backup import back_up, restore
from broker_bridge.config import StoreSettings
from contract.identity import GatewayId
from scripts.district.district import District, Plan
from scripts.district.equipment import Equipment
from scripts.district.gateway import Gateway
from scripts.district.judge import Verdict
from scripts.district.postgres import Postgres
from scripts.district.private_store import Kind, private_store
from scripts.district.process import ProgramError
from scripts.district.progress import Progress
from scripts.district.sealed import Outbox, read_outbox
from scripts.district.sheet import sheet_of
from scripts.district.stored import CityStore, Stored
from scripts.district.trial import Stops, outbox_file, outboxes_of, verdict_on

MAX_BACKUPS = 8
FORGETFUL = 0.2  # how often a gateway loses its outbox before the restore
PLAN = Plan(
    gateways=2,
    equipment=Equipment(lamps=4, bins=1, cameras=1, access_points=1),
    read_interval_s=0.5,
    seal_interval_s=0.4,
)


class Backups:
    """As `nadi-bridge backup` takes them while a bridge writes; any of them can come back."""

    def __init__(self, folder: Path, store: StoreSettings, postgres: Postgres | None) -> None:
        self.taken: list[Path] = []
        self._folder = folder
        self._store = store
        self._postgres = postgres
        self._asked = 0

    def take(self) -> None:
        """One more."""
        self.taken.append(back_up(self._store, self._folder, now=self._now()).folder)

    def restore(self, backup: Path) -> None:
        """No bridge may run."""
        if self._postgres:
            self._postgres.empty()
        restore(self._store, backup, now=self._now(), replace=True)

    def _now(self) -> datetime:
        """A second later each time: it is only a name."""
        self._asked += 1
        return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=self._asked)


class Campaign:
    """Backups, gateways whose outbox is gone for good, and restores, while the district lives."""

    def __init__(
        self,
        district: District,
        backups: Backups,
        *,
        random: Random,
        say: Callable[[str], None],
    ) -> None:
        self.stops = Stops(district)
        self.gone: dict[GatewayId, list[Outbox]] = defaultdict(list)
        self._district = district
        self._backups = backups
        self._random = random
        self._say = say
        self._progress = Progress(district)

    def run(self, count: int) -> list[str]:
        """A sentence for whatever did not drain in the end."""
        for number in range(1, count + 1):
            self._progress.wait_for_readings(self._random.randint(1, 60))
            if len(self._backups.taken) < MAX_BACKUPS:
                self._backups.take()
            self._progress.wait_for_readings(self._random.randint(1, 60))
            if self._random.random() < FORGETFUL:
                self._destroy_outbox(self._random.choice(self._district.gateways))
            self._restore(number, count)
        self._progress.wait_for_readings(100)
        return self._progress.drain()

    def _restore(self, number: int, count: int) -> None:
        age = self._random.randrange(len(self._backups.taken))
        self._say(f"{number} of {count}: backup {age} of {len(self._backups.taken)} comes back")
        self._district.bridge.kill()
        self._backups.restore(self._backups.taken[age])
        self._district.start_bridge()

    def _destroy_outbox(self, gateway: Gateway) -> None:
        """What it held is read before, for the judge; the agent goes on with an empty one."""
        self._say(f"the outbox of {gateway.id} is destroyed")
        self.stops.stop(gateway)
        path = outbox_file(gateway)
        self.gone[gateway.id].append(read_outbox(path, gateway.id))
        for end in ("", "-wal", "-shm"):
            path.with_name(path.name + end).unlink(missing_ok=True)
        self.stops.restart(gateway)


def restore_campaign(
    kind: Kind, *, restores: int, seed: int, say: Callable[[str], None]
) -> Verdict:
    """So many restores of one district's database; raises ProgramError."""
    with (
        tempfile.TemporaryDirectory(prefix="nadi-restores-") as name,
        private_store(kind, Path(name)) as (settings, postgres),
        District(Path(name), PLAN, store=settings) as district,
    ):
        backups = Backups(Path(name) / "backups", settings, postgres)
        campaign = Campaign(district, backups, random=Random(seed), say=say)
        findings = campaign.run(restores)
        campaign.stops.stop_all()
        district.bridge.stop()
        return _judged(district, CityStore(settings), campaign, findings)


def _judged(
    district: District, store: CityStore, campaign: Campaign, findings: list[str]
) -> Verdict:
    """Lost may be only what an outbox that is gone held, and the balance must name it."""
    present = outboxes_of(district)
    balances = district.bridges[0].balance()
    verdict = verdict_on(
        district,
        store,
        campaign.stops.pauses,
        outboxes=[_with_gone(outbox, campaign.gone[outbox.gateway]) for outbox in present],
        named_lost={one.gateway: one.in_holes for one in balances},
    )
    findings = [
        *verdict.findings,
        *findings,
        *_still_there_and_lost(present, store.read()),
        *district.bridges[0].unexplained(),
    ]
    return replace(verdict, findings=tuple(findings))


def _still_there_and_lost(outboxes: list[Outbox], stored: Stored) -> Iterator[str]:
    for outbox in outboxes:
        lost = sheet_of(replace(outbox, given_up=()), stored).readings.lost
        if lost:
            yield f"{outbox.gateway}: its outbox still holds {lost} readings that did not come back"


def _with_gone(present: Outbox, gone: list[Outbox]) -> Outbox:
    """As if none had been destroyed; what was in one is settled, that is lost without its rows."""
    there = {(batch.epoch, batch.n) for batch in present.batches}
    lost = {
        (batch.epoch, batch.n): replace(batch, settled=True)
        for outbox in gone
        for batch in outbox.batches
        if (batch.epoch, batch.n) not in there
    }
    seen = {epoch for epoch, _ in lost}
    return replace(
        present,
        batches=(*present.batches, *lost.values()),
        given_up=tuple(one for one in present.given_up if one.epoch not in seen),
    )


def main() -> int:
    """0 if all came back that an outbox held, nothing twice, and the rest is named."""
    wanted = _parser().parse_args()
    try:
        verdict = restore_campaign(
            wanted.store,
            restores=wanted.count,
            seed=wanted.first,
            say=lambda line: print(line, file=sys.stderr, flush=True),
        )
    except ProgramError as error:
        verdict = Verdict(sheets=(), findings=(str(error),))
    for finding in verdict.findings:
        print(f"broken: {finding}")
    if not verdict.good:
        print(f"  replay: {replay(wanted.store, wanted.first, wanted.count)}")
    if wanted.json:
        tally = verdict.readings
        print(json.dumps({
            "done": wanted.count, "broken": int(not verdict.good), "sealed": tally.sealed,
            "committed": tally.committed, "lost": tally.lost, "duplicates": tally.duplicates,
        }))  # fmt: skip
    return 0 if verdict.good else 1


def replay(store: Kind, seed: int, count: int) -> str:
    """The same restores in the same order."""
    return f"python -m scripts.restores --store {store} --first {seed} --count {count}"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m scripts.restores", description=__doc__)
    parser.add_argument("--count", type=int, default=5, help="how many restores")
    parser.add_argument("--store", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--first", type=int, default=1, help="the seed")
    parser.add_argument("--json", action="store_true", help="end with one JSON object")
    return parser


if __name__ == "__main__":
    sys.exit(main())
