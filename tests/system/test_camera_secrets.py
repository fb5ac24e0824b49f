"""What cameras are told to let a gateway in stays between the two."""

import base64
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from random import Random

import pytest

from broker_bridge.config import BridgeSettings, StoreSettings
from contract.codec import inflate
from contract.identity import City, GatewayId
from contract.settings import AgentSettings, Gateway, Health, NetworkLine, OutboxSettings
from scripts.district.broker import Broker
from scripts.district.certificates import Authority
from scripts.district.ports import free_port
from scripts.district.process import Program, python_program
from scripts.district.toml_document import write_toml
from tests.system.mqtt_client import Heard, MqttClient

pytestmark = pytest.mark.system

ROOT = Path(__file__).parents[2]
OWN = GatewayId("bb-0001")
PATIENCE_S = 30.0
USER, PASSWORD = "kenari-5591", "kuning-7740-sekali"
SECRETS = (USER, PASSWORD, base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode())
CAMERAS = {"CAM-1": "digest-md5", "CAM-2": "basic", "CAM-3": "digest-sha256", "CAM-4": "basic"}
REFUSING = ("CAM-3", "CAM-4")


class Pole:
    """Four cameras, of which two refuse, and the ports of each."""

    def __init__(self) -> None:
        chance = Random()
        self.ports = {name: (free_port(chance), free_port(chance)) for name in CAMERAS}

    def district(self) -> str:
        return "".join(
            f'[[camera]]\nasset = "{name}"\nport = {port}\nweb_port = {web_port}\n'
            f'auth = "{CAMERAS[name]}"\nuser = "{USER}"\npassword = "{PASSWORD}"\n'
            f'onvif_login = "{"token" if name == "CAM-1" else "http"}"\n'
            f"faults = {{ wrong_password = {str(name in REFUSING).lower()} }}\n"
            for name, (port, web_port) in self.ports.items()
        )

    def line(self) -> NetworkLine:
        return NetworkLine.model_validate(
            {
                "name": "poles", "read_interval_s": 0.5,
                "device": [self._camera(*one) for one in self.ports.items()],
            }
        )  # fmt: skip

    def _camera(self, name: str, ports: tuple[int, int]) -> dict[str, object]:
        web = {"port": ports[1], "interval_s": 10}
        return {
            "driver": "rtsp_camera", "asset": name, "host": "127.0.0.1", "port": ports[0],
            "path": "/Streaming/Channels/101", "user": USER, "password": PASSWORD,
            "unreachable_after": 1, "onvif": web, "picture": web | {"path": "/snapshot.jpg"},
            "storage": web | {"path": "/storage", "element": "status", "ok": ["ok"]},
        }  # fmt: skip


def settings_for(folder: Path, pole: Pole, broker: Broker, authority: Authority) -> AgentSettings:
    return AgentSettings(
        health=Health(enabled=False),
        gateway=Gateway(
            city=City("baubau"),
            id=OWN,
            data_dir=str(folder / "data"),
            socket=str(folder / "agent.sock"),
            seal_interval_s=0.5,
            clock="trusted",
        ),
        broker=broker.address(authority.client(OWN)),
        outbox=OutboxSettings(budget_mb=64, reserve_free_mb=0),
        network=[pole.line()],
    )


def started(name: str, arguments: tuple[str, ...], folder: Path) -> Program:
    program = python_program(name, *arguments, folder=folder, root=ROOT)
    program.start_and_wait(deadline_s=PATIENCE_S)
    return program


def said_of(asset: str, folder: Path, settings_file: Path, *more: str) -> str:
    """What `nadi-agent read` prints."""
    arguments = ("agent", "read", asset, "--settings", str(settings_file), *more)
    program = python_program("read", *arguments, folder=folder, root=ROOT)
    program.start()
    program.wait(deadline_s=PATIENCE_S)
    return program.out_file.read_text() + program.log_file.read_text()


def sealed_bodies(data: Path) -> Iterator[bytes]:
    with closing(sqlite3.connect(data / "outbox.db")) as database:
        for (body,) in database.execute("SELECT body FROM batch"):
            yield from (body, inflate(body))


def opened(one: Heard) -> bytes:
    """A message as it came and, of a batch, as it was before it was packed."""
    packed = "/batch/" in one.topic
    return one.payload + inflate(one.payload) if packed else one.payload


def written_in(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Every file of agent, commands, bridge and store but the settings, which a person wrote."""
    for path in folder.rglob("*"):
        if path.is_file() and path.suffix in (".log", ".out", ".db", ".db-wal", ".sqlite"):
            yield path.name, path.read_bytes()


def test_credentials_of_cameras_are_in_nothing_that_is_written_or_said(
    tmp_path: Path, broker: Broker, authority: Authority, city: City
) -> None:
    pole, folder = Pole(), tmp_path / "said"
    folder.mkdir()
    (tmp_path / "district.toml").write_text(pole.district())
    arguments = ("firmware_sim", "run", str(tmp_path / "district.toml"), "--dir", str(tmp_path))
    sim = python_program("sim", *arguments, folder=tmp_path, root=ROOT)
    sim.start()
    sim.ready_line(deadline_s=PATIENCE_S)
    settings = settings_for(folder, pole, broker, authority)
    write_toml(tmp_path / "agent.toml", settings.model_dump(mode="json", exclude_none=True))
    of_bridge = BridgeSettings(
        city=city,
        broker=broker.address(authority.client("bridge-1")),
        store=StoreSettings(kind="sqlite", path=str(folder / "city.db")),
    )
    write_toml(tmp_path / "bridge.toml", of_bridge.model_dump(mode="json", exclude_none=True))
    bridge = started(
        "bridge", ("broker_bridge", "run", "--settings", str(tmp_path / "bridge.toml")), folder
    )
    with (
        MqttClient(broker.address(authority.client("bridge"))) as spy,
        MqttClient(broker.address(authority.client("reader"))) as reader,
    ):
        spy.subscribe("nadi/v1/baubau/edge/#")
        reader.subscribe("nadi/v1/baubau/feed/#")
        agent = started(
            "agent", ("agent", "run", "--settings", str(tmp_path / "agent.toml")), folder
        )

        def heard() -> bool:
            sealed = b"".join(opened(one) for one in tuple(spy.heard))
            fed = b"".join(one.payload for one in tuple(reader.heard))
            in_both = (b"cameraAuthFault", b"rtsp_status")
            return all(word in sealed and word in fed for word in in_both) and (
                b"picture_luma" in sealed and b"storage_state" in sealed
            )

        agent.wait_until(heard, what="heard of", deadline_s=PATIENCE_S)
        told = {
            (name, style): said_of(name, folder, tmp_path / "agent.toml", *style)
            for name in CAMERAS
            for style in ((), ("--json",))
        }
        for program in (agent, bridge):
            program.stop()
        heard_bytes = [(one.topic, opened(one)) for one in (*spy.heard, *reader.heard)]
    sim.stop()

    assert "NK-SIM" in told["CAM-1", ()]  # it logged in, and showed what it got
    assert "NK-SIM" in told["CAM-2", ()]
    assert "once an hour" in told["CAM-3", ()]
    everything = [
        *((f"read {name}", text.encode()) for (name, _), text in told.items()),
        *(("outbox", body) for body in sealed_bodies(folder / "data")),
        *heard_bytes,
        *written_in(folder),
    ]
    assert {"agent.log", "outbox", "city.db"} <= {where for where, _ in everything}
    found = [where for where, data in everything for secret in SECRETS if secret.encode() in data]
    assert found == [], f"credentials are in {sorted(set(found))}"
