"""What the centre's timers start, on real systemd: hours, a copy at night, and its way back."""

import json

import pytest

from tests.machines.district import BRIDGE, CENTRE, District, committed, stored
from tests.machines.machine import Machine

pytestmark = pytest.mark.nightly

LAMP = "PJU-bb-0001"
SETTINGS = ("--settings", "/etc/nadi/bridge.toml")
COPIES = "/var/lib/nadi-backup"
MORE = f"""
[backup]
folder = "{COPIES}"
[metrics]
port = 9464
"""
SCRAPE = """
import urllib.request
print(urllib.request.urlopen("http://127.0.0.1:9464/metrics", timeout=20).read().decode())
"""
EXAMINED = ("database", "schema", "disk", "retention", "broker", "bridges", "balance", "backup")


def worked(centre: Machine, unit: str) -> str:
    """What the timer would start, started; its journal."""
    ended = centre.succeeds("systemctl", "start", unit)
    journal = centre.run("journalctl", "--no-pager", "--unit", unit)
    assert ended, journal
    assert "SIGSYS" not in journal
    return journal


def test_the_centres_timers_work_in_their_sandboxes_and_the_nights_copy_is_put_back(
    town: District,
) -> None:
    centre, gateway = town.centre(), town.gateway("bb-0001", "10.77.0.11")
    centre.write("/etc/nadi/bridge.toml", BRIDGE.format(centre=CENTRE) + MORE)
    centre.run("systemctl", "restart", "nadi-bridge")
    gateway.until(lambda: committed(centre, LAMP) > 0)
    centre.run("systemctl", "is-enabled", "nadi-retention.timer")
    assert not centre.succeeds("systemctl", "is-enabled", "nadi-backup.timer")
    centre.run("systemctl", "enable", "--now", "nadi-backup.timer")
    for unit in ("nadi-retention", "nadi-backup"):
        assert centre.run("systemctl", "is-active", f"{unit}.timer").strip() == "active"
        worked(centre, unit)
    (copy,) = centre.run("ls", COPIES).split()
    assert "nadi_bridge_readings_committed_total" in centre.run("python3", "-c", SCRAPE)
    said = centre.run("nadi-bridge", "doctor", *SETTINGS, "--json", check=False)
    found = {one["id"]: one["state"] for one in json.loads(said)["findings"]}
    assert {found[id_] for id_ in EXAMINED} == {"ok"}, said
    centre.run("nadi-bridge", "export", *SETTINGS, "readings", "/srv/readings.csv", "--asset", LAMP)
    assert LAMP in centre.run("head", "--lines=2", "/srv/readings.csv")
    before = stored(centre)
    centre.run("systemctl", "stop", "nadi-bridge")
    centre.run("nadi-bridge", "restore", *SETTINGS, "--replace", f"{COPIES}/{copy}")
    assert stored(centre) < before
    centre.run("systemctl", "start", "nadi-bridge")
    gateway.until(lambda: before < stored(centre))  # it still holds what was committed since
