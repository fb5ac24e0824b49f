"""Hours say what their readings said, whenever those came, and only what is old goes."""

import itertools
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from pathlib import Path
from random import Random

import pytest

from broker_bridge.config import RetentionSettings
from broker_bridge.errors import RetentionRefused
from broker_bridge.opening import CityStore
from broker_bridge.retention import DAY_MS, Retained, Retention, outlook
from broker_bridge.stores.hours import HOUR_MS, hour_of
from broker_bridge.stores.sqlite import SqliteStore
from contract.identity import AssetId, Epoch, Kind
from contract.messages import BatchBody, EventColumn
from contract.readings import Phase
from tests.stores.conftest import OpenStore
from tests.stores.making import (
    BIN,
    BOOT2,
    E1,
    E2,
    G1,
    LAMP,
    NOW_MS,
    Value,
    batch,
    body,
    epoch_holding,
    held,
    holding,
    origin,
)

SETTINGS = RetentionSettings(raw_days=90, hourly_years=5)
DUE = RetentionSettings(interval_s={Kind.STREETLIGHT: {"voltage": 600}})
ASSETS = {"PJU-0001": LAMP, "TPS-0007": BIN}
# Everything that says what was received, and what never will be.
RECORD = ("gateway", "stream", "batch", "event", "rejection", "undated", "quarantine")

Hour = tuple[str, str, int]  # asset, quantity, its first millisecond
Said = tuple[object, ...]


class Killed(BaseException):
    """The program ends here."""


def commit(
    store: CityStore,
    n: int,
    values: Sequence[Value],
    *,
    epoch: Epoch = E1,
    suspect: int = 0,
    before_the_end: Callable[[], None] = lambda: None,
) -> None:
    """Times are UTC, each hour a batch; a number that is there already is not stored again."""
    by_hour = groupby(values, key=lambda value: hour_of(value[2]))
    with store.transaction() as transaction:
        transaction.lock([G1])
        transaction.date([(G1, origin(origin_ms=0))])
        stream = transaction.streams([(G1, epoch)])[G1, epoch]
        made = [
            batch(stream, 1_000 * n + at, _body(hour_ms, list(of), suspect), epoch=epoch)
            for at, (hour_ms, of) in enumerate(by_hour)
        ]
        new = [one for one in made if one.key.n not in stream.committed]
        transaction.commit_batches(new)
        before_the_end()


def _body(hour_ms: int, values: Sequence[Value], suspect: int) -> BatchBody:
    in_hour = [(asset, what, at_ms - hour_ms, value) for asset, what, at_ms, value in values]
    return body(in_hour, base_ms=hour_ms, suspect=range(suspect))


def retain(
    store: CityStore,
    *,
    now_ms: int = NOW_MS,
    settings: RetentionSettings = SETTINGS,
    sure: bool = True,
    rest: Callable[[float], None] = lambda _: None,
) -> Retained:
    run = Retention(store, settings, monotonic=lambda: 0.0, rest=rest)
    run.run(now_ms=now_ms, sure=sure)
    return run.done


def hours(store: CityStore) -> dict[Hour, Said]:
    rows = store.query(
        "SELECT h.asset, h.quantity, h.hour, h.count, h.suspect, h.min, h.mean, h.max"
        " FROM hourly_readings h ORDER BY h.hour"
    ).rows
    return {(str(r[0]), str(r[1]), _ms(r[2])): (r[3], r[4], *r[5:]) for r in rows}


def _ms(moment: object) -> int:
    told = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
    assert isinstance(told, datetime)
    return round(told.timestamp() * 1_000)


def truth(values: Sequence[Value]) -> dict[Hour, Said]:
    of: Mapping[Hour, list[float]] = defaultdict(list)
    for (asset, _), quantity, at_ms, value in values:
        of[asset, quantity, hour_of(at_ms)].append(value)
    return {
        hour: (len(v), 0, min(v), pytest.approx(sum(v) / len(v)), max(v)) for hour, v in of.items()
    }


def count(store: CityStore, table: str) -> int:
    return int(str(store.query(f"SELECT count(*) FROM {table}").rows[0][0]))


