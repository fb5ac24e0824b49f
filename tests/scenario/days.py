"""Thirty simulated days of one gateway: faults at random, and a judge of what was told."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from agent.clock import FakeClock
from tests.scenario.district import CAMERA, MINUTE_MS, START, District
from tests.scenario.faults import NAMES, Area, Fault, fault_of
from tests.scenario.gateway import Gateway, sight_of
from tests.scenario.judge import DAY_MIN, Down, Placed, Report, judge

DAYS = 30
NIGHT_DEG, DAY_DEG = -14.0, 14.0  # well away from the twilight
QUIET_MIN = 2 * DAY_MIN  # to learn from
START_MS = 600_000
SIGHT = sight_of(round(START.timestamp() * 1_000) - START_MS)
RESTART, LONG_DOWN, CLOCK, SKIPPED = 1 / 2_000, 0.3, 1 / 4_000, 1 / 500


def run_days(seed: int, *, days: int = DAYS, make: type[Gateway] = Gateway) -> Report:
    """One gateway's month, judged; the same for the same seed."""
    chance = random.Random(f"days {seed}")
    district = District(seed)
    clock = FakeClock(boot_ms=START_MS, sight=SIGHT)
    gateway = make(clock)
    plan = _Plan(chance, district)
    downs = [Down(0, 0)]
    for minute in range(days * DAY_MIN):
        clock.now_ms = START_MS + minute * MINUTE_MS
        district.step(minute)
        plan.step(minute, sun_is_known=clock.seen is not None)
        if minute < downs[-1].until_min:
            continue  # the gateway has no power
        if minute == downs[-1].until_min:
            gateway.restart()
        elif chance.random() < RESTART:
            long = chance.random() < LONG_DOWN
            downs.append(Down(minute, minute + (chance.randint(2, 40) if long else 1)))
            continue
        if chance.random() < CLOCK and not plan.needs_sun:
            clock.seen = None if clock.seen else SIGHT
        gateway.hear(district)
        if chance.random() > SKIPPED:
            gateway.round(district)
        else:
            district.not_read(CAMERA)
    return judge(plan.placed, downs, district, gateway.told, start_ms=START_MS, days=days)


@dataclass(slots=True)
class _Slot:
    """What is wrong now in one area of the district, and when the next may begin."""

    now: Placed | None = None
    next_min: int = QUIET_MIN


class _Plan:
    """Up to three faults at a time, none of them in the other's area, each in its own light."""

    def __init__(self, chance: random.Random, district: District) -> None:
        self.placed: list[Placed] = []
        self._chance = chance
        self._district = district
        self._slots: dict[Area, _Slot] = {"street": _Slot(), "bins": _Slot(), "network": _Slot()}
        self._bag: list[tuple[str, Fault]] = []

    @property
    def needs_sun(self) -> bool:
        """Whether a fault lives that only the sun shows."""
        return any(slot.now and slot.now.fault.by_sun for slot in self._slots.values())

    def step(self, minute: int, *, sun_is_known: bool) -> None:
        """End what is over, and begin what can."""
        for slot in self._slots.values():
            if slot.now and minute >= slot.now.until_min:
                self._end(slot.now, minute)
        if minute % 10:
            return
        for name, fault in self._candidates(minute):
            if (sun_is_known or not fault.by_sun) and self._suits(fault, minute):
                self._bag.remove((name, fault))
                self._begin(name, fault, minute)
                return

    def _candidates(self, minute: int) -> Iterator[tuple[str, Fault]]:
        if not self._bag:
            self._bag = [(name, fault_of(name, self._chance)) for name in NAMES]
            self._chance.shuffle(self._bag)
        for name, fault in tuple(self._bag):
            slots = [self._slots[area] for area in fault.areas]
            if all(slot.now is None and minute >= slot.next_min for slot in slots):
                yield name, fault

    def _begin(self, name: str, fault: Fault, minute: int) -> None:
        life_min = max(self._chance.randint(*fault.lasts_min), fault.within_min + 15)
        placed = Placed(name=name, fault=fault, from_min=minute, until_min=minute + life_min)
        self._district.faults |= set(fault.sets)
        self._district.lamps_out += fault.lamps
        for area in fault.areas:
            self._slots[area].now = placed
        self.placed.append(placed)

    def _end(self, placed: Placed, minute: int) -> None:
        self._district.mend(placed.fault.sets)
        self._district.lamps_out -= placed.fault.lamps
        for area in placed.fault.areas:
            self._slots[area].now = None
            self._slots[area].next_min = minute + self._chance.randint(70, 400)

    def _suits(self, fault: Fault, minute: int) -> bool:
        """Faults of the night begin in its first half, so that they live in the dark."""
        sun_deg = self._district.sun_deg
        local_min = (minute + 8 * 60) % DAY_MIN  # WITA
        if fault.when == "night":
            return sun_deg < NIGHT_DEG and (local_min > 1_080 or local_min < 60)
        return fault.when == "any" or (sun_deg > DAY_DEG and local_min < 720)


def total(reports: Sequence[Report]) -> str:
    """In words, for a person."""
    placed, missed, false = (
        sum(len(part) for part in parts)
        for parts in zip(*((one.placed, one.missed, one.false) for one in reports), strict=True)
    )
    unjudged = sum(one.unjudged for one in reports)
    worst = max(len(one.false) for one in reports)
    return (
        f"{placed} faults placed, {unjudged} of them cut short by restarts, {missed} missed;"
        f" {false} false events in {len(reports)} months, {worst} in the worst"
    )
