"""The units fit systemd, the programs they start, and the settings those read."""

import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

from contract.settings import Gateway
from provisioning.authority.folder import SETTINGS
from provisioning.enrolment.__main__ import EnrolmentSettings
from provisioning.job import AUTHORITY
from provisioning.joining.service import TIMER
from scripts.packages.contents import PACKAGES

ROOT = Path(__file__).parents[2]
UNITS = ROOT / "systemd"
NAMES = ("nadi-agent", "nadi-bridge", "nadi-enrolment")
CHORES = {"nadi-retention": "retain", "nadi-backup": "backup"}  # of the bridge's package
ALL = (*NAMES, "nadi-renewal", "nadi-lists", *CHORES)
EXPOSURE = {"nadi-lists": 2.3}  # it is root on its machine's files, and signals the broker
HOME = {"nadi-enrolment": "nadi"}  # the package of a unit that is not the package of its name
# What of Debian 12's unit counts for its exposure.
MOSQUITTO = """
[Service]
Type=notify
NotifyAccess=main
ExecStart=/usr/sbin/mosquitto -c /etc/mosquitto/mosquitto.conf
ExecStartPre=/bin/mkdir -m 740 -p /var/log/mosquitto
"""
ANALYZE = shutil.which("systemd-analyze")


def _values(unit: str, key: str) -> list[str]:
    lines = (UNITS / f"{unit}.service").read_text().splitlines()
    return [line.partition("=")[2] for line in lines if line.startswith(f"{key}=")]