def record(store: CityStore) -> dict[str, list[str]]:
    return {table: sorted(map(str, store.query(f"SELECT * FROM {table}").rows)) for table in RECORD}


def old(days: float) -> int:
    return NOW_MS - int(days * DAY_MS)


def test_an_hour_says_what_its_readings_said(store: CityStore) -> None:
    at = hour_of(old(2))
    commit(store, 1, [(LAMP, "voltage", at + m * 60_000, 220.0 + m) for m in range(3)])
    commit(store, 2, [(LAMP, "voltage", at + HOUR_MS - 1, 230.0), (BIN, "fill_level", at, 40.0)])
    retain(store)
    assert hours(store) == {
        ("PJU-0001", "voltage", at): (4, 0, 220.0, pytest.approx(223.25), 230.0),
        ("TPS-0007", "fill_level", at): (1, 0, 40.0, 40.0, 40.0),
    }
    assert count(store, "reading") == 5


def test_what_is_suspect_is_counted_and_says_nothing(store: CityStore) -> None:
    at = hour_of(old(2))
    commit(store, 1, [(LAMP, "voltage", at, 9_999.0), (LAMP, "voltage", at + 1, 221.0)], suspect=1)
    commit(store, 2, [(BIN, "fill_level", at, 1.7e308), (BIN, "fill_level", at, 1.7e308)])
    commit(store, 3, [(BIN, "fill_level", at + HOUR_MS, 3.0)], suspect=1)
    retain(store)
    said = hours(store)
    assert said["PJU-0001", "voltage", at] == (2, 1, 221.0, 221.0, 221.0)
    assert said["TPS-0007", "fill_level", at][0] == 2
    assert said["TPS-0007", "fill_level", at + HOUR_MS] == (1, 1, None, None, None)


def test_completeness_is_said_where_the_interval_is_known(store: CityStore) -> None:
    at = hour_of(old(2))
    values: list[Value] = [(LAMP, "voltage", at + m * 600_000, 220.0) for m in range(3)]
    commit(store, 1, [*values, (LAMP, "current", at, 0.5)])
    retain(store, settings=DUE)
    rows = store.query(
        "SELECT quantity, count, due, completeness FROM hourly_readings ORDER BY quantity"
    ).rows
    assert [tuple(row) for row in rows] == [("current", 1, None, None), ("voltage", 3, 6, 0.5)]


def test_the_hour_that_is_not_over_waits(store: CityStore) -> None:
    now = hour_of(NOW_MS) + HOUR_MS // 2
    commit(store, 1, [(LAMP, "voltage", now, 220.0), (LAMP, "voltage", now - HOUR_MS, 220.0)])
    retain(store, now_ms=now)
    assert [hour for _, _, hour in hours(store)] == [hour_of(now) - HOUR_MS]
    retain(store, now_ms=now + HOUR_MS)
    assert [hour for _, _, hour in hours(store)] == [hour_of(now) - HOUR_MS, hour_of(now)]


def test_a_reading_that_comes_late_is_in_its_hour_once(store: CityStore) -> None:
    at = old(3)
    values: list[Value] = [(LAMP, "voltage", at + m, 220.0 + m) for m in range(4)]
    commit(store, 1, values[:2])
    retain(store)
    commit(store, 2, values[2:])
    done = retain(store)
    assert (hours(store), done.late) == (truth(values), 1)
    assert retain(store).late == 0


def test_what_is_dated_late_is_in_its_hour_once(store: CityStore) -> None:
    at = old(3)
    commit(store, 1, [(LAMP, "voltage", at, 220.0)])
    with store.transaction() as transaction:
        transaction.lock([G1])
        stream = transaction.streams([(G1, E2)])[G1, E2]
        undated = body([(LAMP, "voltage", 5, 230.0)], boot=BOOT2)
        transaction.commit_batches([batch(stream, 1, undated, epoch=E2)])
    retain(store)
    with store.transaction() as transaction:
        transaction.lock([G1])
        transaction.date([(G1, origin(BOOT2, origin_ms=at))])
    retain(store)
    both: list[Value] = [(LAMP, "voltage", at, 220.0), (LAMP, "voltage", at + 5, 230.0)]
    assert hours(store) == truth(both)


