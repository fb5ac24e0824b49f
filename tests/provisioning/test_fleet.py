"""Lists of what the city owns come in whole or not at all; every change is kept with its why."""

import hashlib
import shutil
from pathlib import Path

import pytest

from contract.identity import City, GatewayId
from contract.registry import read_registry
from provisioning.authority import folder as places
from tests.provisioning.conftest import Ended, Nadi
from tests.provisioning.lists import GOOD, HEADER, lamp, written


@pytest.fixture
def office(nadi: Nadi, authority: Path, tmp_path: Path) -> Path:
    """A city whose inventory has the good list."""
    (tmp_path / "assets.csv").write_text(written(), newline="")
    assert nadi("fleet", "import", "assets.csv").code == 0
    return authority


def entries(nadi: Nadi, *more: str) -> dict[str, dict[str, object]]:
    """The inventory as `fleet list` gives it."""
    listed = nadi("fleet", "list", "--json", *more).document["result"]["entries"]
    return {entry["id"]: entry for entry in listed}


def imported(nadi: Nadi, folder: Path, data: bytes, *switches: str) -> Ended:
    (folder / "list.csv").write_bytes(data)
    return nadi("fleet", "import", "list.csv", "--json", *switches)


def test_a_list_comes_in_whole_with_the_gateways_it_names(nadi: Nadi, office: Path) -> None:
    there = entries(nadi)
    assert set(there) == {"bb-0001", "bb-0002", "PJU-0001", "TPS-0001", "CAM-0001", "AP-0001"}
    assert there["PJU-0001"] == {
        "id": "PJU-0001",
        "kind": "streetlight",
        "name": "Jl. Betoambari 12",
        "latitude": -5.4702,
        "longitude": 122.5969,
        "kelurahan": "74.72.06.1007",
        "gateway": "bb-0001",
        "retired": False,
    }
    assert there["bb-0002"]["name"] == "Kantor Wali Kota"
    assert (office / "inventory.db").stat().st_mode & 0o077 == 0


def test_point_4_the_same_list_again_changes_nothing(nadi: Nadi, office: Path) -> None:
    ended = nadi("fleet", "import", "assets.csv", "--json")
    assert (ended.code, ended.document["code"]) == (0, "already")
    assert ended.document["result"] == {"changes": [], "unchanged": 5, "skipped": []}
    assert len(nadi("fleet", "show", "PJU-0001", "--json").document["result"]["history"]) == 1


def test_point_5_a_dry_run_judges_alike_and_writes_nothing(
    nadi: Nadi, authority: Path, tmp_path: Path
) -> None:
    good = imported(nadi, tmp_path, written().encode(), "--dry-run")
    assert (good.code, good.document["code"]) == (0, "planned")
    assert len(good.document["result"]["changes"]) == 6
    bad = imported(nadi, tmp_path, written((lamp(id="a b"),)).encode(), "--dry-run")
    assert (bad.code, bad.document["code"]) == (5, "E-FLEET-01")
    assert not (authority / "inventory.db").exists()


def test_a_changed_list_shows_what_was_and_what_is(
    nadi: Nadi, office: Path, tmp_path: Path
) -> None:
    (tmp_path / "list.csv").write_text(written((lamp(gateway="bb-0002"),)))
    shown = nadi("fleet", "import", "list.csv", "--reason", "new pole").out.splitlines()
    assert shown[0].split() == ["Number", "What", "Before", "Now"]
    assert shown[1].split() == ["PJU-0001", "gateway", "bb-0001", "bb-0002"]
    past = nadi("fleet", "show", "PJU-0001", "--json").document["result"]["history"]
    assert [one["why"] for one in past] == ["import assets.csv", "new pole"]
    assert past[1]["before"] == past[0]["after"]
    assert all(one["who"] and one["at"] for one in past)


def test_a_column_that_a_list_lacks_stays_as_it_was(
    nadi: Nadi, office: Path, tmp_path: Path
) -> None:
    short = "kind,id,latitude,longitude\nstreetlight,PJU-0001,-5.4703,122.5969\n"
    assert imported(nadi, tmp_path, short.encode()).code == 0
    lamp_now = entries(nadi)["PJU-0001"]
    assert (lamp_now["latitude"], lamp_now["gateway"]) == (-5.4703, "bb-0001")
    assert lamp_now["name"] == "Jl. Betoambari 12"


