"""`nadi gateway enrol` on a pole without a network."""

import hashlib
import stat
import tomllib
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from provisioning.certificates import fingerprint, name_of
from provisioning.joining.identity import Identities
from tests.provisioning.conftest import Ended, Nadi
from tests.provisioning.poles import GATEWAY, Pole, lamp, pole

OTHER_NONCE = "f" * 32


@pytest.fixture
def there(tmp_path: Path) -> Pole:
    made = pole(tmp_path)
    made.delegate()
    return made


@pytest.fixture
def enrol(nadi: Nadi, there: Pole):  # type: ignore[no-untyped-def]  # a function of words
    def run(*words: str) -> Ended:
        return nadi(*there.line, "--line", "none", *words, env=there.environment)

    return run


def content(folder: Path) -> dict[str, str]:
    return {
        str(file.relative_to(folder)): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted(folder.rglob("*"))
        if file.is_file()
    }


def test_point_18_the_key_is_made_here_and_a_working_identity_is_in_use(
    there: Pole, enrol: Nadi
) -> None:
    there.bundle()
    ended = enrol()
    assert (ended.code, ended.err) == (0, "")
    assert f"City code: {fingerprint(there.authority.root)}" in ended.out
    key = there.folder / "gateway.key"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    used = Identities(folder=there.folder).in_use()
    assert used is not None
    assert used.certificate is not None
    assert name_of(used.certificate) == GATEWAY
    chain = x509.load_pem_x509_certificates((there.folder / "gateway.pem").read_bytes())
    assert [name_of(one) for one in chain] == [GATEWAY, "delegation-1", name_of(chain[2])]
    secret = key.read_bytes().splitlines()[1]
    others = [one for one in there.top.rglob("*") if one.is_file() and "etc" not in one.parts]
    assert not [file for file in others if secret in file.read_bytes()]


def test_the_settings_name_the_files_and_the_place(there: Pole, enrol: Nadi) -> None:
    there.bundle()
    assert enrol().code == 0
    settings = tomllib.loads((there.folder / "agent.toml").read_text())
    assert settings["gateway"] == {"city": "baubau", "id": GATEWAY}
    assert settings["site"] == {"latitude": -5.47, "longitude": 122.6}
    assert settings["broker"]["key_file"] == str(there.folder / "gateway.key")


def test_point_4_a_second_run_changes_nothing(there: Pole, enrol: Nadi) -> None:
    there.bundle()
    enrol()
    before = content(there.top / "etc") | content(there.stick)
    ended = enrol("--json")
    assert (ended.code, ended.document["code"]) == (0, "already")
    assert content(there.top / "etc") | content(there.stick) == before


def test_point_5_a_dry_run_writes_nothing(there: Pole, enrol: Nadi) -> None:
    there.bundle()
    before = content(there.top)
    ended = enrol("--dry-run", "--json")
    assert (ended.code, ended.document["code"]) == (0, "planned")
    assert content(there.top) == before


def _for_another(there: Pole) -> None:
    there.bundle(gateway="bb-0043").rename(there.stick / f"{GATEWAY}.bundle")


def _expired(there: Pole) -> None:
    at = datetime.now(UTC) - timedelta(days=40)
    issued = there.authority.issuing.certificate.not_valid_before_utc
    there.bundle(issued_at=max(at, issued), life=timedelta(hours=1))


def _altered(there: Pole) -> None:
    file = there.bundle()
    file.write_bytes(file.read_bytes().replace(b"Sudirman", b"Sudirmam"))


@pytest.mark.parametrize(
    ("spoil", "code"),
    [(_for_another, "E-BUNDLE-01"), (_expired, "E-BUNDLE-02"), (_altered, "E-BUNDLE-03")],
)
def test_point_17_a_bundle_that_cannot_be_used_is_named_and_nothing_is_written(
    there: Pole, enrol: Nadi, spoil: object, code: str
) -> None:
    assert callable(spoil)
    spoil(there)
    before = content(there.top)
    ended = enrol("--json")
    assert (ended.code, ended.document["code"]) == (5, code)
    assert content(there.top) == before


