"""Each gateway gets a bundle that no other can use, and a label that a telephone can read."""

import hashlib
import json
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pypdfium2
import pytest
import segno
import zxingcpp

from contract.bundle import Bundle, read_bundle
from contract.identity import AssetId
from provisioning.authority import folder as places
from provisioning.authority.making import Wish, make
from provisioning.certificates import fingerprint
from provisioning.errors import Trouble
from provisioning.preparing import labels
from provisioning.preparing.labels import Label, sheet
from provisioning.preparing.opening import opened
from provisioning.preparing.ranges import expanded
from provisioning.progress import shown
from provisioning.terminal import Terminal
from tests.provisioning.conftest import PASSPHRASE, Nadi
from tests.provisioning.lists import written

PREPARE = ("gateway", "prepare", "bb-0001..bb-0003")
DPI = 300

# Of the model on the labels: the others are small enough to be seen by chance in a page of codes.
QR = zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCodeModel2)


@pytest.fixture
def office(nadi: Nadi, authority: Path, tmp_path: Path) -> Path:
    """A city whose inventory has assets on bb-0001 and bb-0002."""
    (tmp_path / "assets.csv").write_text(written(), newline="")
    assert nadi("fleet", "import", "assets.csv").code == 0
    return authority


def hashes(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}


def bundle_of(folder: Path, gateway: str) -> Bundle:
    return read_bundle((folder / "bundles" / f"{gateway}.bundle").read_bytes())


def read_labels(file: Path) -> list[str]:
    """What a telephone reads on each page, sorted."""
    with pypdfium2.PdfDocument(file) as document:
        pages = [page.render(scale=DPI / 72, grayscale=True).to_numpy() for page in document]
    return sorted(
        code.text for page in pages for code in zxingcpp.read_barcodes(page.squeeze(), QR)
    )


def texts(file: Path) -> str:
    with pypdfium2.PdfDocument(file) as document:
        return "\n".join(page.get_textpage().get_text_bounded() for page in document)


def test_a_bundle_says_what_its_gateway_must_know(nadi: Nadi, office: Path, tmp_path: Path) -> None:
    ended = nadi(*PREPARE, "--enrolment", "enrol.example.org:8444", "--json")
    assert ended.code == 0, ended.err
    assert ended.document["result"]["new"] == ["bb-0001", "bb-0002", "bb-0003"]
    bundle, root = bundle_of(tmp_path, "bb-0001"), places.load(office).root
    assert bundle.root.encode() == (office / "root.pem").read_bytes()
    assert [(one.host, one.port) for one in bundle.brokers] == [("127.0.0.1", 8883)]
    assert [(one.host, one.port) for one in bundle.enrolment] == [("enrol.example.org", 8444)]
    assert [asset.id for asset in bundle.assets] == [AssetId("PJU-0001"), AssetId("TPS-0001")]
    assert bundle.expires_at - bundle.issued_at == timedelta(days=90)
    assert bundle_of(tmp_path, "bb-0002").name == "Kantor Wali Kota"
    read_bundle((tmp_path / "bundles" / "bb-0003.bundle").read_bytes(), root=root)


def test_no_bundle_and_no_label_holds_a_secret(nadi: Nadi, office: Path, tmp_path: Path) -> None:
    nadi(*PREPARE)
    for file in (tmp_path / "bundles").iterdir():
        data = file.read_bytes()
        assert b"PRIVATE" not in data
        assert PASSPHRASE.encode() not in data
    nonces = {bundle_of(tmp_path, name).nonce for name in ("bb-0001", "bb-0002", "bb-0003")}
    assert len(nonces) == 3


def test_point_4_preparing_again_changes_nothing(nadi: Nadi, office: Path, tmp_path: Path) -> None:
    nadi(*PREPARE)
    before = hashes(tmp_path / "bundles")
    ended = nadi(*PREPARE, "--json")
    assert (ended.code, ended.document["code"]) == (0, "already")
    assert hashes(tmp_path / "bundles") == before