@pytest.mark.parametrize(
    ("cells", "column", "remedy"),
    [
        ({"latitude": "122.5969", "longitude": "-5.4702"}, "latitude", "-5.4702 as latitude"),
        ({"latitude": "5.4702"}, "latitude", "Write -5.4702 as latitude"),
        ({"latitude": "-5.4302", "longitude": "122.5569"}, "latitude", "city.toml"),  # the strait
        ({"latitude": "0", "longitude": "0"}, "latitude", "city.toml"),
        ({"latitude": "-54702"}, "latitude", "-5.4702"),
        ({"latitude": "5°28'"}, "latitude", "Write degrees such as -5.4702"),
        ({"longitude": ""}, "longitude", "Write a value"),
        ({"longitude": "nan"}, "longitude", "Write degrees such as 122.5969"),
        ({"kelurahan": "74.72.06.1001"}, "kelurahan", "74.72.0"),
        ({"kelurahan": "Wajo"}, "kelurahan", "Write 74.72.06.1007 (Wajo)"),
        ({"kelurahan": "bone bone"}, "kelurahan", "Write 74.72.08.1001 (Bonebone)"),
        ({"kind": "streetlamp"}, "kind", "Write streetlight"),
        ({"id": "PJU 0001"}, "id", "Write PJU-0001"),
        ({"id": "PJU/0001"}, "id", "Write PJU-0001"),
        ({"id": "PJU+0001"}, "id", "Write PJU-0001"),
        ({"id": "PJU#0001"}, "id", "Write PJU-0001"),
        ({"id": "$PJU-0001"}, "id", "Write PJU-0001"),
        ({"id": ""}, "id", "Write a value"),
        ({"gateway": "bb 0001"}, "gateway", "Write bb-0001"),
        ({"gateway": "bb/+"}, "gateway", "Write bb"),
        ({"gateway": "PJU-0001"}, "gateway", "Write another one"),
        ({"name": "x" * 201}, "name", "Shorten it"),
        ({"name": "x\x07"}, "name", "Shorten it"),
    ],
    ids=lambda value: value if isinstance(value, str) else "-".join(value),
)
def test_a_bad_cell_is_named_by_line_and_column_with_its_remedy(
    nadi: Nadi,
    authority: Path,
    tmp_path: Path,
    cells: dict[str, str],
    column: str,
    remedy: str,
) -> None:
    rows = (GOOD[1], lamp(**cells))
    ended = imported(nadi, tmp_path, written(rows).encode())
    assert (ended.code, ended.document["code"]) == (5, "E-FLEET-01")
    (fault,) = ended.document["result"]["faults"]
    assert (fault["line"], fault["column"]) == (3, column)
    assert remedy in fault["fix"]
    assert entries(nadi) == {}


def test_every_bad_line_is_named_and_the_good_ones_come_in_if_told(
    nadi: Nadi, authority: Path, tmp_path: Path
) -> None:
    rows = (GOOD[0], lamp(id="a b"), lamp(), GOOD[1], lamp(id="PJU-0003", kelurahan="x"))
    refused = imported(nadi, tmp_path, written(rows).encode())
    assert [fault["line"] for fault in refused.document["result"]["faults"]] == [3, 4, 6]
    assert entries(nadi) == {}
    taken = imported(nadi, tmp_path, written(rows).encode(), "--skip-bad")
    assert taken.code == 0
    assert [fault["line"] for fault in taken.document["result"]["skipped"]] == [3, 4, 6]
    assert set(entries(nadi)) == {"bb-0001", "PJU-0001", "TPS-0001"}


