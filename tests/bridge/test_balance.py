"""An operator asks what is missing, and is told by gateway, range, time and reason."""

import json
from datetime import date
from pathlib import Path

import pytest

from broker_bridge.balance import print_balance
from broker_bridge.config import RetentionSettings, StoreSettings
from broker_bridge.errors import StoreGone
from broker_bridge.retention import Retention
from broker_bridge.stores.sqlite import SqliteStore
from contract.messages import Counts, EpochHolding, HeldRange, Origin
from tests.stores.making import (
    BOOT,
    E1,
    E2,
    G1,
    G2,
    NOW_MS,
    epoch_holding,
    held,
    holding,
    lamp_batch,
)

DAY = date(2026, 11, 18)


@pytest.fixture
def settings(tmp_path: Path) -> StoreSettings:
    """Five rounds of two readings, of which the third was given up and the fifth is on its way."""
    path = tmp_path / "city.db"
    store = SqliteStore(path, now_ms=lambda: NOW_MS)
    lost = HeldRange(
        state="lost", first=3, last=3, counts=Counts(readings=2), reason="outbox full",
        from_ms=30_000, to_ms=30_500,
    )  # fmt: skip
    said = EpochHolding(
        epoch=E1, boot=BOOT, sealed=5, sealed_counts=Counts(readings=10),
        ranges=[held("settled", 1, 2, 4), lost, held("settled", 4, 4, 2), held("open", 5, 5, 2)],
    )  # fmt: skip
    with store.transaction() as transaction:
        transaction.lock([G1, G2])
        stream = transaction.streams([(G1, E1)])[G1, E1]
        dated = Origin(boot=BOOT, origin_ms=NOW_MS, uncertainty_ms=5, revision=1)
        transaction.date([(G1, dated)])
        transaction.commit_batches([lamp_batch(stream, n) for n in (1, 2, 4)])
        transaction.hold([holding(said)])
    store.close()
    return StoreSettings(kind="sqlite", path=str(path))


def told(
    settings: StoreSettings, capsys: pytest.CaptureFixture[str], *, day: date | None = None
) -> dict[str, object]:
    assert print_balance(settings, gateway=G1, day=day, as_json=True)
    (gateway,) = json.loads(capsys.readouterr().out)["gateways"]
    assert isinstance(gateway, dict)
    return gateway


def test_a_hole_is_named_by_range_time_and_reason(
    settings: StoreSettings, capsys: pytest.CaptureFixture[str]
) -> None:
    said = told(settings, capsys)
    assert said["lost"] == {"readings": 2, "events": 0}
    assert said["stated_ms"] == NOW_MS
    assert said["holes"] == [
        {
            "epoch": E1, "first": 3, "last": 3, "state": "lost", "reason": "outbox full",
            "readings": 2, "events": 0, "from_ms": NOW_MS + 30_000, "to_ms": NOW_MS + 30_500,
        }
    ]  # fmt: skip


def test_the_table_says_as_of_when_and_where_the_hole_is(
    settings: StoreSettings, capsys: pytest.CaptureFixture[str]
) -> None:
    print_balance(settings, gateway=None, day=None, as_json=False)
    said = capsys.readouterr().out
    assert "as of     18 Nov 2026 11:06 UTC" in said
    assert f"lost      {E1} 3 to 3, 2 readings and 0 events, 18 Nov 2026 11:07 UTC to" in said
    assert "nothing stated yet" in said


def test_a_day_has_what_is_committed_of_it_and_the_holes_that_touch_it(
    settings: StoreSettings, capsys: pytest.CaptureFixture[str]
) -> None:
    said = told(settings, capsys, day=DAY)
    assert said["committed_of_day"] == {"readings": 6, "events": 0}
    assert said["holes"]
    other = told(settings, capsys, day=date(2026, 11, 19))
    assert other["committed_of_day"] == {"readings": 0, "events": 0}
    assert other["holes"] == []


def test_a_day_whose_readings_are_gone_is_said_to_be_so(
    settings: StoreSettings, capsys: pytest.CaptureFixture[str]
) -> None:
    store = SqliteStore(settings.path, now_ms=lambda: NOW_MS)
    run = Retention(store, RetentionSettings(), monotonic=lambda: 0.0, rest=lambda _: None)
    run.run(now_ms=NOW_MS + 100 * 86_400_000, sure=True)
    store.close()
    print_balance(settings, gateway=G1, day=DAY, as_json=False)
    assert "on: those of the day are gone" in capsys.readouterr().out


def test_numbers_of_which_nobody_speaks_are_named_unexplained(
    settings: StoreSettings, capsys: pytest.CaptureFixture[str]
) -> None:
    store = SqliteStore(settings.path, now_ms=lambda: NOW_MS)
    with store.transaction() as transaction:
        transaction.lock([G2])
        said = epoch_holding(held("open", 1, 1, 2), held("open", 4, 4, 2), epoch=E2, sealed=4)
        silent = said.model_copy(update={"sealed_counts": Counts(readings=9)})
        transaction.hold([holding(silent, gateway=G2)])
    store.close()
    assert not print_balance(settings, gateway=G2, day=None, as_json=False)
    shown = capsys.readouterr().out
    assert f"unexplained {E2} 2 to 3" in shown


def test_a_gateway_that_was_never_heard_is_said(settings: StoreSettings) -> None:
    with pytest.raises(StoreGone, match="bb-9999: no such gateway"):
        print_balance(settings, gateway="bb-9999", day=None, as_json=False)
