"""The units fit systemd, the programs they start, and the settings those read."""

import configparser
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

from contract.settings import Gateway

ROOT = Path(__file__).parents[2]
UNITS = ROOT / "systemd"
NAMES = ("nadi-agent", "nadi-bridge")
ANALYZE = shutil.which("systemd-analyze")


def _values(unit: str, key: str) -> list[str]:
    lines = (UNITS / f"{unit}.service").read_text().splitlines()
    return [line.partition("=")[2] for line in lines if line.startswith(f"{key}=")]


@pytest.mark.skipif(ANALYZE is None, reason="systemd-analyze is not here")
@pytest.mark.parametrize("name", NAMES)
def test_systemd_finds_nothing_wrong_with_a_unit(name: str, tmp_path: Path) -> None:
    assert ANALYZE
    text = (UNITS / f"{name}.service").read_text()
    (tmp_path / f"{name}.service").write_text(text.replace(f"/opt/nadi/bin/{name}", "/bin/true"))
    done = subprocess.run(
        [ANALYZE, "verify", "--man=no", tmp_path / f"{name}.service"],
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    said = [line for line in done.stderr.splitlines() if f"{name}.service" in line]
    assert (done.returncode, said) == (0, [])


@pytest.mark.parametrize("name", NAMES)
def test_a_unit_starts_a_program_that_is_installed(name: str) -> None:
    settings = configparser.ConfigParser()
    settings.read(ROOT / "setup.cfg")
    programs = settings["options.entry_points"]["console_scripts"]
    role = name.removeprefix("nadi-")
    assert _values(name, "ExecStart") == [
        f"/opt/nadi/bin/{name} run --settings /etc/nadi/{role}.toml"
    ]
    assert f"{name} = " in programs


def test_the_agents_folders_are_the_defaults_of_its_settings() -> None:
    gateway = Gateway.model_validate({"city": "baubau", "id": "bb-0001"})
    assert [f"/var/lib/{name}" for name in _values("nadi-agent", "StateDirectory")] == [
        gateway.data_dir
    ]
    assert [f"/run/{name}" for name in _values("nadi-agent", "RuntimeDirectory")] == [
        str(Path(gateway.socket).parent)
    ]


def test_the_bridges_folder_is_that_of_its_example_settings() -> None:
    example = tomllib.loads((ROOT / "configs" / "bridge.example.toml").read_text())
    assert [f"/var/lib/{name}" for name in _values("nadi-bridge", "StateDirectory")] == [
        str(Path(example["store"]["path"]).parent)
    ]


def test_the_agent_may_ask_whether_the_clock_is_synchronised() -> None:
    (filtered,) = _values("nadi-agent", "SystemCallFilter")
    assert {"adjtimex", "clock_adjtime", "clock_adjtime64"} <= set(filtered.split())
    assert _values("nadi-agent", "ProtectClock") == []


def test_the_agent_may_open_serial_ports() -> None:
    assert _values("nadi-agent", "SupplementaryGroups") == ["dialout"]
    assert _values("nadi-agent", "PrivateDevices") == []


@pytest.mark.parametrize("name", NAMES)
def test_a_unit_is_started_again_for_ever_at_a_bounded_rate(name: str) -> None:
    assert _values(name, "Restart") == ["always"]
    assert _values(name, "StartLimitIntervalSec") == ["0"]
    (pause_s,) = map(int, _values(name, "RestartSec"))
    assert pause_s >= 5


@pytest.mark.parametrize("name", NAMES)
def test_a_unit_is_watched_and_bounded(name: str) -> None:
    assert _values(name, "Type") == ["notify"]
    assert all(_values(name, key) for key in ("WatchdogSec", "MemoryMax", "TasksMax"))
    assert _values(name, "ProtectSystem") == ["strict"]
    assert _values(name, "CapabilityBoundingSet") == [""]


@pytest.mark.parametrize("name", NAMES)
def test_the_user_of_a_unit_is_made_by_sysusers(name: str) -> None:
    lines = (UNITS / "nadi.sysusers.conf").read_text().splitlines()
    users = {line.split()[1] for line in lines if line.startswith("u ")}
    assert set(_values(name, "User")) <= users