def test_point_17_a_bundle_serves_one_gateway_once(there: Pole, enrol: Nadi, nadi: Nadi) -> None:
    there.bundle()
    assert enrol().code == 0
    elsewhere = [*there.line, "--line", "none", "--folder", str(there.top / "other"), "--json"]
    ended = nadi(*elsewhere, env=there.environment)
    assert (ended.code, ended.document["code"]) == (5, "E-BUNDLE-04")
    assert not (there.top / "other" / "gateway.pem").exists()


def test_point_17_a_bundle_that_was_followed_by_another_is_used_up(
    there: Pole, enrol: Nadi
) -> None:
    old = there.bundle().read_bytes()
    assert enrol().code == 0
    before = (there.folder / "gateway.key").read_bytes()
    there.bundle(nonce=OTHER_NONCE)
    assert enrol().code == 0
    assert (there.folder / "gateway.key").read_bytes() != before
    (there.stick / f"{GATEWAY}.bundle").write_bytes(old)
    assert enrol("--json").document["code"] == "E-BUNDLE-04"


def test_point_19_a_clock_behind_the_bundle_warns_and_goes_on(there: Pole, enrol: Nadi) -> None:
    there.bundle(issued_at=datetime.now(UTC) + timedelta(hours=3))
    ended = enrol()
    assert ended.code == 0
    assert "E-CLOCK-02" in ended.out
    used = Identities(folder=there.folder).in_use()
    assert used is not None
    assert used.is_valid(datetime.now(UTC) + timedelta(hours=3))


def test_hand_edits_are_kept_and_differences_shown(there: Pole, enrol: Nadi) -> None:
    there.bundle()
    assert enrol().code == 0
    settings = there.folder / "agent.toml"
    edited = settings.read_text().replace("port = 1\n", "port = 8884  # the new router\n")
    settings.write_text(edited)
    ended = enrol()
    assert ended.code == 0
    assert "broker.host: yours stays, 127.0.0.1:8884; the office has 127.0.0.1:1" in " ".join(
        ended.out.split()
    )
    assert settings.read_text() == edited


def test_settings_of_another_gateway_stay_as_they_are(there: Pole, enrol: Nadi) -> None:
    there.bundle()
    assert enrol().code == 0
    settings = there.folder / "agent.toml"
    settings.write_text(settings.read_text().replace(GATEWAY, "bb-0001"))
    before = content(there.folder)
    assert enrol("--json").document["code"] == "E-BUNDLE-01"
    assert content(there.folder) == before


def test_files_that_somebody_put_there_by_hand_become_an_identity(there: Pole, enrol: Nadi) -> None:
    for name in ("gateway.key", "gateway.pem", "ca.pem"):
        (there.folder / name).write_text(name)
    (there.folder / "ca.pem").write_bytes((there.authority.folder / "root.pem").read_bytes())
    there.bundle()
    assert enrol().code == 0
    kept = there.folder / "identities" / "by-hand" / "gateway.key"
    assert kept.read_text() == "gateway.key"
    assert (there.folder / "gateway.key").read_text().startswith("-----BEGIN")


@pytest.mark.parametrize(
    ("gateways", "code"), [(("bb-0001",), "E-DELEGATION-01")], ids=["names another"]
)
def test_a_delegation_that_cannot_help_is_named_before_a_key_is_made(
    there: Pole, enrol: Nadi, gateways: tuple[str, ...], code: str
) -> None:
    there.delegate(*gateways)
    there.bundle()
    assert enrol("--json").document["code"] == code
    assert content(there.folder) == {}


def test_a_planned_asset_that_is_not_there_is_said(there: Pole, enrol: Nadi) -> None:
    there.bundle(assets=[lamp(1)])
    ended = enrol()
    assert ended.code == 0
    assert "warn  PJU-0001 was not found" in ended.out
