"""Enrolled, renewed, revoked, retired: with the city's own authority, on real systemd."""

import pytest

from tests.machines.city import City, city, enrolled
from tests.machines.district import District, committed, on_card, status, stored
from tests.machines.machine import Machine

pytestmark = pytest.mark.nightly

EARLY = """
[Service]
ExecStart=
ExecStart=/opt/nadi/bin/python -I -m provisioning gateway renew --no-input --now
"""
KEPT = "find /etc/nadi/identities -name gateway.key"


def is_connected(gateway: Machine) -> bool:
    link = status(gateway).get("link")
    return isinstance(link, dict) and bool(link["up"])


def at_work(town: District, made: City, name: str, address: str) -> Machine:
    gateway = enrolled(town, made, name, address)
    gateway.until(lambda: committed(made.centre, f"PJU-{name}") > 0)
    return gateway


def test_a_gateway_renews_its_certificate_inside_its_sandbox_and_loses_nothing(
    town: District,
) -> None:
    made = city(town)
    gateway = at_work(town, made, "bb-0001", "10.77.0.11")
    gateway.run("systemctl", "is-enabled", "nadi-renewal.timer")
    gateway.run("systemctl", "is-active", "nadi-renewal.timer")
    gateway.run("systemctl", "start", "nadi-renewal")  # not due: it changes nothing
    before, batches = gateway.run("readlink", "/etc/nadi/identity"), on_card(gateway)
    gateway.write("/etc/systemd/system/nadi-renewal.service.d/early.conf", EARLY)
    gateway.run("systemctl", "daemon-reload")
    started = gateway.succeeds("systemctl", "start", "nadi-renewal")
    journal = gateway.run("journalctl", "--no-pager", "--unit", "nadi-renewal")
    assert started, journal
    assert "SIGSYS" not in journal
    assert gateway.run("readlink", "/etc/nadi/identity") != before
    assert len(gateway.run("sh", "-c", KEPT).split()) == 1, "the old key is deleted"
    gateway.until(lambda: batches <= stored(made.centre))
    assert made.done("authority", "status")["result"]["replaced_since"] == 1
    made.centre.run("systemctl", "enable", "--now", "nadi-lists.timer")
    listed = made.centre.succeeds("systemctl", "start", "nadi-lists")
    journal = made.centre.run("journalctl", "--no-pager", "--unit", "nadi-lists")
    assert listed, journal
    assert "SIGSYS" not in journal
    assert made.done("authority", "status")["result"]["replaced_since"] == 0
    gateway.run("systemctl", "restart", "nadi-agent")
    gateway.until(lambda: is_connected(gateway))
    sealed = on_card(gateway)
    gateway.until(lambda: sealed <= stored(made.centre))


def test_settings_are_edited_and_put_back_while_a_gateway_works_and_nothing_is_lost(
    town: District,
) -> None:
    made = city(town)
    gateway = at_work(town, made, "bb-0001", "10.77.0.11")
    settings, first = "/etc/nadi/agent.toml", _agent(gateway)
    before = gateway.run("cat", settings)
    edit, unasked = ("nadi", "gateway", "edit"), ("--yes", "--no-input")
    assert not gateway.succeeds(*edit, "--set", "uplink.statment_interval_s=20", *unasked)
    assert (gateway.run("cat", settings), _agent(gateway)) == (before, first)
    sealed = on_card(gateway)
    gateway.run(*edit, "--set", "uplink.statement_interval_s=20", *unasked)
    assert "statement_interval_s = 20" in gateway.run("cat", settings)
    assert _agent(gateway) != first, "the agent has the new settings"
    gateway.until(lambda: is_connected(gateway))
    gateway.run(*edit, "--undo", *unasked)
    assert gateway.run("cat", settings) == before
    gateway.until(lambda: is_connected(gateway))
    gateway.until(lambda: sealed <= stored(made.centre))


def _agent(gateway: Machine) -> str:
    return gateway.run("systemctl", "show", "--value", "-p", "InvocationID", "nadi-agent").strip()


def test_a_revoked_gateway_is_cut_off_at_once_and_a_retired_one_leaves_nothing_open(
    town: District,
) -> None:
    made = city(town)
    stolen = at_work(town, made, "bb-0002", "10.77.0.12")
    spare = at_work(town, made, "bb-0001", "10.77.0.11")
    line = ("--reason", "stolen", "--confirm", "bb-0002")
    revoked = made.done("gateway", "revoke", "bb-0002", *line)["result"]
    assert (revoked["applied"], revoked["evicted"]) == (True, True)
    count = committed(made.centre, "PJU-bb-0002")
    stolen.until(lambda: not is_connected(stolen))
    last = committed(made.centre, "PJU-bb-0001")
    spare.until(lambda: committed(made.centre, "PJU-bb-0001") > last)
    assert committed(made.centre, "PJU-bb-0002") == count
    spare.run("systemctl", "disable", "--now", "nadi-agent")
    before = on_card(spare)
    retiring = ("gateway", "retire", "bb-0001", "--reason", "moved", "--confirm", "bb-0001")
    ended = made.done(*retiring, "--with-assets")
    assert ended["result"]["lost"] == 0
    assert before <= stored(made.centre)
    assert made.nadi(*retiring, "--with-assets")["code"] == "already"
    published = made.done("fleet", "publish")["result"]["file"]
    settings = ("--settings", "/etc/nadi/bridge.toml")
    made.centre.run("nadi-bridge", "registry", "load", published, *settings)
    balance = made.centre.run("nadi-bridge", "balance", *settings, "--gateway", "bb-0001")
    assert "✗" not in balance
