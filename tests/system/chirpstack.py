"""ChirpStack's side of its MQTT integration, as paho does it."""

import json
import socket
from pathlib import Path

from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from scripts.district.broker import mosquitto
from scripts.district.process import Program

EUI = "24e124713b123456"
APPLICATION = "17c82e96-be03-4f38-aef3-f83d48582d97"
PATIENCE_S = 20.0
EM400 = "AXVcA2cBAQSCRAgFAAE="  # 01 75 5c 03 67 01 01 04 82 44 08 05 00 01


class Publisher:
    """Publishes uplinks, each by its frame counter."""

    def __init__(self, port: int) -> None:
        self._client = Client(CallbackAPIVersion.VERSION2)
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()

    def up(self, count: int, *, eui: str = EUI, retain: bool = False, data: str = EM400) -> None:
        """One uplink, published when this returns."""
        uplink = {
            "deduplicationId": f"{eui}-{count}",
            "deviceInfo": {"devEui": eui, "deviceName": "tps-1", "tags": {}},
            "fCnt": count,
            "fPort": 85,
            "data": data,
        }
        topic = f"application/{APPLICATION}/device/{eui}/event/up"
        told = self._client.publish(topic, json.dumps(uplink), qos=1, retain=retain)
        told.wait_for_publish(PATIENCE_S)

    def raw(self, payload: bytes) -> None:
        """Any bytes where an uplink belongs."""
        topic = f"application/{APPLICATION}/device/{EUI}/event/up"
        self._client.publish(topic, payload, qos=1).wait_for_publish(PATIENCE_S)

    def close(self) -> None:
        """Leave the broker."""
        self._client.disconnect()
        self._client.loop_stop()


def chirpstack_broker(port: int, *, folder: Path) -> Program:
    """The broker on a gateway, running."""
    program = Program("chirpstack-broker", [mosquitto(), "-p", str(port)], folder=folder)
    start(program, port)
    return program


def start(program: Program, port: int) -> None:
    """Start it and wait until it takes clients."""

    def accepts() -> bool:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            return False
        return True

    program.start()
    program.wait_until(accepts, what="accepting clients", deadline_s=PATIENCE_S)