def test_a_fault_is_told_in_indonesian_too(nadi: Nadi, authority: Path, tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_text(written((lamp(id="PJU 0001"),)))
    ended = nadi("fleet", "import", "list.csv", "--lang", "id")
    assert "Baris 2, id: 'PJU 0001' bukan nama" in " ".join(ended.out.split())


@pytest.mark.parametrize(
    ("encoding", "mark", "said"),
    [
        ("utf-8", b"", False),
        ("utf-8", b"\xef\xbb\xbf", False),
        ("utf-16-le", b"\xff\xfe", True),
        ("utf-16-be", b"\xfe\xff", True),
        ("utf-16-le", b"", True),
        ("cp1252", b"", True),
    ],
    ids=["utf-8", "utf-8 with a mark", "utf-16-le", "utf-16-be", "utf-16 without", "cp1252"],
)
@pytest.mark.parametrize("separator", [",", ";", "\t"], ids=["comma", "semicolon", "tab"])
def test_a_list_is_read_as_an_office_saves_it(
    nadi: Nadi,
    authority: Path,
    tmp_path: Path,
    encoding: str,
    mark: bytes,
    said: bool,
    separator: str,
) -> None:
    (tmp_path / "list.csv").write_bytes(mark + written(separator=separator).encode(encoding))
    ended = nadi("fleet", "import", "list.csv")
    assert ended.code == 0, ended.out + ended.err
    assert ("list.csv is in " in ended.out) is said
    assert entries(nadi)["CAM-0001"]["name"] == "Kantor é Wali Kota"


def test_a_decimal_comma_is_a_decimal_comma(nadi: Nadi, authority: Path, tmp_path: Path) -> None:
    row = lamp(latitude="-5,4702", longitude="122,5969")
    assert imported(nadi, tmp_path, written((row,), separator=";").encode()).code == 0
    quoted = lamp(id="PJU-0002", latitude='"-5,4702"', longitude='"122,5969"')
    assert imported(nadi, tmp_path, written((quoted,)).encode()).code == 0
    there = entries(nadi)
    assert {there[name]["latitude"] for name in ("PJU-0001", "PJU-0002")} == {-5.4702}


def test_indonesian_titles_and_kinds_mean_the_same(
    nadi: Nadi, authority: Path, tmp_path: Path
) -> None:
    text = "Jenis;Nomor;Lintang;Bujur\ntempat sampah;TPS-0009;-5,4655;122,5985\n"
    assert imported(nadi, tmp_path, text.encode()).code == 0
    assert entries(nadi)["TPS-0009"]["kind"] == "waste_bin"


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "E-FLEET-02"),
        (b"kind,id,latitude\n", "E-FLEET-02"),
        (b"kind,id,latitude,longitude,colour\n", "E-FLEET-03"),
        (b"kind,id,id,latitude,longitude\n", "E-FLEET-08"),
        (b"PK\x03\x04" + bytes(100), "E-FLEET-04"),
        (b"kind,id,latitude,longitude\n\x81\x8d\x8f,1,2,3\n", "E-FLEET-04"),
    ],
    ids=["empty", "no longitude", "colour", "id twice", "workbook", "no letters"],
)
def test_what_is_no_list_is_refused_in_words(
    nadi: Nadi, authority: Path, tmp_path: Path, data: bytes, code: str
) -> None:
    ended = imported(nadi, tmp_path, data)
    assert (ended.code, ended.document["code"]) == (5, code)


@pytest.mark.parametrize(
    "line", ['streetlight,PJU-1,"x,-5.47,122.6,,', "streetlight,PJU-1,x,-5.47,122.6,,,,"]
)
def test_a_line_that_is_no_row_is_named(
    nadi: Nadi, authority: Path, tmp_path: Path, line: str
) -> None:
    ended = imported(nadi, tmp_path, (",".join(HEADER) + "\n" + line + "\n").encode())
    assert [fault["line"] for fault in ended.document["result"]["faults"]] == [2]


def test_a_city_of_its_own_has_its_own_kelurahan_and_land(
    nadi: Nadi, authority: Path, tmp_path: Path
) -> None:
    (authority / "city.toml").write_text('[kelurahan]\n"74.71.01.1001" = "Kandai"\n')
    row = lamp(latitude="-3.97", longitude="122.51", kelurahan="74.71.01.1001")
    assert imported(nadi, tmp_path, written((row,)).encode()).code == 0
    (authority / "city.toml").write_text('[kelurahans]\n"74.71.01.1001" = "Kandai"\n')
    assert imported(nadi, tmp_path, written((row,)).encode()).document["code"] == "E-SETTING-01"


def test_an_asset_moves_and_its_history_stays_whole(nadi: Nadi, office: Path) -> None:
    ended = nadi("asset", "move", "PJU-0001", "bb-0002", "--reason", "new cable", "--json")
    assert (ended.code, ended.document["next"]) == (0, ["nadi fleet publish"])
    again = nadi("asset", "move", "PJU-0001", "bb-0002", "--json")
    assert (again.code, again.document["code"]) == (0, "already")
    past = nadi("fleet", "show", "PJU-0001", "--json").document["result"]["history"]
    assert [one["after"]["gateway"] for one in past] == ["bb-0001", "bb-0002"]
    assert past[1]["why"] == "new cable"


