"""One of every device, played and read on this machine as the README says, with faults by name."""

import json
import re
import shutil
import socket
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

import pytest

from agent.drivers.registry import MODULES
from contract.codec import inflate
from contract.document import load_document
from contract.messages import BatchBody
from contract.settings import AgentSettings
from firmware_sim import read_district
from firmware_sim.key import DeviceSettings
from scripts.district.broker import Broker, mosquitto
from scripts.district.certificates import Authority
from scripts.district.ports import free_port
from scripts.district.process import Program, python_program
from tests.system.mqtt_client import MqttClient

pytestmark = pytest.mark.system

ROOT = Path(__file__).parents[2]
AGENT = ROOT / "configs" / "agent-every-device.example.toml"
DISTRICT = ROOT / "configs" / "sim-every-device.example.toml"
PORTS = ("15020", "15541", "15161", "15162", "18831", "15443", "15801", "15301")
PATIENCE_S = 60.0
# what breaks, by its name in the simulator, and the event that must begin and end for it
FAULTS = (
    ("door_open", "PANEL-0001", "cabinetDoorOpen"),
    ("lamp_failed", "PJU-0002", "lampFailure"),
    ("gear_failed", "PJU-0003", "controlGearFailure"),
    ("full", "TPS-0003", "binFull"),
    ("burning", "TPS-0007", "binFire"),
    ("tilted", "TPS-0007", "binTilted"),
    ("no_stream", "CAM-0001", "cameraStreamFault"),
    ("uplink_down", "WIFI-0001", "accessPointDegraded"),
    ("uplink_down", "WIFI-0002", "accessPointDegraded"),
    ("portal", "WIFI-0003", "captivePortalBroken"),
    ("cable_stolen", "FDR-0002", "openCircuit"),
)
# over as soon as they are mended; the others must be gone for a minute
QUICK = {"binTilted", "binFull"}


class Tryout:
    """Simulator, ChirpStack's broker and agent, with the example files on free ports."""

    def __init__(self, folder: Path, authority: Authority, city: MqttClient, port: int) -> None:
        self._folder = folder
        self._city = city
        self._moved = {"8883": str(port)} | {one: str(free_port(Random())) for one in PORTS}
        certificate = authority.client("bb-0001")
        certs = folder / "certs"
        certs.mkdir(parents=True)
        for source, name in (
            (certificate.ca_file, "ca.pem"),
            (certificate.cert_file, "bb-0001.pem"),
            (certificate.key_file, "bb-0001.key"),
        ):
            shutil.copy(source, certs / name)
        every = folder / "every"
        every.mkdir()
        settings, district = folder / "agent.toml", folder / "district.toml"
        settings.write_text(self._here(AGENT.read_text()))
        district.write_text(self._here(DISTRICT.read_text()))
        self.broker = Program(
            "chirpstack", [mosquitto(), "-p", self._moved["18831"]], folder=folder
        )
        sim = ("firmware_sim", "run", str(district), "--dir", str(every))
        self.sim = python_program("sim", *sim, folder=folder, root=ROOT)
        agent = ("agent", "run", "--settings", str(settings))
        self.agent = python_program("agent", *agent, folder=folder, root=ROOT)

    def start(self) -> None:
        self.broker.start()
        self.broker.wait_until(self._broker_accepts, what="accepting", deadline_s=PATIENCE_S)
        self.sim.start()
        self.sim.ready_line(deadline_s=PATIENCE_S)
        self.agent.start_and_wait(deadline_s=PATIENCE_S)

    def stop(self) -> None:
        for program in (self.agent, self.sim, self.broker):
            if program.starts and program.running:
                program.stop()

    def until(self, ready: Callable[[], bool], what: str) -> None:
        """Looks again at each batch that comes."""
        self._city.wait_until(ready, what, deadline_s=PATIENCE_S)

    def bodies(self) -> Iterator[BatchBody]:
        """Every batch that the city has heard."""
        for heard in tuple(self._city.heard):
            yield BatchBody.model_validate_json(inflate(heard.payload))

    def assets(self) -> set[str]:
        """Whatever gave a reading."""
        return {body.assets[index][0] for body in self.bodies() for index in body.asset}

    def events(self, *, ended: bool) -> set[tuple[str, str]]:
        """(asset, type) of the events that began, or ended."""
        return {
            (body.assets[event.asset][0], str(event.type))
            for body in self.bodies()
            for event in body.events
            if (event.phase == "end") is ended
        }

    def _broker_accepts(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", int(self._moved["18831"])), timeout=1).close()
        except OSError:
            return False
        return True

    def _here(self, text: str) -> str:
        text = re.sub(r"\b\d{4,5}\b", lambda found: self._moved.get(found[0], found[0]), text)
        maps = str(ROOT / "configs" / "modbus")
        return text.replace("/tmp/nadi-try", str(self._folder)).replace("/etc/nadi/modbus", maps)


@pytest.fixture
def tryout(broker: Broker, authority: Authority) -> Iterator[Tryout]:
    """In a folder whose name is short enough for sockets; the city listens."""
    with (
        tempfile.TemporaryDirectory(prefix="nadi-every-") as folder,
        MqttClient(broker.address(authority.client("bridge"))) as city,
    ):
        city.subscribe("nadi/v1/baubau/edge/+/batch/+")
        made = Tryout(Path(folder), authority, city, broker.port)
        try:
            made.start()
            yield made
        finally:
            made.stop()


def settings() -> AgentSettings:
    return load_document(AgentSettings, AGENT.read_text(), name=str(AGENT))


def test_the_examples_have_every_device_and_every_driver() -> None:
    played = {device.DEVICE for device in read_district(DISTRICT).devices()}
    assert {one.DEVICE for one in _kinds(DeviceSettings)} == played
    assert {device.driver for device in settings().devices()} == set(MODULES)


def _kinds(cls: type[DeviceSettings]) -> Iterator[type[DeviceSettings]]:
    for below in cls.__subclasses__():
        if "DEVICE" in below.__dict__:
            yield below
        yield from _kinds(below)


def test_every_device_is_read_and_each_named_fault_begins_and_ends_as_its_event(
    tryout: Tryout,
) -> None:
    expected = {str(device.asset) for device in settings().devices()} | {"bb-0001"}
    tryout.until(lambda: expected <= tryout.assets(), "reading every device")
    wanted = {(asset, event) for _, asset, event in FAULTS}
    for name, asset, _ in FAULTS:
        tryout.sim.tell(json.dumps({"fault": name, "asset": asset}))
    tryout.until(lambda: wanted <= tryout.events(ended=False), "telling of every fault")
    for name, asset, _ in FAULTS:
        tryout.sim.tell(json.dumps({"mend": name, "asset": asset}))
    tryout.until(
        lambda: {one for one in wanted if one[1] in QUICK} <= tryout.events(ended=True),
        "telling that the faults are over",
    )
