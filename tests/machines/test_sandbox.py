"""What a unit's sandbox allows and refuses, tried from inside it, on real systemd."""

import json
from pathlib import Path

import pytest

from tests.machines.district import CENTRE, District, install
from tests.machines.machine import Machine

pytestmark = pytest.mark.nightly

PROBE = Path(__file__).with_name("probe.py")
ALWAYS = {"write its state", "read its key"}
ALLOWED = {
    "nadi-agent": {*ALWAYS, "read the clock's state", "reach a private network"},
    "nadi-bridge": {*ALWAYS, "reach a private network", "reach the Internet"},
}
# There is a node and no hardware behind it: what matters is that nobody forbids it.
NO_HARDWARE = ("No such device", "Input/output error")
KEYS = {"nadi-agent": "gateway.key", "nadi-bridge": "bridge.key"}
LIVING = ("ExecStart=", "Restart=", "WatchdogSec=", "Type=", "Condition", "WorkingDirectory=")


def probe(machine: Machine, unit: str, *, shut_in: bool) -> dict[str, str]:
    """The probe in the place of the program, with the unit's directives or without any."""
    directives = machine.run("cat", f"/lib/systemd/system/{unit}.service").splitlines()
    kept = [line for line in directives if not line.startswith(LIVING)]
    if not shut_in:
        kept = ["[Service]", f"StateDirectory={unit}-control"]
        kept += [line for line in directives if line.startswith("LoadCredential=")]
    start = f"/usr/bin/python3 -I /usr/local/lib/probe.py {KEYS[unit]}"
    kept += ["[Service]", "Type=oneshot", f"ExecStart={start}", "StandardOutput=file:/run/probe"]
    machine.write("/etc/systemd/system/probe.service", "\n".join(kept) + "\n")
    machine.run("systemctl", "daemon-reload")
    machine.run("systemctl", "start", "probe.service")
    told: dict[str, str] = json.loads(machine.run("cat", "/run/probe"))
    machine.run("rm", "/run/probe")
    return told


def prepared(town: District, unit: str) -> Machine:
    """A machine with the package, keys that are none, and device nodes that root may open."""
    machine = town.machine("machine", "10.77.0.21")
    install(machine, unit)
    machine.run("ip", "route", "add", "default", "via", CENTRE)
    for name in ("key", "pem"):
        machine.write(f"/etc/nadi/{KEYS[unit].removesuffix('key')}{name}", "probe", mode="600")
    machine.write("/usr/local/lib/probe.py", PROBE.read_text())
    for name, major, minor in (("ttyS0", "4", "64"), ("loop-maker", "10", "237")):
        machine.run("mknod", "-m", "666", f"/dev/{name}", "c", major, minor)
    return machine


@pytest.mark.parametrize("unit", KEYS)
def test_a_unit_can_do_what_it_needs_and_is_refused_everything_else(
    town: District, unit: str
) -> None:
    machine = prepared(town, unit)
    told = probe(machine, unit, shut_in=True)
    assert [name for name, said in told.items() if said.startswith("killed")] == []
    if unit == "nadi-agent":
        assert told.pop("open a serial port").endswith(("done", *(f"{one}" for one in NO_HARDWARE)))
    assert {name for name, said in told.items() if said == "done"} == ALLOWED[unit], told
    journal = machine.run("journalctl", "--no-pager", "--unit", "probe.service")
    assert "SYS" not in journal
    assert machine.run("systemctl", "show", "--value", "-p", "Result", "probe").strip() == "success"


def test_without_its_directives_the_same_probe_is_let_do_much_more(town: District) -> None:
    machine = prepared(town, "nadi-agent")
    told = probe(machine, "nadi-agent", shut_in=False)
    free = {name for name, said in told.items() if said == "done"}
    assert {
        "reach the Internet", "open another device", "write /usr", "write /etc", "write /opt",
        "write another's state", "read root's copy of its key", "see other processes",
        "see homes", "make a user namespace", "become root", "give a file away",
        "set the host's name", "change its priority", "talk to the kernel", "listen to the wire",
        "run what it wrote",
    } <= free, told  # fmt: skip
