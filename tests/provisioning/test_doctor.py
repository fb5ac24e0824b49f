"""`nadi doctor` looks at everything, blames the cause and not what follows, and changes nothing."""

import os
import re
import subprocess
import sys
import tarfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from contract.network_devices import RtspCamera
from contract.settings import NetworkLine
from provisioning.authority.making import Wish, make
from provisioning.broker.folder import broker_file
from provisioning.certificates import Role, client, key_pem, new_key, pem, server
from provisioning.doctor.finding import COMMAND
from provisioning.files import write
from provisioning.known import BY_CODE
from provisioning.visit import listens
from tests.provisioning import tree
from tests.provisioning.conftest import PASSPHRASE, TIMEOUT_S, Ended, Nadi, environment
from tests.provisioning.pole import NAME, Pole


@pytest.fixture
def pole(working_pole: Pole) -> Pole:
    """Everything of one gateway, at work."""
    return working_pole


pytestmark = pytest.mark.system
PLANTED = "kata-sandi-kamera-7731"
ALL = {
    *("settings", "clock", "card", "wear", "power", "agent", "outbox"),
    *("line:bin", "device:TPS-1", "line:lamps", "device:PJU-0001"),
    *("certificate", "route", "tls", "broker", "receipt"),
}


Doctor = Callable[..., Ended]


@pytest.fixture
def doctor(nadi: Nadi, pole: Pole) -> Doctor:
    """`nadi doctor` on that pole."""

    def run(*words: str, env: dict[str, str] | None = None) -> Ended:
        place = ("--settings", str(pole.settings_file))
        return nadi("doctor", *words, *place, env={"PATH": pole.path(), **(env or {})})

    return run


def findings(ended: Ended) -> dict[str, dict[str, Any]]:
    return {one["id"]: one for one in ended.document["result"]["findings"]}


def state_of(ended: Ended) -> dict[str, str]:
    return {name: one["state"] for name, one in findings(ended).items()}


def test_point_15_of_a_gateway_that_works_every_check_is_made(pole: Pole, doctor: Doctor) -> None:
    pole.play()
    pole.start_bridge()
    agent = pole.start_agent()
    agent.wait_until(
        lambda: state_of(doctor("receipt", "--json")).get("receipt") == "ok",
        what="receipted",
        deadline_s=30,
    )
    ended = doctor("--json")
    seen = findings(ended)
    assert set(seen) == ALL
    assert ended.code == 0, {name: one for name, one in seen.items() if one["state"] == "fail"}
    assert all(set(one) >= {"id", "state", "evidence", "fix", "seconds"} for one in seen.values())
    assert all(set(one["fix"]) == {"text", "commands"} for one in seen.values())
    assert "voltage" in seen["device:PJU-0001"]["evidence"]
    assert seen["tls"]["evidence"] == "Both sides accept each other's certificates"


def test_the_agents_session_is_left_alone(pole: Pole, doctor: Doctor) -> None:
    pole.play()
    pole.start_bridge()
    agent = pole.start_agent()
    agent.wait_until(
        lambda: state_of(doctor("broker", "--json"))["broker"] == "ok",
        what="connected",
        deadline_s=30,
    )
    for _ in range(3):
        assert state_of(doctor("tls", "--json"))["tls"] == "ok"
    assert "link down" not in agent.log_file.read_text()


def test_point_14_what_depends_on_a_failure_is_skipped_and_names_it(
    pole: Pole, doctor: Doctor
) -> None:
    pole.centre.broker.stop()
    ended = doctor("--json")
    seen = findings(ended)
    assert ended.code == 4
    assert set(seen) == ALL
    assert {name for name, one in seen.items() if one["state"] == "fail"} == {
        "agent",
        "line:bin",
        "line:lamps",
        "card",
        "route",
    }
    assert seen["outbox"]["evidence"] == "because of: agent"
    assert seen["tls"]["evidence"] == "because of: route"
    assert seen["device:TPS-1"]["state"] == "skip"
    assert seen["line:bin"]["fix"]["commands"] == ["nadi doctor line:bin"]


@pytest.mark.parametrize("host", ["203.0.113.9", "broker.invalid"])
def test_point_14_without_any_network_it_ends_soon_and_blames_nobody(
    pole: Pole, tmp_path: Path, host: str
) -> None:
    nowhere = pole.address.model_copy(update={"host": host})
    pole.write_settings(pole.settings.model_copy(update={"broker": nowhere}))
    words = ("doctor", "route", "tls", "broker", "receipt", "--json")
    seen = findings(_without_network(tmp_path, *words, "--settings", str(pole.settings_file)))
    assert seen["route"]["evidence"].startswith("no network")
    assert all(seen[name]["state"] == "skip" for name in ("route", "tls", "broker", "receipt"))


