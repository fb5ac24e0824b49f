"""Each format is what others read, a file is there whole or not at all, and nothing is replaced."""

import json
from dataclasses import replace
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow.parquet as pq
import pytest

from broker_bridge.__main__ import main
from broker_bridge.config import BridgeSettings, StoreSettings
from broker_bridge.errors import ExportRefused
from broker_bridge.export.asked import format_of
from broker_bridge.export.exporting import export
from broker_bridge.export.tables import NO_MS, Table, words_of
from broker_bridge.export.writing import Csv
from broker_bridge.export.zoned import Clock
from broker_bridge.opening import opened_store
from broker_bridge.stores import exporting
from contract.identity import Kind
from tests.export.conftest import city
from tests.export.giving import MAKASSAR, NOW, asked, give, lamp_at
from tests.stores.making import BIN, LAMP, body, line, listing


@pytest.fixture
def small(tmp_path: Path) -> BridgeSettings:
    """A lamp on the map with a reading, and a bin nobody has placed."""
    settings = city(StoreSettings(kind="sqlite", path=str(tmp_path / "city.db")))
    give(settings, 1, body([(LAMP, "voltage", 0, 229.5), (BIN, "distance", 250, 800.0)]))
    placed = line("PJU-0001", Kind.STREETLIGHT, latitude=-5.4667, longitude=122.6)
    with opened_store(settings.store) as store:
        store.load_registry(listing(1, [placed]))
    return settings


def test_geojson_has_each_reading_where_its_asset_stands(
    small: BridgeSettings, tmp_path: Path
) -> None:
    made = export(small, asked(tmp_path, ending="geojson"), now=NOW)
    lamp, bin_ = json.loads(made.file.read_text())["features"]
    assert lamp["geometry"] == {"type": "Point", "coordinates": [122.6, -5.4667]}
    assert lamp["properties"]["observed_at"] == "2026-11-18T19:06:40.000+08:00"
    assert (bin_["geometry"], bin_["properties"]["value"]) == (None, 800)


def test_parquet_has_instants_numbers_and_words(small: BridgeSettings, tmp_path: Path) -> None:
    made = export(small, asked(tmp_path, ending="parquet"), now=NOW)
    table = pq.read_table(made.file)
    assert str(table.schema.field("observed_at").type) == "timestamp[ms, tz=Asia/Makassar]"
    assert [row.isoformat() for row in table["observed_at"].to_pylist()] == [
        "2026-11-18T19:06:40+08:00",
        "2026-11-18T19:06:40.250000+08:00",
    ]
    assert table["asset"].to_pylist() == ["PJU-0001", "TPS-0007"]
    assert table["value"].to_pylist() == [229.5, 800.0]


@pytest.mark.parametrize("ending", ["csv", "jsonl", "geojson", "parquet"])
@pytest.mark.parametrize("dataset", ["readings", "hours", "events"])
def test_a_file_without_rows_can_be_read(
    dataset: str, ending: str, small: BridgeSettings, tmp_path: Path
) -> None:
    made = export(small, asked(tmp_path, dataset, ending, until_ms=1), now=NOW)
    assert (made.metadata.rows, bool(made.metadata.columns)) == (0, True)
    if ending == "parquet":
        assert pq.read_table(made.file).num_rows == 0
    elif ending == "geojson":
        assert json.loads(made.file.read_text())["features"] == []


def test_jsonl_has_null_for_what_is_missing(small: BridgeSettings, tmp_path: Path) -> None:
    give(small, 2, lamp_at(9), origins=[])
    made = export(small, asked(tmp_path, ending="jsonl"), now=NOW)
    rows = [json.loads(row) for row in made.file.read_text().splitlines()]
    assert len(rows) == 3
    assert rows[0]["unit"] == "V"


def test_a_word_with_a_comma_is_quoted() -> None:
    written: list[bytes] = []
    columns = {"reason": words_of(['a "b", c', None])}
    Csv(written.append, Clock(MAKASSAR)).write(Table(columns=columns, rows=2))
    assert b"".join(written) == b'reason\r\n"a ""b"", c"\r\n\r\n'


def test_a_missing_time_is_empty_and_summer_time_has_its_offset() -> None:
    summer = np.array([NO_MS, 1_782_900_000_000, 1_767_225_600_000])
    assert Clock(ZoneInfo("Europe/Berlin")).texts(summer) == [
        "",
        "2026-07-01T12:00:00.000+02:00",
        "2026-01-01T01:00:00.000+01:00",
    ]


@pytest.mark.parametrize("beside", ["", ".meta.json"])
def test_what_is_there_is_not_replaced(beside: str, small: BridgeSettings, tmp_path: Path) -> None:
    there = tmp_path / f"lamps.csv{beside}"
    there.write_text("mine")
    wanted = replace(asked(tmp_path), to=tmp_path / "lamps.csv")
    with pytest.raises(ExportRefused, match="is there already"):
        export(small, wanted, now=NOW)
    assert there.read_text() == "mine"


def test_an_export_that_fails_leaves_nothing(small: BridgeSettings, tmp_path: Path) -> None:
    def fail(_rows: int) -> None:
        raise OSError(28, "No space left on device", str(tmp_path / "export-0.csv"))

    with pytest.raises(ExportRefused, match="No space left on device"):
        export(small, asked(tmp_path), now=NOW, progress=fail)
    assert [path.name for path in tmp_path.iterdir() if "export-" in path.name] == []


def test_more_than_one_block_is_in_the_file_once(small: BridgeSettings, tmp_path: Path) -> None:
    rows = exporting.BLOCK_ROWS // 4_000 + 2
    for n in range(2, rows + 2):
        give(small, n, lamp_at(*range(n * 10_000, n * 10_000 + 4_000)))
    made = export(small, asked(tmp_path, assets=("PJU-0001",)), now=NOW)
    lines = made.file.read_text().splitlines()
    assert (len(lines), len(set(lines))) == (rows * 4_000 + 2, rows * 4_000 + 2)


@pytest.mark.parametrize(
    ("path", "said", "words"),
    [("lamps", None, "what lamps is to be"), ("lamps.xlsx", None, "lamps.xlsx is to be")],
)
def test_a_format_that_nobody_named_is_asked_for(path: str, said: str | None, words: str) -> None:
    with pytest.raises(ExportRefused, match=words):
        format_of(Path(path), said)


def test_the_nearest_asset_is_named_for_one_that_is_not_there(
    small: BridgeSettings, tmp_path: Path
) -> None:
    with pytest.raises(ExportRefused, match="no asset is called PJU-0002") as refused:
        export(small, asked(tmp_path, assets=("PJU-0002",)), now=NOW)
    assert refused.value.hint == "did you mean PJU-0001?"


def test_the_command_says_what_it_made(
    small: BridgeSettings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = tmp_path / "bridge.toml"
    settings.write_text(
        'city = "baubau"\n[broker]\nca_file = "a"\ncert_file = "b"\nkey_file = "c"\n'
        f'[store]\npath = "{small.store.path}"\n'
    )
    own = ["export", "--settings", str(settings), "readings"]
    assert main([*own, str(tmp_path / "one.csv"), "--from", "2026-11-18", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["rows"], said["time_zone"]) == (2, "Asia/Makassar")
    assert main([*own, str(tmp_path / "two.csv"), "--since", said["cursor"]]) == 0
    told = capsys.readouterr().out
    assert "two.csv: 0 rows" in told
    assert "--since nadi1-" in told
    assert main([*own, str(tmp_path / "three.csv"), "--from", "yesterday"]) == 1
    assert "'yesterday' is no time" in capsys.readouterr().err