def test_old_readings_go_and_their_hours_stay(store: CityStore) -> None:
    values: list[Value] = [(LAMP, "voltage", old(days), 220.0) for days in (200, 199, 150, 5)]
    commit(store, 1, values)
    done = retain(store)
    assert (hours(store), count(store, "reading"), done.readings_gone) == (truth(values), 1, 3)
    assert store.kept().raw_from_ms <= old(90)


def test_a_backlog_that_comes_after_its_readings_time_is_added_once(store: CityStore) -> None:
    """Its gateway was cut off for so long that the others' readings of then are gone."""
    at = old(150)
    values: list[Value] = [(LAMP, "voltage", at + m, 220.0 + m) for m in range(6)]
    commit(store, 1, values[:2])
    retain(store)
    commit(store, 2, values[2:4], epoch=E2)
    commit(store, 2, values[2:4], epoch=E2)
    assert count(store, "reading") == 2
    retain(store)
    commit(store, 3, values[4:], epoch=E2)
    commit(store, 2, values[2:4], epoch=E2)
    retain(store)
    retain(store)
    assert (hours(store), count(store, "reading")) == (truth(values), 0)
    assert store.balance()[0].committed.readings == 6


def test_the_record_of_what_was_received_and_lost_is_not_touched(store: CityStore) -> None:
    commit(store, 1, [(LAMP, "voltage", old(200), 220.0)])
    with store.transaction() as transaction:
        transaction.lock([G1])
        stream = transaction.streams([(G1, E1)])[G1, E1]
        began = EventColumn(
            id="e1", asset=0, type="deviceUnreachable", phase=Phase.BEGIN, offset_ms=old(200)
        )
        transaction.commit_batches([batch(stream, 2, body(events=[began], assets=[LAMP]))])
        transaction.hold([holding(epoch_holding(held("lost", 3, 9, 14), held("open", 10, 10, 2)))])
    before, balance = record(store), store.balance()
    retain(store)
    assert count(store, "reading") == 0
    assert (record(store), store.balance()) == (before, balance)


def test_what_is_kept_cut_off_at_any_step_goes_on_with_nothing_half_done(
    store: CityStore,
) -> None:
    values: list[Value] = [
        (asset, "temperature", old(days) + m * 60_000, float(m + days))
        for asset in ASSETS.values()
        for days in (180, 179, 120, 91, 89, 1)
        for m in range(5)
    ]
    commit(store, 1, values)
    retain(store, now_ms=old(100))
    late: list[Value] = [(LAMP, "temperature", old(days), -5.0) for days in (180, 120, 2)]
    commit(store, 2, late)
    kills = sum(_killed_after(steps, store) for steps in range(1, 40))
    assert kills >= 6
    assert hours(store) == truth(values + late)
    kept = [v for v in values + late if v[2] >= store.kept().raw_from_ms]
    assert count(store, "reading") == len(kept)


def _killed_after(steps: int, store: CityStore, *, now_ms: int = NOW_MS) -> bool:
    left = itertools.count(steps - 1, -1)

    def rest(_seconds: float) -> None:
        if next(left) == 0:
            raise Killed

    try:
        retain(store, now_ms=now_ms, rest=rest)
    except Killed:
        return True
    return False


@pytest.mark.parametrize("seed", range(2))
def test_hours_are_right_in_whatever_order_readings_and_retentions_come(
    open_store: OpenStore, seed: int
) -> None:
    random = Random(seed)
    store, sent, now_ms = open_store(), list[list[Value]](), old(100)
    for n in range(20):
        sent.append([_reading(random, now_ms) for _ in range(random.randrange(1, 8))])
        commit(store, n, sent[n])
        again = random.randrange(n + 1)
        commit(store, again, sent[again])
        now_ms += int(random.expovariate(1 / (6 * DAY_MS)))
        if random.random() < 0.5:
            _killed_after(random.randrange(1, 12), store, now_ms=now_ms)
        retain(store, now_ms=now_ms)
        store = open_store() if random.random() < 0.2 else store
    values = [value for one in sent for value in one]
    assert hours(store) == truth([v for v in values if v[2] < store.kept().hourly_ms])
    left = count(store, "reading")
    assert left == len([v for v in values if v[2] >= store.kept().raw_from_ms])


