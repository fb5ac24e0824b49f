"""A part of either store is written whole into a new file, and a cursor goes on exactly."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from broker_bridge.backup import back_up, restore
from broker_bridge.config import BridgeSettings, ExportSettings, PublicSettings, StoreSettings
from broker_bridge.errors import ExportRefused
from broker_bridge.export.exporting import export
from broker_bridge.opening import opened_store
from contract.event_types import EventType
from contract.identity import Kind
from contract.readings import Phase
from tests.export.conftest import city
from tests.export.giving import NOW, asked, event, exported, give, lamp_at
from tests.stores.making import (
    BIN,
    BOOT,
    BOOT2,
    E2,
    G1,
    G2,
    LAMP,
    NOW_MS,
    body,
    epoch_holding,
    held,
    holding,
    line,
    listing,
    origin,
)

CANARY = "rtsp://admin:kenari@10.66.6.6:554/stream"


def times(rows: list[dict[str, str]]) -> list[str]:
    return sorted(row["observed_at"][11:23] for row in rows)


def test_a_reading_is_exported_with_its_names_its_unit_and_the_citys_time(
    settings: BridgeSettings, tmp_path: Path
) -> None:
    give(settings, 1, body([(LAMP, "voltage", 1_500, 229.5)], suspect=[0]))
    made, rows = exported(settings, tmp_path)
    assert rows == [
        {
            "observed_at": "2026-11-18T19:06:41.500+08:00",
            "kind": "streetlight",
            "asset": "PJU-0001",
            "quantity": "voltage",
            "value": "229.5",
            "unit": "V",
            "quality": "suspect",
            "time_quality": "exact",
            "uncertainty_ms": "21",
            "gateway": "gw-betoambari-01",
        }
    ]
    assert made.metadata.rows == 1
    assert made.metadata.sha256 == hashlib.sha256(made.file.read_bytes()).hexdigest()
    assert json.loads(made.file.with_name("export-0.csv.meta.json").read_text())["rows"] == 1


def test_what_a_late_backlog_brings_is_found_by_the_cursor_though_its_times_are_earlier(
    settings: BridgeSettings, tmp_path: Path
) -> None:
    give(settings, 9, lamp_at(90_000))
    first, rows = exported(settings, tmp_path)
    assert times(rows) == ["19:08:10.000"]
    give(settings, 1, lamp_at(10_000, 20_000))
    second, late = exported(settings, tmp_path, since=first.metadata.cursor)
    assert times(late) == ["19:06:50.000", "19:07:00.000"]
    _, nothing = exported(settings, tmp_path, since=second.metadata.cursor)
    assert nothing == []


def test_what_gets_its_date_after_an_export_is_in_the_next_one_and_once(
    settings: BridgeSettings, tmp_path: Path
) -> None:
    give(settings, 1, lamp_at(10_000, boot=BOOT2), epoch=E2, origins=[])
    give(settings, 1, lamp_at(20_000))
    first, rows = exported(settings, tmp_path)
    assert times(rows) == ["19:07:00.000"]
    give(settings, 2, lamp_at(30_000), origins=[origin(boot=BOOT2), origin(boot=BOOT)])
    give(settings, 2, lamp_at(40_000, boot=BOOT2), epoch=E2)
    second, later = exported(settings, tmp_path, since=first.metadata.cursor)
    assert times(later) == ["19:06:50.000", "19:07:10.000", "19:07:20.000"]
    assert {row["time_quality"] for row in later} == {"exact", "repaired"}
    assert exported(settings, tmp_path, since=second.metadata.cursor)[1] == []


def test_a_chain_of_cursors_gives_each_reading_once(
    settings: BridgeSettings, tmp_path: Path
) -> None:
    cursor, found = None, list[str]()
    for n in (5, 3, 8, 1, 2):
        boot = BOOT2 if n == 3 else BOOT
        give(settings, n, lamp_at(n * 1_000, boot=boot), origins=[] if n == 3 else None)
        if n == 1:
            give(settings, 20, lamp_at(), origins=[origin(boot=BOOT2)])
        made, rows = exported(settings, tmp_path, since=cursor)
        found += times(rows)
        cursor = made.metadata.cursor
    assert sorted(found) == [f"19:06:{40 + n}.000" for n in (1, 2, 3, 5, 8)]


def test_by_asset_kind_area_and_time(settings: BridgeSettings, tmp_path: Path) -> None:
    give(settings, 1, body([(LAMP, "voltage", 0, 230.0), (BIN, "distance", 5_000, 800.0)]))
    with opened_store(settings.store) as store:
        store.load_registry(
            listing(1, [line("TPS-0007", Kind.WASTE_BIN, kelurahan="74.72.04.1001")])
        )

    def assets(**more: Any) -> list[str]:
        return [row["asset"] for row in exported(settings, tmp_path, **more)[1]]

    assert assets(assets=("PJU-0001",)) == ["PJU-0001"]
    assert assets(kinds=("waste_bin",)) == ["TPS-0007"]
    assert assets(areas=("74.72.04.1001",)) == ["TPS-0007"]
    assert assets(from_ms=NOW_MS, until_ms=NOW_MS + 5_000) == ["PJU-0001"]
    assert assets(from_ms=NOW_MS + 86_400_000) == []


def test_an_event_that_was_missed_is_found_open_since_the_cursor(
    settings: BridgeSettings, tmp_path: Path
) -> None:
    first, _ = exported(settings, tmp_path, "events")
    give(settings, 1, event("ev-1", Phase.BEGIN, 1_000))
    give(settings, 2, event("ev-2", Phase.BEGIN, 2_000))
    give(settings, 3, event("ev-2", Phase.END, 3_000))
    _, rows = exported(settings, tmp_path, "events", since=first.metadata.cursor)
    assert [(row["id"], row["phase"], row["open"]) for row in rows] == [
        ("ev-1", "begin", "true"),
        ("ev-2", "begin", "false"),
        ("ev-2", "end", "false"),
    ]
    assert rows[0]["type"] == "lampFailure"


def test_no_address_and_no_credential_leaves_with_an_export(
    settings: BridgeSettings, tmp_path: Path
) -> None:
    give(settings, 1, event("ev-1", Phase.BEGIN, 1_000, detail=f"no answer from {CANARY}"))
    for number, ending in enumerate(("csv", "jsonl", "geojson", "parquet")):
        made = export(settings, asked(tmp_path, "events", ending), now=NOW)
        assert made.metadata.rows == 1, number
        for file in (made.file, made.file.with_name(f"{made.file.name}.meta.json")):
            assert not any(word in file.read_bytes() for word in (b"kenari", b"10.66.6.6"))


def test_gaps_are_named_with_their_reason(settings: BridgeSettings, tmp_path: Path) -> None:
    lost = held("lost", 1, 3, 6).model_copy(update={"reason": "card failed"})
    with opened_store(settings.store) as store, store.transaction() as transaction:
        transaction.lock([G1])
        transaction.hold([holding(epoch_holding(lost))])
    _, rows = exported(settings, tmp_path, "gaps")
    ((state, reason, readings),) = [(r["state"], r["reason"], r["readings"]) for r in rows]
    assert (state, reason, readings) == ("lost", "card failed", "6")


def test_completeness_is_of_each_day_of_the_city_and_says_what_is_not_known(
    settings: BridgeSettings, tmp_path: Path
) -> None:
    midnight_ms = 1_795_017_600_000  # 2026-11-19T00:00 WITA
    retention = settings.retention.model_copy(
        update={"interval_s": {Kind.STREETLIGHT: {"voltage": 3_600.0}}}
    )
    known = settings.model_copy(update={"retention": retention})
    hour_ms = 3_600_000
    values = [(LAMP, "voltage", hour * hour_ms, 230.0) for hour in range(12)]
    values.append((BIN, "distance", 0, 800.0))
    give(known, 1, body(values), origins=[origin(origin_ms=midnight_ms)])
    made, _ = exported(known, tmp_path, from_ms=midnight_ms, until_ms=midnight_ms + 24 * hour_ms)
    assert made.metadata.completeness is not None
    (day,) = made.metadata.completeness.periods or ()
    assert day.model_dump() == {
        "day": "2026-11-19", "received": 13, "due": 24, "completeness": 0.5,
        "received_of_unknown_interval": 1,
    }  # fmt: skip
    unknown, _ = exported(settings, tmp_path, until_ms=midnight_ms + 24 * hour_ms)
    assert unknown.metadata.completeness is not None
    assert [one.due for one in unknown.metadata.completeness.periods or ()] == [None]


def test_nothing_is_public_until_it_is_named(settings: BridgeSettings, tmp_path: Path) -> None:
    give(settings, 1, body([(LAMP, "voltage", 0, 230.0), (BIN, "distance", 0, 800.0)]))
    with pytest.raises(ExportRefused, match=r"\[public\] kinds names none"):
        exported(settings, tmp_path, public=True)
    opened = settings.model_copy(
        update={
            "public": PublicSettings(kinds=[Kind.WASTE_BIN], quantities=["distance", "voltage"]),
            "export": ExportSettings(producer="Kominfo Kota Baubau", licence="CC-BY-4.0"),
        }
    )
    made, rows = exported(opened, tmp_path, public=True)
    assert [row["asset"] for row in rows] == ["TPS-0007"]
    assert not {"gateway", "uncertainty_ms"} & rows[0].keys()
    assert (made.metadata.producer, made.metadata.licence) == ("Kominfo Kota Baubau", "CC-BY-4.0")
    with pytest.raises(ExportRefused, match="streetlight is not public"):
        exported(opened, tmp_path, public=True, kinds=("streetlight",))
    with pytest.raises(ExportRefused, match=r"\[public\] events names none"):
        exported(opened, tmp_path, "events", public=True)
    told = opened.public.model_copy(update={"events": [EventType.BIN_FULL]})
    give(opened, 2, event("ev-1", Phase.BEGIN, 0))
    assert (
        exported(opened.model_copy(update={"public": told}), tmp_path, "events", public=True)[1]
        == []
    )


def test_a_cursor_of_another_store_is_refused_in_words(
    settings: BridgeSettings, tmp_path: Path
) -> None:
    other = city(StoreSettings(kind="sqlite", path=str(tmp_path / "other.db")))
    give(other, 1, lamp_at(0))
    give(settings, 1, lamp_at(0))
    theirs, _ = exported(other, tmp_path)
    with pytest.raises(ExportRefused, match="of another store"):
        exported(settings, tmp_path, since=theirs.metadata.cursor)
    for nonsense in ("nadi1-", "x", f"{theirs.metadata.cursor}A", str(theirs.metadata.cursor)[:-4]):
        with pytest.raises(ExportRefused, match="no cursor of an export"):
            exported(settings, tmp_path, since=nonsense)


def test_a_cursor_of_before_a_restore_is_refused(tmp_path: Path) -> None:
    settings = city(StoreSettings(kind="sqlite", path=str(tmp_path / "city.db")))
    give(settings, 1, lamp_at(0))
    backup = back_up(settings.store, tmp_path / "backups", now=NOW)
    give(settings, 2, lamp_at(10))
    made, _ = exported(settings, tmp_path)
    restore(settings.store, backup.folder, now=NOW, replace=True)
    give(settings, 3, lamp_at(20))
    with pytest.raises(ExportRefused, match="of the time before this one was restored"):
        exported(settings, tmp_path, since=made.metadata.cursor)


def test_a_cursor_of_a_store_that_an_older_copy_took_the_place_of_is_refused(
    tmp_path: Path,
) -> None:
    settings = city(StoreSettings(kind="sqlite", path=str(tmp_path / "city.db")))
    give(settings, 1, lamp_at(0))
    older = (tmp_path / "city.db").read_bytes()
    give(settings, 2, lamp_at(10))
    made, _ = exported(settings, tmp_path)
    (tmp_path / "city.db").write_bytes(older)
    with pytest.raises(ExportRefused, match="an older copy was put in its place"):
        exported(settings, tmp_path, since=made.metadata.cursor)
    give(settings, 3, lamp_at(20))
    with pytest.raises(ExportRefused, match="an older copy was put in its place"):
        exported(settings, tmp_path, since=made.metadata.cursor)


def test_two_gateways_are_told_apart(settings: BridgeSettings, tmp_path: Path) -> None:
    give(settings, 1, lamp_at(0))
    give(settings, 1, lamp_at(5), gateway=G2)
    _, rows = exported(settings, tmp_path)
    assert sorted(row["gateway"] for row in rows) == [G1, G2]