def _without_network(folder: Path, *words: str) -> Ended:
    """In a network namespace of its own, whose loopback even is down."""
    alone = ["unshare", "--net"] if os.geteuid() == 0 else ["unshare", "--map-root-user", "--net"]
    done = subprocess.run(
        [*alone, sys.executable, "-m", "provisioning", *words],
        cwd=folder,
        env=environment(folder),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )
    return Ended(code=done.returncode, out=done.stdout, err=done.stderr)


def _expired(pole: Pole) -> None:
    _shown(pole, now=datetime.now(UTC) - timedelta(days=900), life=timedelta(days=30))


def _early(pole: Pole) -> None:
    _shown(pole, now=datetime.now(UTC) + timedelta(days=30), life=timedelta(days=30))


def _shown(pole: Pole, *, now: datetime, life: timedelta) -> None:
    key, authority = new_key(), pole.centre.authority
    made = client(
        authority.issuing, key.public_key(), role=Role.GATEWAY, name=NAME, now=now, life=life
    )
    pole.address = pole.centre.shown(pem(made, *authority.chain), key)


def _of_another_city(pole: Pole) -> None:
    wish = Wish(city="kendari", hosts=("127.0.0.1",))
    other = make(pole.folder / "kendari", wish, passphrase=PASSPHRASE, now=datetime.now(UTC))
    ours = pole.address
    key = new_key()
    made = client(
        other.issuing, key.public_key(), role=Role.GATEWAY, name=NAME, now=datetime.now(UTC)
    )
    pole.address = pole.centre.shown(pem(made, *other.chain), key).model_copy(
        update={"ca_file": ours.ca_file}
    )


def _broker_of_another_city(pole: Pole) -> None:
    wish = Wish(city="kendari", hosts=("127.0.0.1",))
    other = make(pole.folder / "kendari", wish, passphrase=PASSPHRASE, now=datetime.now(UTC))
    root = other.folder / "root.pem"
    pole.address = pole.address.model_copy(update={"ca_file": str(root)})


def _misnamed(pole: Pole) -> None:
    pole.address = pole.address.model_copy(update={"host": "localhost"})


def _brokers_expired(pole: Pole) -> None:
    _serving(pole, now=datetime.now(UTC) - timedelta(days=900))


def _brokers_early(pole: Pole) -> None:
    _serving(pole, now=datetime.now(UTC) + timedelta(days=30))


def _serving(pole: Pole, *, now: datetime) -> None:
    """The broker starts again with a certificate of another time."""
    centre, key = pole.centre, new_key()
    made = server(
        centre.authority.issuing,
        key.public_key(),
        name="broker",
        hosts=("127.0.0.1",),
        now=now,
        life=timedelta(days=30),
    )
    folder = centre.authority.broker_folder
    centre.broker.stop()
    write(broker_file(folder, "broker.pem", pem(made, *centre.authority.chain)))
    write(broker_file(folder, "broker.key", key_pem(key)))
    centre.broker.start()
    centre.broker.wait_until(
        lambda: listens("127.0.0.1", centre.port), what="listening", deadline_s=20
    )


def _wrong_clock_and_a_broker_of_later(pole: Pole) -> None:
    _brokers_early(pole)
    _wrong_clock(pole)


def _wrong_clock(pole: Pole) -> None:
    ahead = (datetime.now(UTC) + timedelta(days=400)).timestamp()
    os.utime(pole.settings_file, (ahead, ahead))


@pytest.mark.parametrize(
    ("spoil", "check", "code", "word"),
    [
        (_expired, "certificate", "E-TLS-01", "expired"),
        (_early, "certificate", "E-TLS-02", "not yet valid"),
        (_of_another_city, "tls", "E-TLS-05", "Wrong authority"),
        (_broker_of_another_city, "tls", "E-TLS-04", "Wrong authority"),
        (_misnamed, "tls", "E-TLS-08", "another address"),
        (_brokers_expired, "tls", "E-TLS-06", "broker's certificate has expired"),
        (_brokers_early, "tls", "E-TLS-07", "broker's certificate is not yet valid"),
        (_wrong_clock_and_a_broker_of_later, "tls", "E-TLS-09", "Wrong clock"),
        (_wrong_clock, "clock", "E-CLOCK-01", "clock is wrong"),
    ],
)
def test_what_is_wrong_with_tls_is_said_in_those_words(
    pole: Pole, doctor: Doctor, spoil: Callable[[Pole], None], check: str, code: str, word: str
) -> None:
    spoil(pole)
    if spoil not in (_wrong_clock, _wrong_clock_and_a_broker_of_later):
        pole.write_settings()
    ended = doctor(check, "--json")
    seen = findings(ended)[check]
    assert (ended.code, seen["state"], seen["code"]) == (4, "fail", code), seen
    assert word in seen["evidence"]


def test_a_certificate_that_should_have_renewed_itself_is_said_in_time(
    pole: Pole, doctor: Doctor
) -> None:
    _shown(pole, now=datetime.now(UTC) - timedelta(days=12), life=timedelta(days=14))
    pole.write_settings()
    ended = doctor("certificate", "--json")
    seen = findings(ended)["certificate"]
    assert (ended.code, seen["state"], seen["code"]) == (0, "warn", "E-TLS-12"), seen