def _reading(random: Random, now_ms: int) -> Value:
    """Live, of a backlog of days, or of months."""
    age_ms = int(random.choice([0.01, 3, 100]) * random.random() * DAY_MS)
    quantity = random.choice(["voltage", "temperature"])
    return (random.choice([LAMP, BIN]), quantity, now_ms - age_ms, random.uniform(0, 300))


def test_the_first_retention_asks_before_it_lets_go_of_what_is_old(store: CityStore) -> None:
    commit(store, 1, [(LAMP, "voltage", old(days), 220.0) for days in (200, 1)])
    with pytest.raises(RetentionRefused, match="no retention has run here yet"):
        retain(store, sure=False)
    assert (count(store, "reading"), len(hours(store))) == (2, 2)
    seen = outlook(store, SETTINGS, now_ms=NOW_MS)
    assert (seen.going.readings, seen.refusal is not None) == (1, True)
    retain(store, sure=True)
    assert count(store, "reading") == 1


def test_a_city_that_begins_is_never_asked(store: CityStore) -> None:
    for days in range(200, 0, -20):
        commit(store, 201 - days, [(LAMP, "voltage", old(days), 220.0)])
        retain(store, now_ms=old(days - 1), sure=False)
    assert count(store, "reading") < 10


@pytest.mark.parametrize("days", [10, 30])
def test_a_shorter_time_is_asked_for_once(store: CityStore, days: int) -> None:
    commit(store, 1, [(LAMP, "voltage", old(age), 220.0) for age in (80, 1)])
    retain(store, sure=False)
    shorter = RetentionSettings(raw_days=days)
    with pytest.raises(RetentionRefused, match=f"raw_days was 90 and is {days} now: 1 readings"):
        retain(store, settings=shorter, sure=False)
    assert count(store, "reading") == 2
    retain(store, settings=shorter, sure=True)
    retain(store, settings=shorter, sure=False)
    assert count(store, "reading") == 1


def test_a_clock_that_is_years_ahead_lets_nothing_go(store: CityStore) -> None:
    commit(store, 1, [(LAMP, "voltage", old(1), 220.0)])
    retain(store, sure=False)
    with pytest.raises(RetentionRefused, match="all 1 would go"):
        retain(store, now_ms=NOW_MS + 400 * DAY_MS, sure=False)
    retain(store, sure=False)
    commit(store, 2, [(LAMP, "voltage", old(1), 240.0)])
    retain(store, sure=False)
    assert [said[0] for said in hours(store).values()] == [2]


def test_hours_go_when_their_years_are_over(store: CityStore) -> None:
    values: list[Value] = [(LAMP, "voltage", old(days), 220.0) for days in (800, 500, 1)]
    commit(store, 1, values)
    retain(store)
    one_year = RetentionSettings(hourly_years=1)
    with pytest.raises(RetentionRefused, match="hourly_years was 5 and is 1 now: 2 hours"):
        retain(store, settings=one_year, sure=False)
    done = retain(store, settings=one_year)
    assert (len(hours(store)), done.hours_gone) == (1, 2)


def test_a_day_without_any_reading_is_passed_over(store: CityStore) -> None:
    commit(store, 1, [(LAMP, "voltage", at, 220.0) for at in (-(10**12), old(400), old(1))])
    steps = itertools.count()
    retain(store, rest=lambda _: (next(steps), None)[1])
    assert len(hours(store)) == 2
    assert next(steps) < 60


def test_a_step_on_sqlite_takes_little_so_that_others_may_write(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "city.db", now_ms=lambda: NOW_MS)
    lamps = [(AssetId(f"PJU-{at:04}"), Kind.STREETLIGHT) for at in range(60)]
    commit(store, 1, [(lamp, "voltage", old(200) + m, 220.0) for lamp in lamps for m in range(200)])
    retain(store, now_ms=old(190))
    taken, over = list[int](), False
    while not over:
        with store.retaining({}) as step:
            gone = step.drop_raw(hour_of(old(199)))
        taken, over = [*taken, gone.readings], gone.over
    store.close()
    assert (sum(taken), max(taken)) == (12_000, 4_000)
