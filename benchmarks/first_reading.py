"""A blank gateway with our packages, to its first reading in the city's store; needs root."""

import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from benchmarks.figure import Figure, Run, at_most, load
from contract.bundle import Bundle, Endpoint, sign_bundle
from contract.identity import AssetId, City, GatewayId, Kind
from contract.inventory import AssetEntry
from contract.signed import pin_of
from provisioning.authority import delegating
from provisioning.authority.folder import Authority
from provisioning.authority.making import Wish, make
from provisioning.broker import rules
from provisioning.certificates import pem
from scripts.packages.contents import PACKAGES
from scripts.packages.deb import Build, make_deb
from tests.machines.district import (
    BRIDGE,
    CENTRE,
    LINE,
    SIMULATOR,
    District,
    district,
    install,
    stored,
)
from tests.machines.machine import Machine

ROOT = Path(__file__).parents[1]
GATEWAY, CITY = "bb-0001", "baubau"
PASSPHRASE = "a passphrase for a benchmark"
BROKER = Path("/etc/mosquitto/nadi")
ENROL = (
    *("nadi", "gateway", "enrol", "--bundle", "/mnt/stick/bb-0001.bundle"),
    *("--delegation", "/mnt/stick/delegation", "--passphrase", "file:/mnt/stick/passphrase"),
    *("--line", "/run/nadi-sim/line", "--yes", "--json"),
)


def measure(run: Run) -> Iterator[Figure]:
    """From the command on the gateway to the first batch in the store, its line searched whole."""
    if os.geteuid() or not shutil.which("systemd-nspawn"):
        raise OSError("machines of their own need root, after: scripts/install systemd")
    run.say("packages")
    for name in ("nadi-agent", "nadi-bridge", "nadi", "nadi-sim"):
        (package,) = (one for one in PACKAGES if one.name == name)
        arch = "amd64" if "amd64" in package.architectures else "all"
        build = Build(source=ROOT, version="0.1.0", arch=arch, epoch_s=1_700_000_000)
        make_deb(package, build, run.folder / "packages")
    command = [str(ROOT / "scripts" / "debian-root"), "amd64"]
    lower = Path(subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip())
    wish = Wish(city=CITY, hosts=(CENTRE,), broker_path=BROKER)
    now = datetime.now(UTC)
    authority = make(run.folder / "authority", wish, passphrase=PASSPHRASE, now=now)
    delegating.make(  # before the broker gets its lists, which have one of each delegation
        authority, (GATEWAY,), life=timedelta(days=7), now=now,
        file=run.folder / "delegation", passphrase=PASSPHRASE,
    )  # fmt: skip
    with district(lower=lower, folder=run.folder, packages=run.folder / "packages") as town:
        run.say("a centre and a blank gateway")
        centre = _centre(town, authority)
        gateway = _blank(town, authority, run.folder)
        run.say("from the command to the store")
        begun = time.monotonic()
        said, _progress = json.JSONDecoder().raw_decode(gateway.run(*ENROL))
        enrolled_s = time.monotonic() - begun
        centre.until(lambda: bool(stored(centre)))
        took_s = time.monotonic() - begun
    assert said["result"]["assets"] == [f"PJU-{GATEWAY}"], said
    yield Figure(
        name="first_reading.after_installation",
        value=took_s,
        unit="s",
        target=at_most(90),
        detail=f"enrolled after {enrolled_s:.1f} s, of which most is the search of a whole line, "
        f"addresses 1 to 32 and 80 at two baud rates; one lamp, two machines; {load()}",
    )


def _centre(town: District, authority: Authority) -> Machine:
    centre = town.machine("centre", CENTRE)
    install(centre, "nadi-bridge")
    for file in authority.broker_folder.iterdir():
        if file.is_file():
            centre.write(f"{BROKER}/{file.name}", file.read_text(), owner="root:mosquitto",
                         mode="640")  # fmt: skip
    places = rules.Places(folder=BROKER)
    centre.write(f"{BROKER}/mosquitto.conf", rules.configuration(CITY, places))
    centre.run("install", "-d", "-o", "mosquitto", "-m", "700", f"{BROKER}/store")
    drop_in = "/usr/share/doc/nadi-bridge/examples/mosquitto.service.d"
    centre.run("cp", "-r", drop_in, "/etc/systemd/system/")
    centre.run("systemctl", "daemon-reload")
    centre.run("systemctl", "restart", "mosquitto")
    own = authority.folder / "clients" / "bridge"
    centre.write("/etc/nadi/ca.pem", (own / "ca.pem").read_text())
    centre.write("/etc/nadi/bridge.pem", (own / "bridge.pem").read_text())
    centre.write("/etc/nadi/bridge.key", (own / "bridge.key").read_text(), mode="600")
    centre.write("/etc/nadi/bridge.toml", BRIDGE.format(centre=CENTRE))
    centre.run("systemctl", "start", "nadi-bridge")
    return centre


def _blank(town: District, authority: Authority, folder: Path) -> Machine:
    """Packages, a lamp on its line, and a stick with bundle and delegation; nothing else."""
    gateway = town.machine(GATEWAY, "10.77.0.11")
    for package in ("nadi-agent", "nadi", "nadi-sim"):
        install(gateway, package)
    gateway.write("/etc/nadi-sim.toml", LINE.format(name=GATEWAY))
    unit = SIMULATOR.replace("/etc/nadi/sim.toml", "/etc/nadi-sim.toml")
    gateway.write("/etc/systemd/system/nadi-sim.service", unit)
    gateway.run("systemctl", "enable", "--now", "nadi-sim")
    gateway.until(lambda: gateway.succeeds("test", "-e", "/run/nadi-sim/line"))
    gateway.write("/mnt/stick/delegation", (folder / "delegation").read_text())
    gateway.write("/mnt/stick/bb-0001.bundle", _bundle(authority).decode())
    gateway.write("/mnt/stick/passphrase", f"{PASSPHRASE}\n", mode="600")
    return gateway


def _bundle(authority: Authority) -> bytes:
    now = datetime.now(UTC)
    lamp = AssetEntry(kind=Kind.STREETLIGHT, id=AssetId(f"PJU-{GATEWAY}"))
    made = Bundle(
        city=City(CITY),
        gateway=GatewayId(GATEWAY),
        nonce="00112233445566778899aabbccddeeff",
        issued_at=now,
        expires_at=now + timedelta(days=30),
        root=pem(authority.root).decode(),
        pin=pin_of(authority.root),
        brokers=[Endpoint(host=CENTRE, port=rules.PORT)],
        assets=[lamp],
    )
    issuer = authority.issuing
    return sign_bundle(made, signer=issuer.certificate, key=issuer.key)