def test_point_5_a_dry_run_writes_no_bundle(nadi: Nadi, office: Path, tmp_path: Path) -> None:
    before = hashlib.sha256((office / "inventory.db").read_bytes()).hexdigest()
    ended = nadi(*PREPARE, "--dry-run", "--json")
    assert (ended.code, ended.document["code"]) == (0, "planned")
    assert not (tmp_path / "bundles").exists()
    assert hashlib.sha256((office / "inventory.db").read_bytes()).hexdigest() == before


def test_a_bundle_is_made_anew_only_for_the_gateway_whose_assets_changed(
    nadi: Nadi, office: Path, tmp_path: Path
) -> None:
    nadi(*PREPARE)
    before = hashes(tmp_path / "bundles")
    nadi("asset", "move", "CAM-0001", "bb-0003")
    ended = nadi(*PREPARE, "--json")
    assert ended.document["result"]["new"] == ["bb-0002", "bb-0003"]
    after = hashes(tmp_path / "bundles")
    assert after["bb-0001.bundle"] == before["bb-0001.bundle"]
    assert after["bb-0002.bundle"] != before["bb-0002.bundle"]


def test_point_4_a_damaged_or_foreign_bundle_is_a_conflict_and_nothing_is_written(
    nadi: Nadi, office: Path, tmp_path: Path
) -> None:
    (tmp_path / "bundles").mkdir()
    (tmp_path / "bundles" / "bb-0002.bundle").write_text("a letter to grandmother")
    ended = nadi(*PREPARE, "--json")
    assert (ended.code, ended.document["code"]) == (5, "E-PREPARE-03")
    assert [path.name for path in (tmp_path / "bundles").iterdir()] == ["bb-0002.bundle"]


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("bb-0009..bb-0001",), "E-PREPARE-01"),
        (("bb-1..bb-10",), "E-PREPARE-01"),
        (("bb-0001..cc-0002",), "E-PREPARE-01"),
        (("..",), "E-PREPARE-01"),
        (("bb-0001..bb-9999",), "E-PREPARE-02"),
        (("bb/0001",), "E-USAGE-08"),
        (("bb+1",), "E-USAGE-08"),
        (("bb#1",), "E-USAGE-08"),
        (("$SYS",), "E-USAGE-08"),
        (("bb-0001", "--days", "0"), "E-PREPARE-04"),
        (("bb-0001", "--enrolment", "host"), "E-USAGE-04"),
    ],
)
def test_an_odd_range_is_refused(
    nadi: Nadi, authority: Path, tmp_path: Path, words: tuple[str, ...], code: str
) -> None:
    ended = nadi("gateway", "prepare", *words, "--json")
    assert (ended.code, ended.document["code"]) == (2, code)
    assert not (tmp_path / "bundles").exists()


def test_a_name_of_an_asset_or_in_other_letters_is_no_new_gateway(nadi: Nadi, office: Path) -> None:
    assert nadi("gateway", "prepare", "PJU-0001", "--json").document["code"] == "E-FLEET-05"
    assert nadi("gateway", "prepare", "BB-0001", "--json").document["code"] == "E-FLEET-12"


def test_ranges_and_lists_name_each_gateway_once() -> None:
    words = ("bb-0008..bb-0011", "bb-0010,cc-1", "dd")
    assert expanded(words) == ("bb-0008", "bb-0009", "bb-0010", "bb-0011", "cc-1", "dd")