@pytest.mark.skipif(ANALYZE is None, reason="systemd-analyze is not here")
@pytest.mark.parametrize("name", ALL)
def test_systemd_finds_nothing_wrong_with_a_unit(name: str, tmp_path: Path) -> None:
    assert ANALYZE
    text = (UNITS / f"{name}.service").read_text()
    (tmp_path / f"{name}.service").write_text(
        re.sub(r"(?m)^ExecStart=.*", "ExecStart=/bin/true", text)
    )
    done = subprocess.run(
        [ANALYZE, "verify", "--man=no", tmp_path / f"{name}.service"],
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    said = [line for line in done.stderr.splitlines() if f"{name}.service" in line]
    assert (done.returncode, said) == (0, [])


@pytest.mark.skipif(ANALYZE is None, reason="systemd-analyze is not here")
@pytest.mark.parametrize("name", ALL)
def test_a_unit_exposes_little(name: str, tmp_path: Path) -> None:
    text = (UNITS / f"{name}.service").read_text()
    (tmp_path / f"{name}.service").write_text(text)
    assert _exposure(tmp_path / f"{name}.service") <= EXPOSURE.get(name, 1.6)


@pytest.mark.skipif(ANALYZE is None, reason="systemd-analyze is not here")
def test_the_drop_in_shuts_debians_mosquitto_in(tmp_path: Path) -> None:
    unit = tmp_path / "mosquitto.service"
    unit.write_text(MOSQUITTO)
    assert _exposure(unit) > 9
    shutil.copytree(UNITS / "mosquitto.service.d", tmp_path / "mosquitto.service.d")
    assert _exposure(unit) <= 2.0


def _exposure(unit: Path) -> float:
    assert ANALYZE
    done = subprocess.run(
        [ANALYZE, "security", "--offline=true", "--no-pager", unit],
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
        env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"},
    )
    said = re.search(r"Overall exposure level for \S+: ([0-9.]+)", done.stdout)
    assert said, done.stdout
    return float(said[1])


@pytest.mark.parametrize("name", NAMES)
def test_a_unit_starts_what_its_package_installs(name: str) -> None:
    (package,) = (one for one in PACKAGES if one.name == HOME.get(name, name))
    assert f"systemd/{name}.service" in package.files
    role = name.removeprefix("nadi-")
    assert _values(name, "ExecStart") == [
        f"{package.programs[name]} run --settings /etc/nadi/{role}.toml"
    ]


@pytest.mark.parametrize("name", NAMES)
def test_a_unit_waits_for_its_settings_and_is_handed_its_key(name: str) -> None:
    role = name.removeprefix("nadi-")
    handed = {
        "agent": [f"gateway.{kind}:/etc/nadi/gateway.{kind}" for kind in ("key", "pem")],
        "bridge": [f"bridge.{kind}:/etc/nadi/bridge.{kind}" for kind in ("key", "pem")],
        "enrolment": ["issuing.key:/var/lib/nadi-authority/private/issuing.key"],
    }
    assert _values(name, "ConditionPathExists") == [f"/etc/nadi/{role}.toml"]
    assert _values(name, "LoadCredential") == handed[role]


def test_a_renewal_is_the_command_of_its_package_and_may_write_the_gateways_files_only() -> None:
    (package,) = (one for one in PACKAGES if one.name == "nadi")
    command = f"{package.programs['nadi']} gateway renew --no-input"
    assert _values("nadi-renewal", "ExecStart") == [command]
    assert _values("nadi-renewal", "ReadWritePaths") == ["/etc/nadi"]
    assert _values("nadi-renewal", "CapabilityBoundingSet") == [""]
    assert _values("nadi-renewal", "SupplementaryGroups") == _values("nadi-agent", "Group")
    assert {f"systemd/{TIMER}", "systemd/nadi-renewal.service"} <= set(package.files)


def test_the_brokers_lists_are_sent_every_day_where_the_authority_is() -> None:
    (package,) = (one for one in PACKAGES if one.name == "nadi")
    command = f"{package.programs['nadi']} authority apply --no-input"
    assert _values("nadi-lists", "ExecStart") == [command]
    assert _values("nadi-lists", "ConditionPathExists") == [f"{AUTHORITY}/{SETTINGS}"]
    assert _values("nadi-lists", "ReadWritePaths") == [f"{AUTHORITY} -/etc/mosquitto/nadi"]
    assert {"systemd/nadi-lists.timer", "systemd/nadi-lists.service"} <= set(package.files)
    timer = (UNITS / "nadi-lists.timer").read_text().splitlines()
    assert {"OnCalendar=daily", "Persistent=true"} <= set(timer)


@pytest.mark.parametrize("name", CHORES)
def test_a_chore_of_the_bridge_is_its_command_and_writes_its_folders_only(name: str) -> None:
    (package,) = (one for one in PACKAGES if one.name == "nadi-bridge")
    command = f"{package.programs['nadi-bridge']} {CHORES[name]} --settings /etc/nadi/bridge.toml"
    assert _values(name, "ExecStart") == [command]
    assert _values(name, "User") == _values("nadi-bridge", "User")
    assert _values(name, "ProtectSystem") == ["strict"]
    assert _values(name, "ReadWritePaths") == []
    assert {f"systemd/{name}.service", f"systemd/{name}.timer"} <= set(package.files)


def test_the_backups_folder_is_that_of_the_bridges_example_settings() -> None:
    (folders,) = _values("nadi-backup", "StateDirectory")
    example = (ROOT / "configs" / "bridge.example.toml").read_text()
    assert f'folder = "/var/lib/{folders.split()[-1]}"' in example


@pytest.mark.skipif(ANALYZE is None, reason="systemd-analyze is not here")
@pytest.mark.parametrize("name", CHORES)
def test_systemd_reads_the_time_of_a_chore(name: str) -> None:
    assert ANALYZE
    lines = (UNITS / f"{name}.timer").read_text().splitlines()
    (when,) = (line.partition("=")[2] for line in lines if line.startswith("OnCalendar="))
    subprocess.run([ANALYZE, "calendar", when], check=True, capture_output=True, timeout=30)
    assert "Persistent=yes" in lines


@pytest.mark.parametrize("name", ALL)
def test_no_unit_leaves_a_core_with_a_key_in_it(name: str) -> None:
    assert _values(name, "LimitCORE") == ["0"]


def test_renewals_are_spread_and_need_no_clock() -> None:
    lines = (UNITS / TIMER).read_text().splitlines()
    assert {"RandomizedDelaySec=2h", "FixedRandomDelay=yes"} <= set(lines)
    assert [line for line in lines if line.startswith("OnCalendar")] == []


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


def test_the_endpoint_writes_the_record_of_the_authority_in_its_settings_and_nothing_else() -> None:
    example = tomllib.loads((ROOT / "configs" / "enrolment.example.toml").read_text())
    settings = EnrolmentSettings.model_validate(example)
    own = [f"{settings.authority}/private"]
    assert _values("nadi-enrolment", "ReadWritePaths") == own


def test_the_agent_may_ask_whether_the_clock_is_synchronised() -> None:
    last = _values("nadi-agent", "SystemCallFilter")[-1]
    assert set(last.split()) == {"adjtimex", "clock_adjtime", "clock_adjtime64"}
    assert _values("nadi-agent", "ProtectClock") == []


def test_the_agent_may_open_serial_ports_and_pins_and_no_other_device() -> None:
    assert "m nadi dialout" in (UNITS / "nadi-agent.sysusers.conf").read_text().splitlines()
    assert _values("nadi-agent", "DevicePolicy") == ["closed"]
    assert _values("nadi-agent", "DeviceAllow") == [
        f"char-{kind} rw" for kind in ("ttyUSB", "ttyACM", "ttyAMA", "ttyS", "gpiochip")
    ]


def test_no_rule_cleans_the_outbox_away() -> None:
    """systemd-tmpfiles may delete what it names when a package is purged."""
    assert list(UNITS.rglob("*tmpfiles*")) == []


def test_the_log_of_a_gateway_stays_off_its_card() -> None:
    lines = (UNITS / "nadi-agent.journald.conf").read_text().splitlines()
    assert {"Storage=volatile", "RuntimeMaxUse=32M"} <= set(lines)


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
    lines = (UNITS / f"{name}.sysusers.conf").read_text().splitlines()
    users = {line.split()[1] for line in lines if line.startswith("u ")}
    assert set(_values(name, "User")) <= users