def test_a_revoked_gateway_is_told_so(nadi: Nadi, pole: Pole, doctor: Doctor) -> None:
    place = ("--authority", str(pole.centre.authority.folder))
    words = ("gateway", "revoke", NAME, "--confirm", NAME, "--reason", "stolen", *place)
    assert nadi(*words).code == 0
    seen = findings(doctor("tls", "--json"))["tls"]
    assert (seen["state"], seen["code"]) == ("fail", "E-TLS-03")
    assert "revoked" in seen["evidence"]


def test_point_15_checks_are_listed_and_made_singly(pole: Pole, doctor: Doctor) -> None:
    listed = doctor("--list", "--json").document["result"]["checks"]
    assert {one["id"] for one in listed} == ALL
    assert set(findings(doctor("card", "--json"))) == {"settings", "card"}
    assert "device:PJU-0001" in findings(doctor("PJU-0001", "--json"))
    unknown = doctor("cart", "--json")
    assert (unknown.code, unknown.document["code"]) == (2, "E-DOCTOR-01")
    assert "card" in unknown.document["error"]["fix"]


def test_point_16_a_report_has_no_secret_and_the_gateway_is_as_before(
    pole: Pole, doctor: Doctor, tmp_path: Path
) -> None:
    camera = RtspCamera(
        asset="CCTV-1",  # type: ignore[arg-type]  # a str
        host="127.0.0.1",
        port=9,
        user="nadi",
        password=PLANTED,
    )
    line = NetworkLine(name="cctv", device=[camera])
    pole.write_settings(pole.settings.model_copy(update={"network": [line]}))
    pole.play()
    pole.start_agent()
    before = {file: file.read_bytes() for file in pole.folder.glob("*.toml")}
    report = tmp_path / "report.tar.gz"
    ended = doctor("--report", str(report), "--json")
    assert ended.document["result"]["report"] == str(report)
    assert report.stat().st_mode & 0o777 == 0o600
    with tarfile.open(report) as archive:
        texts = {one.name: archive.extractfile(one).read().decode() for one in archive}  # type: ignore[union-attr]  # files only
    assert {"nadi-report/doctor.json", "nadi-report/settings.json", "nadi-report/status.json"} <= (
        set(texts)
    )
    assert "CCTV-1" in texts["nadi-report/settings.json"]
    assert PLANTED not in "".join(texts.values()) + ended.out + ended.err
    assert "PRIVATE KEY" not in "".join(texts.values())
    assert before == {file: file.read_bytes() for file in pole.folder.glob("*.toml")}


def test_a_dry_run_writes_no_report(pole: Pole, doctor: Doctor, tmp_path: Path) -> None:
    doctor("card", "--report", str(tmp_path / "no.tar.gz"), "--dry-run")
    assert not (tmp_path / "no.tar.gz").exists()


def test_a_machine_without_settings_is_told_what_it_is(nadi: Nadi, tmp_path: Path) -> None:
    ended = nadi("doctor", "--settings", str(tmp_path / "none.toml"), "--json")
    seen = findings(ended)
    assert (ended.code, seen["settings"]["code"]) == (4, "E-DOCTOR-03")
    assert {one["state"] for name, one in seen.items() if name != "settings"} == {"skip"}


@pytest.mark.parametrize("language", ["en", "id"])
def test_point_23_it_fits_forty_columns_and_breaks_no_command(
    pole: Pole, doctor: Doctor, nadi_process: Nadi, language: str
) -> None:
    pole.centre.broker.stop()
    place = ("--settings", str(pole.settings_file))
    env = {"COLUMNS": "40", "NADI_LANG": language, "PATH": pole.path()}
    ended = nadi_process("doctor", *place, env=env)
    lines = ended.out.splitlines()
    commands = [
        command for one in findings(doctor("--json")).values() for command in one["fix"]["commands"]
    ]
    assert commands
    for command in commands:
        assert any(line.strip() == command for line in lines)
    paths = str(pole.folder)
    rest = [line for line in lines if line.strip() not in commands and paths not in line]
    assert [line for line in rest if len(line) > 40] == []


def test_its_document_is_the_same_in_every_language(pole: Pole, doctor: Doctor) -> None:
    documents = set()
    for language in ("en", "id"):
        text = doctor("certificate", "--json", env={"NADI_LANG": language}).out
        documents.add(re.sub(r'"seconds": [0-9.]+', "", text))
    assert len(documents) == 1


def test_point_13_every_command_of_a_fix_is_one_of_ours() -> None:
    for code, known in BY_CODE.items():
        for line in COMMAND.findall(known.fix):
            plain = line.removeprefix("sudo ")
            if plain.startswith("nadi "):
                tree.parse(plain)
            else:
                assert plain.split()[0] in ("systemctl", "timedatectl"), code
