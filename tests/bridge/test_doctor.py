"""The doctor names what is wrong at the centre, within bounds, and changes nothing."""

import json
import sqlite3
import threading
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from broker_bridge import language
from broker_bridge.config import BridgeSettings, RetentionSettings
from broker_bridge.doctor import store_checks
from broker_bridge.doctor.centre import Centre
from broker_bridge.doctor.checks import CHECKS
from broker_bridge.doctor.examining import Check, examined
from broker_bridge.doctor.finding import Seen, State, good
from broker_bridge.doctor_command import TITLES, examine
from broker_bridge.retention import Retention
from broker_bridge.standing import DAY_MS, BridgeSign, StoreSize
from broker_bridge.store import Quarantined
from broker_bridge.stores.sqlite import SqliteStore
from contract.messages import Counts, Status
from tests.stores.making import E1, G1, G2, NOW_MS, epoch_holding, held, holding, lamp_batch, origin

ALIVE = BridgeSign(
    name="bridge-1", host="pusat", program="nadi-bridge 0.1.0", connected=True, began=True
)
GIB = 1 << 30
ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def in_baubau(english: None) -> None:
    language.use("en", ZoneInfo("Asia/Makassar"))


def changed(settings: BridgeSettings, sql: str, *row: object) -> None:
    with closing(sqlite3.connect(settings.store.path)) as database, database:
        database.execute(sql, row)


def at_its_clock(centre: Centre, now_ms: int = NOW_MS) -> None:
    """The store's own clock stands still in these tests."""
    centre.__dict__["standing"] = replace(centre.store.standing(), now_ms=now_ms)


# The database


def test_a_store_that_is_not_there_is_named_and_not_made(centre: Centre) -> None:
    seen = store_checks.database(centre)
    assert seen.state is State.FAIL
    assert "there is no store at" in seen.found
    assert not Path(centre.settings.store.path).exists()


def test_an_older_store_is_named_and_not_migrated(store: SqliteStore, centre: Centre) -> None:
    changed(centre.settings, "DELETE FROM schema_version WHERE version > 3")
    seen = store_checks.schema(centre)
    assert (seen.state, seen.found[:24]) == (State.WARN, "the store has schema 3, ")
    assert "restart the bridges" in seen.next_action
    assert centre.store.schema_version() == 3


def test_a_newer_store_is_refused_in_words(store: SqliteStore, centre: Centre) -> None:
    changed(centre.settings, "INSERT INTO schema_version VALUES (99, 'of the future')")
    seen = store_checks.schema(centre)
    assert seen.state is State.FAIL
    assert "the store has schema 99" in seen.found


