"""From packages to committed readings: install, reboot, upgrade, go back, remove, purge."""

import pytest

from tests.machines.conftest import Release
from tests.machines.district import District, committed, install, on_card, status, stored
from tests.machines.machine import Machine

pytestmark = pytest.mark.nightly

READY = '            notifier.say("READY=1")\n'
NAME = "nadi-agent"


def faults(gateway: Machine) -> str:
    return str(status(gateway).get("faults"))


def rounds(gateway: Machine) -> int:
    return int(str(status(gateway).get("rounds", 0)))


def runs(gateway: Machine) -> str:
    """The release that an active agent is started from."""
    gateway.run("systemctl", "is-active", "nadi-agent")
    return gateway.run("cat", "/opt/nadi-agent/current/VERSION").strip()


def test_from_packages_two_gateways_commit_their_readings_and_go_on_after_a_reboot(
    town: District,
) -> None:
    centre = town.centre()
    one, two = town.gateway("bb-0001", "10.77.0.11"), town.gateway("bb-0002", "10.77.0.12")
    for name, gateway in (("PJU-bb-0001", one), ("PJU-bb-0002", two)):
        gateway.until(lambda name=name: committed(centre, name) > 0)  # type: ignore[misc]
    for machine in (one, two):
        assert listening_beyond_loopback(machine) == []
    before = stored(centre) | on_card(one)
    one.reboot()
    one.until(lambda: rounds(one) > 0 and committed(centre, "PJU-bb-0001") > 0)
    one.until(lambda: before <= stored(centre))
    two.cut_power()
    two.start()
    two.until(lambda: rounds(two) > 0)
    for machine, unit in ((centre, "nadi-bridge"), (centre, "mosquitto"), (one, "nadi-agent")):
        machine.run("systemctl", "is-active", unit)
        assert "SIGSYS" not in machine.run("journalctl", "--no-pager", "--unit", unit)
        assert machine.run("systemctl", "show", "--value", "-p", "NRestarts", unit).strip() == "0"


def listening_beyond_loopback(machine: Machine) -> list[str]:
    lines = machine.run("ss", "--listening", "--no-header", "--tcp", "--udp", "--numeric")
    own = [line.split()[4] for line in lines.splitlines()]
    return [address for address in own if not address.startswith(("127.", "[::1]"))]


def test_an_upgrade_and_a_downgrade_carry_every_unsettled_batch(
    town: District, release: Release
) -> None:
    release("0.1.1", READY, READY)
    centre, gateway = town.centre(), town.gateway("bb-0001", "10.77.0.11")
    gateway.until(lambda: committed(centre, "PJU-bb-0001") > 0)
    town.wire.cut("bb-0001")
    sealed = rounds(gateway)
    gateway.until(lambda: rounds(gateway) >= sealed + 5)
    before = on_card(gateway)
    assert "nadi-agent 0.1.1 runs" in install(gateway, "nadi-agent", "0.1.1")
    assert runs(gateway) == "0.1.1"
    assert "nadi-agent 0.1.0 runs" in install(gateway, "nadi-agent", "0.1.0")
    assert before - on_card(gateway) == set()
    town.wire.mend("bb-0001")
    gateway.until(lambda: before <= stored(centre))
    assert gateway.run("ls", "/opt/nadi-agent").split() == ["current", "releases"]


BROKEN = {
    "it stops at once": '            raise SystemExit("broken")\n',
    "it never becomes ready": "            await stop.wait()\n",
    "it becomes ready and seals nothing": READY + "            running[1].cancel()\n",
}


@pytest.mark.parametrize("how", BROKEN)
def test_a_release_that_does_not_seal_is_refused_and_the_one_before_runs_again(
    town: District, release: Release, how: str
) -> None:
    version = f"0.2.{list(BROKEN).index(how)}"
    release(version, READY, BROKEN[how])
    centre, gateway = town.centre(), town.gateway("bb-0001", "10.77.0.11")
    gateway.until(lambda: committed(centre, "PJU-bb-0001") > 0)
    town.wire.cut("bb-0001")
    sealed = rounds(gateway)
    gateway.until(lambda: rounds(gateway) >= sealed + 5)
    before = on_card(gateway)
    said = install(gateway, "nadi-agent", version)
    assert f"nadi-agent {version} is installed and was refused" in said
    assert "nadi-agent 0.1.0 runs from /opt/nadi-agent/kept" in said
    gateway.until(lambda: rounds(gateway) > 0)
    assert runs(gateway) == "0.1.0"
    assert f"{version} is installed and was refused" in faults(gateway)
    shown = gateway.run("dpkg-query", "--show", "--showformat=${Status} ${Version}", "nadi-agent")
    assert shown == f"install ok installed {version}"
    gateway.reboot()
    gateway.until(lambda: rounds(gateway) > 0)
    assert runs(gateway) == "0.1.0"
    town.wire.mend("bb-0001")
    gateway.until(lambda: before <= stored(centre))


def test_a_mended_release_after_a_refused_one_is_tried_and_stays(
    town: District, release: Release
) -> None:
    release("0.3.0", READY, BROKEN["it stops at once"])
    release("0.3.1", READY, READY)
    gateway = town.gateway("bb-0001", "10.77.0.11")
    gateway.until(lambda: rounds(gateway) > 0)
    assert "0.3.0 is installed and was refused" in install(gateway, "nadi-agent", "0.3.0")
    gateway.until(lambda: rounds(gateway) > 0)
    assert "nadi-agent 0.3.1 runs" in install(gateway, "nadi-agent", "0.3.1")
    assert faults(gateway) == "[]"


