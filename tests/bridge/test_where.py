"""Whoever removes the centre is told where its data lie, and nothing of them is touched."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from broker_bridge.config import BackupSettings, BridgeSettings, StoreSettings
from broker_bridge.ingest import Ingest
from broker_bridge.opening import opened_store
from broker_bridge.where_command import say_where
from contract.identity import City
from contract.tls import Broker
from scripts.district.toml_document import write_toml
from tests.bridge.wire import TOPICS, Sender

ROOT = Path(__file__).parents[2]
SCRIPTS = ROOT / "scripts" / "packages" / "nadi-bridge"
BROKER = Broker(ca_file="ca", cert_file="cert", key_file="key")


@pytest.fixture
def settings(tmp_path: Path) -> BridgeSettings:
    """A store with three readings of one gateway."""
    made = BridgeSettings(
        city=City("baubau"),
        broker=BROKER,
        store=StoreSettings(kind="sqlite", path=str(tmp_path / "lib" / "city.db")),
        backup=BackupSettings(folder="/var/backups/nadi"),
    )
    (tmp_path / "lib").mkdir()
    with opened_store(made.store) as store:
        Ingest(store, TOPICS).take([Sender().batch(n) for n in (1, 2, 3)])
    return made


def test_store_backups_and_settings_are_named(
    settings: BridgeSettings, capsys: pytest.CaptureFixture[str]
) -> None:
    say_where(settings, "/etc/nadi/bridge.toml", as_json=False)
    store, backups, rest = capsys.readouterr().out.splitlines()
    held = "the city's store, with 3 readings and 0 events of 1 gateways, "
    assert store.startswith(f"{settings.store.path}: {held}")
    assert backups == "/var/backups/nadi: its backups"
    assert rest == "/etc/nadi: settings, certificates and keys"


def test_no_password_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    conninfo = "host=127.0.0.1 port=1 dbname=nadi password=geheim connect_timeout=2"
    settings = BridgeSettings(
        city=City("baubau"),
        broker=BROKER,
        store=StoreSettings(kind="postgresql", conninfo=conninfo),
    )
    say_where(settings, "bridge.toml", as_json=True)
    said = capsys.readouterr().out
    (store, _) = json.loads(said)["places"]
    assert "dbname=nadi" in store["where"]
    assert "cannot be looked at now" in store["holds"]
    assert "geheim" not in said


def removal(step: str, settings_file: Path, tmp_path: Path, *, python: str = sys.executable) -> str:
    """What the package's script says, with the places of this test in it."""
    script = (SCRIPTS / "prerm").read_text()
    for theirs, ours in (
        ("/opt/nadi-bridge/bin/python -I", python),
        ("/etc/nadi/bridge.toml", str(settings_file)),
        ("/run/systemd/system", str(tmp_path / "no-systemd")),
    ):
        assert theirs in script
        script = script.replace(theirs, ours)
    return subprocess.run(
        ["sh", "-c", script, "prerm", step],
        cwd=ROOT, capture_output=True, text=True, timeout=60, check=True,
    ).stdout  # fmt: skip


@pytest.fixture
def settings_file(settings: BridgeSettings, tmp_path: Path) -> Path:
    file = tmp_path / "bridge.toml"
    write_toml(file, settings.model_dump(mode="json", exclude_none=True))
    return file


def test_removing_the_package_says_where_the_data_lie_and_keeps_them(
    settings: BridgeSettings, settings_file: Path, tmp_path: Path
) -> None:
    said = removal("remove", settings_file, tmp_path)
    assert f"{settings.store.path}: the city's store, with 3 readings" in said
    assert Path(settings.store.path).exists()


def test_an_upgrade_says_nothing(settings_file: Path, tmp_path: Path) -> None:
    assert removal("upgrade", settings_file, tmp_path) == ""


def test_a_program_that_is_broken_does_not_stop_the_removal(
    settings_file: Path, tmp_path: Path
) -> None:
    assert "/var/lib/nadi-bridge" in removal("remove", settings_file, tmp_path, python="false")


@pytest.mark.parametrize("name", ["prerm", "postrm", "postinst"])
def test_no_script_of_the_package_deletes_anything(name: str) -> None:
    lines = (SCRIPTS / name).read_text().splitlines()
    code = "\n".join(line for line in lines if not line.lstrip().startswith("#"))
    words = set(code.replace("/", " ").replace(";", " ").split())
    assert not words & {"rm", "unlink", "mv", "shred", "truncate", "find", "userdel", "dropdb"}
