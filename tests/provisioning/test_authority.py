"""The city's authority is made once, whole, and tells what runs out."""

import errno
import hashlib
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from provisioning.authority.folder import issuer_of, load
from provisioning.authority.standing import standing
from provisioning.errors import Trouble
from provisioning.run import trouble_of
from tests.provisioning.conftest import PASSPHRASE, Nadi

LINE = ("authority", "init", "--city", "baubau", "--host", "127.0.0.1")


def _hashes(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_point_4_a_second_init_changes_nothing(
    nadi: Nadi, authority: Path, passphrase: str
) -> None:
    before = _hashes(authority)
    ended = nadi(*LINE, "--passphrase", passphrase, "--json")
    assert (ended.code, ended.document["code"]) == (0, "already")
    assert _hashes(authority) == before


def test_point_4_another_city_in_the_same_folder_is_a_conflict(
    nadi: Nadi, authority: Path, passphrase: str
) -> None:
    before = _hashes(authority)
    ended = nadi(
        *("authority", "init", "--city", "kendari", "--host", "127.0.0.1", "--json"),
        *("--passphrase", passphrase),
    )
    assert (ended.code, ended.document["code"]) == (5, "E-AUTH-01")
    assert _hashes(authority) == before


def test_a_folder_with_other_files_is_left_alone(
    nadi: Nadi, passphrase: str, tmp_path: Path
) -> None:
    (tmp_path / "authority").mkdir()
    (tmp_path / "authority" / "thesis.txt").write_text("precious")
    ended = nadi(*LINE, "--passphrase", passphrase, "--json")
    assert (ended.code, ended.document["code"]) == (5, "E-AUTH-02")
    assert list((tmp_path / "authority").iterdir()) == [tmp_path / "authority" / "thesis.txt"]


def test_point_5_a_dry_run_judges_alike_and_writes_nothing(
    nadi: Nadi, passphrase: str, tmp_path: Path
) -> None:
    ended = nadi(*LINE, "--passphrase", passphrase, "--dry-run", "--json")
    assert (ended.code, ended.document["code"]) == (0, "planned")
    assert not (tmp_path / "authority").exists()
    wrong = nadi(*LINE, "--passphrase", "literal secret", "--dry-run")
    assert wrong.code == 2


@pytest.mark.parametrize(
    ("line", "flag"),
    [
        (("authority", "init"), "--city"),
        (("authority", "init", "--city", "baubau"), "--host"),
        (LINE, "--passphrase"),
    ],
)
@pytest.mark.parametrize("switch", [(), ("--no-input",)], ids=["stdin", "--no-input"])
def test_point_1_a_missing_value_ends_with_2_and_names_its_flag(
    nadi: Nadi, line: tuple[str, ...], flag: str, switch: tuple[str, ...]
) -> None:
    ended = nadi(*line, *switch, "--json")
    assert (ended.code, ended.document["code"]) == (2, "E-USAGE-01")
    assert flag in ended.document["error"]["what"]


def test_point_3_a_literal_secret_is_refused_and_shown_nowhere(nadi: Nadi, tmp_path: Path) -> None:
    ended = nadi(*LINE, "--passphrase", PASSPHRASE, "--json")
    assert (ended.code, ended.document["code"]) == (2, "E-USAGE-07")
    assert PASSPHRASE not in ended.out + ended.err
    assert not (tmp_path / "authority").exists()


def test_point_3_no_file_holds_the_passphrase_or_an_open_root_key(authority: Path) -> None:
    for path in authority.rglob("*"):
        if path.is_file():
            assert PASSPHRASE.encode() not in path.read_bytes(), path
    root_key = (authority / "offline" / "root.key").read_text()
    assert root_key.startswith("-----BEGIN ENCRYPTED PRIVATE KEY-----")


def test_keys_are_for_their_owner_only(authority: Path) -> None:
    for key in authority.rglob("*.key"):
        mode = stat.S_IMODE(key.stat().st_mode)
        assert mode == 0o600 or (key.parent.name == "broker" and mode == 0o640), key
        assert mode & stat.S_IRWXO == 0
    for private in ("private", "offline", "clients"):
        assert stat.S_IMODE((authority / private).stat().st_mode) == 0o700


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (("--city", "bau/bau", "--host", "127.0.0.1"), "E-USAGE-08"),
        (("--city", "..", "--host", "127.0.0.1"), "E-USAGE-08"),
        (("--city", "baubau\n", "--host", "127.0.0.1"), "E-USAGE-08"),
        (("--city", "baubau", "--host", "*.example.org"), "E-USAGE-10"),
        (("--city", "baubau", "--host", "broker\nuser root"), "E-USAGE-10"),
        (("--city", "baubau", "--host", "a", "--listen", "1\nuser root"), "E-USAGE-04"),
        (("--city", "baubau", "--host", "a", "--log", "stderr\nuser root"), "E-USAGE-04"),
    ],
)
def test_an_odd_name_never_enters_a_certificate_or_a_setting(
    nadi: Nadi, passphrase: str, line: tuple[str, ...], code: str
) -> None:
    ended = nadi("authority", "init", *line, "--passphrase", passphrase, "--json")
    assert (ended.code, ended.document["code"]) == (2, code)