def test_point_17_each_reason_to_refuse_a_bundle_has_a_code_of_its_own(
    nadi: Nadi, office: Path, tmp_path: Path
) -> None:
    nadi(*PREPARE)
    file, now = tmp_path / "bundles" / "bb-0001.bundle", datetime.now(UTC)
    root, nonce = places.load(office).root, bundle_of(tmp_path, "bb-0001").nonce
    changed = tmp_path / "changed.bundle"
    changed.write_bytes(file.read_bytes().replace(b"PJU-0001", b"PJU-0002"))
    wish = Wish(city="baubau", hosts=("127.0.0.1",))
    stranger = make(tmp_path / "other", wish, passphrase=PASSPHRASE, now=now).root
    late = now + timedelta(days=91)
    before = hashes(tmp_path / "bundles")
    assert opened(file, "bb-0001", now=now, used=(), root=root).bundle.gateway == "bb-0001"
    codes: list[str] = []
    cases: list[dict[str, Any]] = [
        {"file": file, "gateway": "bb-0002", "now": now, "used": ()},
        {"file": file, "gateway": "bb-0001", "now": late, "used": ()},
        {"file": changed, "gateway": "bb-0001", "now": now, "used": ()},
        {"file": file, "gateway": "bb-0001", "now": now, "used": {nonce}},
        {"file": file, "gateway": "bb-0001", "now": now, "used": (), "root": stranger},
    ]
    for case in cases:
        with pytest.raises(Trouble) as refused:
            opened(**{"root": root, **case})
        codes.append(refused.value.known.code)
    assert codes == [f"E-BUNDLE-0{number}" for number in range(1, 6)]
    assert hashes(tmp_path / "bundles") == before


def test_point_25_every_label_can_be_read_by_a_telephone_and_by_a_person(
    nadi: Nadi, office: Path, tmp_path: Path
) -> None:
    ended = nadi("gateway", "prepare", "bb-0001..bb-0030", "--json")
    file = Path(ended.document["result"]["labels"])
    code = fingerprint(places.load(office).root)
    names = [f"bb-{number:04}" for number in range(1, 31)]
    assert read_labels(file) == [f"nadi:baubau/{name}/{code.replace(' ', '')}" for name in names]
    said = texts(file)
    assert all(name in said for name in names)
    assert said.count(" ".join(code.split()[:2])) == said.count(" ".join(code.split()[2:])) == 30


def test_the_longest_name_fits_its_label(tmp_path: Path) -> None:
    name = "G" * 64
    label = Label(
        city="b" * 64, gateway=name, title="(Jl. é \\ 1)", city_code="7F3K 92QX M4TD 8HWA"
    )
    (tmp_path / "labels.pdf").write_bytes(sheet([label] * 24))
    assert read_labels(tmp_path / "labels.pdf") == [label.payload] * 24
    said = texts(tmp_path / "labels.pdf")
    assert said.count("G") == 24 * 64
    assert "(Jl. é \\ 1)" in said


def test_a_module_of_a_code_is_no_smaller_than_half_a_millimetre() -> None:
    label = Label(city="baubau", gateway="bb-0001", title="", city_code="7F3K 92QX M4TD 8HWA")
    modules = len(segno.make(label.payload, error="m", micro=False, boost_error=False).matrix)
    assert labels.CODE_SIDE / (modules + 2 * labels.QUIET) >= 0.5  # mm a module


@pytest.mark.parametrize("moving", [True, False], ids=["terminal", "pipe"])
def test_point_24_a_long_work_says_how_far_it_is_and_leaves_no_trace(moving: bool) -> None:
    err = StringIO()
    terminal = Terminal(
        out=StringIO(), err=err, source=StringIO(), width=40, colour=False, moving=moving
    )
    clock = iter(range(0, 100, 4))
    items = shown(range(6), 6, text="Bundles", terminal=terminal, monotonic=lambda: next(clock))
    assert list(items) == list(range(6))
    said = err.getvalue()
    assert "\x1b" not in said
    if moving:
        assert "\n" not in said
        assert all(len(part) < 40 for part in said.split("\r"))
        assert said.endswith(" \r")
    else:
        assert said.splitlines() == ["Bundles 1/6", "Bundles 3/6", "Bundles 5/6"]


def test_the_bundle_is_json_for_a_person_up_to_its_signature(
    nadi: Nadi, office: Path, tmp_path: Path
) -> None:
    nadi(*PREPARE)
    text = (tmp_path / "bundles" / "bb-0001.bundle").read_text()
    body, _, _ = text.partition("\n-----BEGIN NADI SIGNATURE-----\n")
    assert json.loads(body)["gateway"] == "bb-0001"