@pytest.mark.parametrize(
    ("line", "nearest"), [(("PJU-001", "bb-0001"), "PJU-0001"), (("PJU-0001", "bb-001"), "bb-0001")]
)
def test_a_name_that_is_not_there_is_refused_with_the_nearest(
    nadi: Nadi, office: Path, line: tuple[str, str], nearest: str
) -> None:
    ended = nadi("asset", "move", *line, "--json")
    assert (ended.code, ended.document["code"]) == (5, "E-FLEET-05")
    assert nearest in ended.document["error"]["fix"]


def test_point_9_an_asset_is_retired_with_its_typed_number_and_a_reason(
    nadi: Nadi, office: Path
) -> None:
    unsure = nadi("asset", "retire", "PJU-0001", "--reason", "felled", "--confirm", "PJU-1")
    assert unsure.code == 5
    assert not entries(nadi)["PJU-0001"]["retired"]
    line = ("asset", "retire", "PJU-0001", "--reason", "felled", "--confirm", "PJU-0001")
    assert nadi(*line, "--dry-run", "--json").document["code"] == "planned"
    assert nadi(*line).code == 0
    assert "PJU-0001" not in entries(nadi)
    assert entries(nadi, "--all")["PJU-0001"]["retired"]
    assert nadi(*line, "--json").document["code"] == "already"
    moved = nadi("asset", "move", "PJU-0001", "bb-0002", "--json")
    assert moved.document["code"] == "E-FLEET-09"


def test_a_retired_number_does_not_come_back_by_a_list(
    nadi: Nadi, office: Path, tmp_path: Path
) -> None:
    nadi("asset", "retire", "PJU-0001", "--reason", "felled", "--confirm", "PJU-0001")
    (fault,) = imported(nadi, tmp_path, written().encode()).document["result"]["faults"]
    assert (fault["line"], fault["what"]) == (2, "PJU-0001 is retired.")


def test_a_registry_is_signed_numbered_and_the_same_file_if_nothing_changed(
    nadi: Nadi, office: Path
) -> None:
    first = nadi("fleet", "publish", "--json").document["result"]
    data = Path(first["file"]).read_bytes()
    registry = read_registry(data, city=City("baubau"), root=places.load(office).root)
    assert (registry.number, len(registry.gateways), len(registry.assets)) == (1, 2, 4)
    again = nadi("fleet", "publish", "--json").document
    assert (again["code"], again["result"]["file"]) == ("already", first["file"])
    assert Path(first["file"]).read_bytes() == data
    nadi("asset", "move", "PJU-0001", "bb-0002")
    nadi("asset", "retire", "AP-0001", "--reason", "gone", "--confirm", "AP-0001")
    second = nadi("fleet", "publish", "--json").document["result"]
    data = Path(second["file"]).read_bytes()
    registry = read_registry(data, city=City("baubau"), root=places.load(office).root)
    assert registry.number == 2
    assert {str(one.id): one.gateway for one in registry.assets}["PJU-0001"] == GatewayId("bb-0002")
    assert [one.id for one in registry.retired_assets] == ["AP-0001"]


def test_an_empty_inventory_is_not_published(nadi: Nadi, authority: Path) -> None:
    ended = nadi("fleet", "publish", "--json")
    assert (ended.code, ended.document["code"]) == (5, "E-FLEET-11")
    assert not (authority / "published").exists()


def test_a_newer_inventory_is_refused_and_left_alone(
    nadi: Nadi, office: Path, tmp_path: Path
) -> None:
    import sqlite3  # noqa: PLC0415

    file = office / "inventory.db"
    connection = sqlite3.connect(file)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    before = hashlib.sha256(file.read_bytes()).hexdigest()
    assert imported(nadi, tmp_path, written().encode()).document["code"] == "E-FLEET-06"
    assert nadi("fleet", "list", "--json").document["code"] == "E-FLEET-06"
    assert hashlib.sha256(file.read_bytes()).hexdigest() == before


def test_an_inventory_that_is_none_is_named(nadi: Nadi, office: Path, tmp_path: Path) -> None:
    (office / "inventory.db").write_bytes(b"no database at all, but long enough to be one" * 50)
    ended = nadi("fleet", "list", "--json")
    assert (ended.code, ended.document["code"]) == (5, "E-FLEET-13")
    shutil.rmtree(office)
    assert nadi("fleet", "list", "--json").document["code"] == "E-AUTH-03"