def test_point_8_the_document_is_the_same_in_both_languages(nadi: Nadi, authority: Path) -> None:
    for line in (("authority", "status"), ("authority", "foo"), ("authority", "status", "--x")):
        documents = [nadi(*line, "--json", "--lang", spoken) for spoken in ("id", "en")]
        assert documents[0].out == documents[1].out
        assert {"schema", "ok", "code", "pending", "next"} <= set(documents[0].document)
        assert documents[0].document["ok"] is (documents[0].code == 0)


def test_status_says_what_runs_out_and_that_the_root_key_is_here(
    nadi: Nadi, authority: Path
) -> None:
    ended = nadi("authority", "status", "--json")
    assert ended.code == 0
    result = ended.document["result"]
    assert {(part["what"], part["name"], part["state"]) for part in result["parts"]} == {
        ("root", "baubau", "ok"),
        ("issuing", "baubau", "ok"),
        ("broker", "127.0.0.1", "ok"),
        ("bridge", "bridge", "ok"),
    }
    assert (result["revocation_list"], result["root_key_here"]) == (1, True)
    (authority / "offline" / "root.key").unlink()
    assert nadi("authority", "status", "--json").document["result"]["root_key_here"] is False


def test_point_7_a_file_that_may_not_be_touched_exits_7() -> None:
    trouble = trouble_of(PermissionError(errno.EACCES, "Permission denied", "/etc/nadi/x"))
    assert (trouble.known.exit, trouble.known.code) == (7, "E-FILE-01")


def test_point_7_a_file_in_the_way_exits_5(nadi: Nadi, passphrase: str, tmp_path: Path) -> None:
    (tmp_path / "authority").write_text("no folder")
    ended = nadi(*LINE, "--passphrase", passphrase, "--json")
    assert (ended.code, ended.document["code"]) == (5, "E-FILE-03")


def test_point_12_no_traceback_without_debug(nadi: Nadi, authority: Path) -> None:
    (authority / "root.pem").write_text("no certificate\n")
    ended = nadi("authority", "status", "--json")
    assert (ended.code, ended.document["code"]) == (5, "E-AUTH-05")
    assert "Traceback" not in ended.out + ended.err
    with pytest.raises(Trouble):
        nadi("authority", "status", "--debug")


def test_a_setting_of_the_authority_that_is_wrong_is_named(nadi: Nadi, authority: Path) -> None:
    (authority / "authority.toml").write_text("city = 7\n")
    ended = nadi("authority", "status", "--json")
    assert (ended.code, ended.document["code"]) == (2, "E-SETTING-01")


def test_point_7_a_fault_of_nadi_itself_exits_1_and_names_its_log(tmp_path: Path) -> None:
    trouble = trouble_of(ZeroDivisionError("division by zero"))
    assert (trouble.known.exit, trouble.known.code) == (1, "E-BUG-01")
    log = Path(str(trouble.values["log"]))
    assert "division by zero" in log.read_text()
    log.unlink()


def test_a_certificate_that_ends_soon_is_named_with_the_command_that_renews_it(
    authority: Path,
) -> None:
    found = standing(load(authority), now=datetime.now(UTC) + timedelta(days=700))
    states = {part.what: part.state for part in found.parts}
    assert (states["broker"], states["bridge"], states["root"]) == ("warn", "warn", "ok")
    late = standing(load(authority), now=datetime.now(UTC) + timedelta(days=731))
    assert late.failed


def test_a_renewed_certificate_lives_longer_and_has_another_key(
    nadi: Nadi, authority: Path
) -> None:
    bridge = authority / "clients" / "bridge"
    before = (bridge / "bridge.key").read_bytes()
    ended = nadi("authority", "renew", "bridge", "--json")
    assert (ended.code, ended.document["pending"]) == (0, ["copy"])
    assert (bridge / "bridge.key").read_bytes() != before
    issuer_of(bridge / "bridge.pem", bridge / "bridge.key")
    broker = nadi("authority", "renew", "127.0.0.1", "--json")  # no broker runs here
    assert (broker.code, broker.document["pending"]) == (0, ["apply"])
    issuer_of(authority / "broker" / "broker.pem", authority / "broker" / "broker.key")
    unknown = nadi("authority", "renew", "brigde", "--json")
    assert (unknown.code, unknown.document["code"]) == (5, "E-GATEWAY-01")


def test_the_rules_of_a_newer_nadi_reach_the_broker_of_an_older_one(
    nadi: Nadi, authority: Path
) -> None:
    file = authority / "broker" / "nadi.acl"
    today = file.read_text()
    file.write_text(today.replace("topic read nadi/v1/baubau/feed/+/+/state\n", ""))
    assert file.read_text() != today
    nadi("authority", "apply", "--json")  # no broker runs here
    assert file.read_text() == today