def test_a_store_that_cannot_be_written_is_named(store: SqliteStore, centre: Centre) -> None:
    with closing(sqlite3.connect(centre.settings.store.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        centre.__dict__["store"] = SqliteStore(
            centre.settings.store.path, now_ms=lambda: NOW_MS, busy_timeout_s=0.0, as_it_is=True
        )
        seen = store_checks.database(centre)
    assert seen.state is State.FAIL
    assert "database is locked" in seen.found


# Room


@pytest.mark.parametrize(
    ("days_ago", "grown", "said"),
    [
        (10, 0.5, "it grows by "),
        (10, 0.0, "it does not grow"),
        (0.5, 0.5, "its growth is not known yet"),
    ],
)
def test_growth_is_measured_from_the_store_itself(
    store: SqliteStore, centre: Centre, days_ago: float, grown: float, said: str
) -> None:
    before = round(centre.store.standing().bytes * (1 - grown))
    measured_ms = NOW_MS - round(days_ago * DAY_MS)
    changed(centre.settings, "INSERT INTO store_size VALUES (?, ?)", measured_ms, before)
    at_its_clock(centre)
    assert said in store_checks.disk(centre).found


@pytest.mark.parametrize(("free", "state"), [(100, State.OK), (50, State.WARN), (10, State.FAIL)])
def test_the_days_left_are_what_is_free_at_the_present_growth(
    store: SqliteStore, centre: Centre, free: int, state: State
) -> None:
    at_its_clock(centre)
    standing = centre.standing
    ten_days = measured(standing.bytes - 10 * GIB, NOW_MS - 10 * DAY_MS)
    seen = store_checks._room(replace(standing, sizes=ten_days), free * GIB, 0.5)
    assert seen.state is state
    assert f"room for {free} days" in seen.found
    assert "1.1 GB a day" in seen.found


def measured(size: int, at_ms: int) -> tuple[StoreSize, ...]:
    return (StoreSize(measured_ms=at_ms, bytes=size),)


def test_a_store_measures_itself_once_a_day(tmp_path: Path) -> None:
    now_ms = [NOW_MS]
    store = SqliteStore(tmp_path / "city.db", now_ms=lambda: now_ms[0])
    for _ in range(5):
        store.tell_bridge(ALIVE)
        now_ms[0] += DAY_MS // 2 + 1
    assert len(store.standing().sizes) == 3
    store.close()


@pytest.mark.parametrize(("later_days", "state"), [(0, State.OK), (2, State.WARN)])
def test_hours_that_are_late_are_named(
    store: SqliteStore, centre: Centre, later_days: int, state: State
) -> None:
    lamp(store)
    at_its_clock(centre)
    assert "it never ran" in store_checks.retention(centre).found
    run = Retention(store, RetentionSettings(), monotonic=lambda: 0.0, rest=lambda _: None)
    run.run(now_ms=NOW_MS, sure=True)
    at_its_clock(centre, NOW_MS + later_days * DAY_MS)
    seen = store_checks.retention(centre)
    assert seen.state is state
    assert "hours are made until 18 Nov 2026" in seen.found


def lamp(store: SqliteStore) -> None:
    with store.transaction() as transaction:
        transaction.lock([G1])
        transaction.date([(G1, origin(origin_ms=NOW_MS - DAY_MS))])
        stream = transaction.streams([(G1, E1)])[G1, E1]
        transaction.commit_batches([lamp_batch(stream, 1)])


# Bridges


def test_two_bridges_that_work_are_named(store: SqliteStore, centre: Centre) -> None:
    store.tell_bridge(ALIVE)
    store.tell_bridge(replace(ALIVE, name="bridge-2", host="cadangan"))
    at_its_clock(centre)
    seen = store_checks.bridges(centre)
    assert seen.state is State.OK
    assert "bridge-1 on pusat" in seen.found
    assert "bridge-2 on cadangan" in seen.found


def test_a_bridge_that_is_silent_is_named_beside_the_one_that_works(
    store: SqliteStore, centre: Centre
) -> None:
    store.tell_bridge(ALIVE)
    store.tell_bridge(replace(ALIVE, name="bridge-2", host="cadangan"))
    changed(
        centre.settings, "UPDATE bridge SET heard_ms = heard_ms - 61000 WHERE host = 'cadangan'"
    )
    at_its_clock(centre)
    seen = store_checks.bridges(centre)
    assert seen.state is State.WARN
    assert "not at work: bridge-2 (cadangan)" in seen.found


def test_a_bridge_without_a_session_is_red_if_there_is_no_other(
    store: SqliteStore, centre: Centre
) -> None:
    store.tell_bridge(replace(ALIVE, connected=False))
    at_its_clock(centre)
    seen = store_checks.bridges(centre)
    assert (seen.state, "no session with the broker" in seen.found) == (State.FAIL, True)


def test_a_bridge_that_was_stopped_in_good_order_is_no_silent_one(
    store: SqliteStore, centre: Centre
) -> None:
    store.tell_bridge(ALIVE)
    store.tell_bridge(replace(ALIVE, name="bridge-2", stopped=True, connected=False))
    at_its_clock(centre)
    assert store_checks.bridges(centre).state is State.OK


def test_no_bridge_is_red(store: SqliteStore, centre: Centre) -> None:
    at_its_clock(centre)
    assert store_checks.bridges(centre).state is State.FAIL


def test_two_versions_at_once_are_an_upgrade_to_finish(store: SqliteStore, centre: Centre) -> None:
    store.tell_bridge(ALIVE)
    store.tell_bridge(replace(ALIVE, name="bridge-2", program="nadi-bridge 0.2.0"))
    at_its_clock(centre)
    assert "finish the upgrade" in store_checks.bridges(centre).next_action


# Gateways and their balance


@pytest.mark.parametrize(
    ("states", "state"),
    [
        (("online", "online"), State.OK),
        (("online", "offline"), State.WARN),
        (("offline", "offline"), State.FAIL),
    ],
)
def test_silent_gateways_are_counted_and_all_at_once_is_red(
    store: SqliteStore, centre: Centre, states: tuple[str, str], state: State
) -> None:
    with store.transaction() as transaction:
        transaction.lock([G1, G2])
        for gateway, said in zip((G1, G2), states, strict=True):
            transaction.hear([Status.model_validate({"gateway": gateway, "state": said})])
    assert store_checks.gateways(centre).state is state


def test_what_is_unexplained_is_red_and_its_gateway_named(
    store: SqliteStore, centre: Centre
) -> None:
    with store.transaction() as transaction:
        transaction.lock([G1])
        said = epoch_holding(held("open", 1, 1, 2), held("open", 4, 4, 2), epoch=E1, sealed=4)
        silent = said.model_copy(update={"sealed_counts": Counts(readings=9)})
        transaction.hold([holding(silent)])
    seen = store_checks.balance(centre)
    assert seen.state is State.FAIL
    assert f"5 readings and 0 events of {G1}" in seen.found
    assert f"--gateway {G1}" in seen.next_action


def test_what_lies_in_quarantine_is_counted_with_its_newest_reason(
    store: SqliteStore, centre: Centre
) -> None:
    assert store_checks.quarantine(centre).state is State.OK
    wrong = Quarantined(topic="t", gateway=G1, reason="no \x1b[2J JSON", header=(), body=b"x")
    with store.transaction() as transaction:
        transaction.lock([G1])
        transaction.quarantine([wrong])
    seen = store_checks.quarantine(centre)
    assert seen.state is State.WARN
    assert "1 message" in seen.found
    assert "\x1b" not in seen.found


# All of it


def test_a_check_that_gives_no_answer_is_named_and_not_waited_for(centre: Centre) -> None:
    never = threading.Event()

    def hangs(_: Centre) -> Seen:
        never.wait()
        return good("it came back")

    def fails(_: Centre) -> Seen:
        raise ZeroDivisionError

    checks = [
        Check(id="database", look=hangs, within_s=0.05),
        Check(id="schema", look=fails, needs=("database",)),
        Check(id="clock", look=fails),
        Check(id="backup", look=lambda _: good("done")),
    ]
    found = list(examined(checks, centre, monotonic=iter(range(100)).__next__))
    never.set()
    assert [one.seen.state.value for one in found] == ["fail", "skip", "fail", "ok"]
    assert "no answer within" in found[0].seen.found
    assert found[1].seen.found == "because of: database"
    assert "ZeroDivisionError" in found[2].seen.found


def test_every_check_has_a_name_and_a_row_of_what_to_do_in_the_operators_page() -> None:
    assert [check.id for check in CHECKS] == list(TITLES)
    page = (ROOT / "docs" / "operations.md").read_text()
    rows = "\n".join(line for line in page.splitlines() if line.startswith("| "))
    assert [check.id for check in CHECKS if f"{check.id} " not in rows] == []


def test_a_person_reads_the_citys_language_and_time(
    store: SqliteStore, settings: BridgeSettings, capsys: pytest.CaptureFixture[str]
) -> None:
    language.use("id", ZoneInfo("Asia/Makassar"))
    assert not examine(settings, as_json=False)
    said = capsys.readouterr().out
    assert "✗ GAGAL  jembatan: tidak ada jembatan yang berjalan" in said
    assert " WITA" in said


def test_a_program_reads_every_finding_with_its_next_action(
    store: SqliteStore, settings: BridgeSettings, capsys: pytest.CaptureFixture[str]
) -> None:
    assert not examine(settings, as_json=True)
    document = json.loads(capsys.readouterr().out)
    states = {one["id"]: one["state"] for one in document["findings"]}
    assert list(states) == list(TITLES)
    assert (states["database"], states["broker"], states["bridges"]) == ("ok", "fail", "fail")
    assert all(one["next_action"] for one in document["findings"] if one["state"] == "fail")