def test_a_power_cut_in_the_middle_of_a_trial_ends_with_a_release_that_seals(
    town: District, release: Release
) -> None:
    release("0.4.0", READY, BROKEN["it never becomes ready"])
    gateway = town.gateway("bb-0001", "10.77.0.11")
    gateway.until(lambda: rounds(gateway) > 0)
    before = on_card(gateway)
    gateway.run("systemd-run", "--quiet", "dpkg", "-i", "/mnt/shared/nadi-agent_0.4.0_amd64.deb")
    gateway.until(lambda: gateway.succeeds("test", "-e", "/opt/nadi-agent/trial"))
    gateway.cut_power()
    gateway.start()
    gateway.until(lambda: rounds(gateway) > 0, within_s=300)
    assert runs(gateway) == "0.1.0"
    assert before - on_card(gateway) == set()


HOME = "/opt/nadi-agent"
LEADS = f"readlink {HOME}/current | grep -q"
NEXT = "0.5.0"
STEPS = {
    "the release that runs is being kept": f"test -e {HOME}/kept.new -o -e {HOME}/kept",
    "it is kept": f"test -e {HOME}/kept",
    "it runs from where it is kept": f"{LEADS} kept",
    "the new files come": f"test -e {HOME}/releases/{NEXT}",
    "the old files are gone": f"test ! -e {HOME}/releases/0.1.0",
    "the new release is unpacked": f"dpkg-query --show {NAME} | grep -q {NEXT}",
    "the trial is asked for": f"test -e {HOME}/trial",
    "the new release is on trial": f"{LEADS} releases/{NEXT}",
    "the trial is over": f"test ! -e {HOME}/trial",
    "the old release is forgotten": f"test ! -e {HOME}/kept",
}


def test_wherever_an_upgrade_is_cut_short_a_release_seals_and_the_upgrade_can_be_finished(
    town: District, release: Release
) -> None:
    release(NEXT, READY, READY)
    gateway = town.gateway("bb-0001", "10.77.0.11")
    gateway.until(lambda: rounds(gateway) > 0)
    for step in range(len(STEPS)):
        before = on_card(gateway)
        begin(gateway, f"dpkg -i /mnt/shared/{NAME}_{NEXT}_amd64.deb")
        signs = list(STEPS.values())[: step + 1]
        gateway.run("sh", "-c", "; ".join(f"until {sign}; do :; done" for sign in signs))
        gateway.cut_power()
        gateway.start()
        gateway.until(lambda: rounds(gateway) > 0)
        assert before - on_card(gateway) == set()
        assert f"{NAME} {NEXT} runs" in install(gateway, NAME, NEXT), list(STEPS)[step]
        gateway.until(lambda: rounds(gateway) > 0)
        assert gateway.run("ls", HOME).split() == ["current", "releases"]
        install(gateway, NAME)
    assert before - on_card(gateway) == set()


def begin(gateway: Machine, command: str) -> None:
    """It runs on while its steps are watched."""
    gateway.run("systemd-run", "--quiet", "--collect", "--no-block", "sh", "-c", command)


@pytest.mark.parametrize("delete", [False, True])
def test_removing_keeps_the_outbox_and_purging_deletes_it_only_if_told(
    town: District, delete: bool
) -> None:
    gateway = town.gateway("bb-0001", "10.77.0.11")  # and no centre: nothing is ever settled
    gateway.until(lambda: rounds(gateway) >= 5)
    gateway.run("systemctl", "stop", "nadi-agent")
    before = on_card(gateway)
    gateway.run("dpkg", "--remove", "nadi-agent")
    assert on_card(gateway) == before
    if delete:
        answer = "nadi-agent nadi-agent/delete-outbox boolean true"
        gateway.run("debconf-set-selections", stdin=answer)
    said = gateway.run("dpkg", "--purge", "nadi-agent")
    assert f"/var/lib/nadi, with {len(before)} unsettled batches" in said
    assert gateway.succeeds("test", "-e", "/etc/nadi/gateway.key")
    if delete:
        assert "deleted: /var/lib/nadi" in said
        assert not gateway.succeeds("test", "-e", "/var/lib/nadi")
        return
    assert on_card(gateway) == before
    install(gateway, "nadi-agent")
    centre = town.centre()
    gateway.until(lambda: before <= stored(centre))


def test_removing_the_centre_leaves_its_data_and_says_where_they_are(town: District) -> None:
    centre, gateway = town.centre(), town.gateway("bb-0001", "10.77.0.11")
    gateway.until(lambda: committed(centre, "PJU-bb-0001") > 0)
    said = centre.run("dpkg", "--remove", "nadi-bridge")
    assert "/var/lib/nadi-bridge/city.db: the city's store, with " in said
    assert "/etc/nadi: settings, certificates and keys" in said
    before = stored(centre)
    assert "kept: /var/lib/nadi-bridge, " in centre.run("dpkg", "--purge", "nadi-bridge")
    assert stored(centre) == before
    assert centre.succeeds("test", "-e", "/etc/nadi/bridge.key")
    install(centre, "nadi-bridge")  # its settings are there still, so it starts
    centre.until(lambda: len(stored(centre)) > len(before))
