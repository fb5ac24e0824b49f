"""Kills whatever holds a district together, again and again under load, and counts afterwards."""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from random import Random

from scripts.district.district import District, Plan
from scripts.district.equipment import Equipment
from scripts.district.judge import Verdict
from scripts.district.postgres import Postgres
from scripts.district.private_store import Kind, private_store
from scripts.district.process import ProgramError
from scripts.district.stored import CityStore
from scripts.district.trial import Stops, verdict_on

POLL_S = 0.02
GROWTH_S = 20.0
DRAIN_S = 60.0
PLAN = Plan(
    gateways=2,
    equipment=Equipment(lamps=4, bins=1, cameras=1, access_points=1),
    read_interval_s=0.5,
    seal_interval_s=0.4,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Victim:
    """What is killed, and how it comes back."""

    name: str
    kill: Callable[[], None]
    start: Callable[[], None]
    needs: int = 2  # whoever needs another is started after it


class Campaign:
    """One district, killed part by part at moments that its own progress decides."""

    def __init__(
        self,
        district: District,
        store: CityStore,
        postgres: Postgres | None,
        *,
        random: Random,
        say: Callable[[str], None],
    ) -> None:
        self._district = district
        self._store = store
        self._random = random
        self._say = say
        self.stops = Stops(district)
        self._victims = [*self._agents(), self._broker(), self._bridge()]
        if postgres:
            self._victims.append(_database(postgres))

    def run(self, kills: int) -> None:
        """Each victim dies at a moment of its own, and at times a second one with it."""
        done = 0
        while done < kills:
            together = 2 if kills - done > 1 and self._random.random() < 0.3 else 1
            dying = self._random.sample(self._victims, together)
            self._wait_for_readings(self._sealed, self._random.randint(1, 60))
            self._cut_at_times()
            for victim in dying:
                victim.kill()
                done += 1
                self._say(f"{done} of {kills}: {victim.name} is killed")
            if any(gateway.agent.running for gateway in self._district.gateways):
                self._wait_for_readings(self._sealed, self._random.randint(1, 30))
            for victim in sorted(dying, key=lambda victim: victim.needs):
                victim.start()
            self._mend_fibres()

    def drain(self) -> None:
        """All is mended: what waits reaches the store."""
        self._mend_fibres()
        self.stops.restart_all()
        until_s = time.monotonic() + DRAIN_S
        while time.monotonic() < until_s:
            states = [gateway.state() for gateway in self._district.gateways]
            young_ms = 5_000 * PLAN.seal_interval_s
            if all(s and s.link.up and _age_ms(s.status.backlog) < young_ms for s in states):
                return
            time.sleep(POLL_S)
        self._say("the backlog did not drain in time")

    def _agents(self) -> list[Victim]:
        return [
            Victim(
                name=f"agent {gateway.id}",
                kill=partial(self.stops.kill, gateway),
                start=partial(self.stops.restart, gateway),
            )
            for gateway in self._district.gateways
        ]

    def _broker(self) -> Victim:
        broker = self._district.broker

        def kill() -> None:
            broker.kill()
            broker.wipe()

        return Victim(name="broker, its files deleted", kill=kill, start=broker.start, needs=1)

    def _bridge(self) -> Victim:
        return Victim(
            name="bridge", kill=self._district.bridge.kill, start=self._district.start_bridge
        )

    def _cut_at_times(self) -> None:
        for gateway in self._district.gateways:
            if self._random.random() < 0.2:
                gateway.fibre.cut()

    def _mend_fibres(self) -> None:
        for gateway in self._district.gateways:
            if not gateway.fibre.whole:
                gateway.fibre.mend()

    def _sealed(self) -> int:
        states = [gateway.state() for gateway in self._district.gateways]
        return sum(s.status.sealed.readings for s in states if s and s.status.sealed)

    def _wait_for_readings(self, count: Callable[[], int], more: int) -> None:
        """The district's own progress is the clock; an agent's restart may set it back."""
        before, until_s = count(), time.monotonic() + GROWTH_S
        while time.monotonic() < until_s:
            now = count()
            if now >= before + more:
                return
            before = min(before, now)
            time.sleep(POLL_S)
        raise ProgramError(f"no agent sealed {more} readings within {GROWTH_S:g} s")


def _database(postgres: Postgres) -> Victim:
    return Victim(name="database", kill=postgres.kill, start=postgres.start, needs=0)


def _age_ms(backlog: object) -> int:
    return int(getattr(backlog, "oldest_age_ms", 0))


def kill_campaign(kind: Kind, *, kills: int, seed: int, say: Callable[[str], None]) -> Verdict:
    """So many SIGKILLs of one district on one kind of store; raises ProgramError."""
    with (
        tempfile.TemporaryDirectory(prefix="nadi-kills-") as name,
        private_store(kind, Path(name)) as (settings, postgres),
        District(Path(name), PLAN, store=settings) as district,
    ):
        store = CityStore(settings)
        campaign = Campaign(district, store, postgres, random=Random(seed), say=say)
        campaign.run(kills)
        campaign.drain()
        campaign.stops.stop_all()
        district.bridge.stop()
        return verdict_on(district, store, campaign.stops.pauses)


def _counts(kills: int, verdict: Verdict) -> dict[str, int]:
    tally = verdict.readings
    return {
        "done": kills,
        "broken": 0 if verdict.good else 1,
        "sealed": tally.sealed,
        "committed": tally.committed,
        "held": tally.held,
        "lost": tally.lost,
        "duplicates": tally.duplicates,
        "unsealed": verdict.unsealed,
    }


def main() -> int:
    """0 if nothing was lost or doubled, judged by counting."""
    parser = argparse.ArgumentParser(prog="python -m scripts.kills", description=__doc__)
    parser.add_argument("--count", type=int, default=20, help="how many SIGKILLs")
    parser.add_argument("--store", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--first", type=int, default=1, help="the seed")
    parser.add_argument("--json", action="store_true", help="end with one JSON object")
    wanted = parser.parse_args()
    verdict = kill_campaign(
        wanted.store,
        kills=wanted.count,
        seed=wanted.first,
        say=lambda line: print(line, file=sys.stderr, flush=True),
    )
    for finding in verdict.findings:
        print(f"broken: {finding}")
    if not verdict.good:
        print(f"  replay: python -m scripts.kills {' '.join(sys.argv[1:])}")
    if wanted.json:
        print(json.dumps(_counts(wanted.count, verdict)))
    return 0 if verdict.good else 1


if __name__ == "__main__":
    sys.exit(main())
