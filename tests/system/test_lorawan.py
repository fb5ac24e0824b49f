"""Uplinks of ChirpStack through a real Mosquitto, published by another library."""

import asyncio
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

import pytest
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from agent.drivers.chirpstack import ChirpStack, Uplink
from agent.errors import LineGone
from contract.identity import AssetId
from contract.lorawan_devices import Em400
from contract.settings import LorawanLine
from scripts.district.broker import mosquitto
from scripts.district.ports import free_port
from scripts.district.process import Program

EUI = "24e124713b123456"
APPLICATION = "17c82e96-be03-4f38-aef3-f83d48582d97"
PATIENCE_S = 20.0
UP = """{{"deduplicationId": "3ac7e3c4-4401-4b8d-9386-a5c902f9202{count}",
 "deviceInfo": {{"devEui": "{eui}", "deviceName": "tps-1", "tags": {{}}}},
 "fCnt": {count}, "fPort": 85, "data": "AXVcA2cBAQSCRAgFAAE="}}"""

pytestmark = pytest.mark.system


class Publisher:
    """ChirpStack's side, as paho does it."""

    def __init__(self, port: int) -> None:
        self._client = Client(CallbackAPIVersion.VERSION2)
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()

    def up(self, count: int, *, eui: str = EUI, retain: bool = False) -> None:
        topic = f"application/{APPLICATION}/device/{eui}/event/up"
        told = self._client.publish(topic, UP.format(eui=eui, count=count), qos=1, retain=retain)
        told.wait_for_publish(PATIENCE_S)

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


@pytest.fixture
def port() -> int:
    return free_port(Random())


@pytest.fixture
def broker(tmp_path: Path, port: int) -> Iterator[Program]:
    program = Program("chirpstack-broker", [mosquitto(), "-p", str(port)], folder=tmp_path)
    _start(program, port)
    yield program
    program.stop()


def _start(program: Program, port: int) -> None:
    def accepts() -> bool:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            return False
        return True

    program.start()
    program.wait_until(accepts, what="accepting clients", deadline_s=PATIENCE_S)


def line(port: int) -> LorawanLine:
    device = Em400(asset=AssetId("TPS-1"), dev_eui=EUI)
    return LorawanLine(name="lora", application=APPLICATION, port=port, device=[device])


async def takes(stack: ChirpStack, wanted: Callable[[list[Uplink] | None], bool]) -> list[Uplink]:
    """Asks until `wanted` is content with what is taken; None is a line that is gone."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            try:
                uplinks: list[Uplink] | None = await stack.take(EUI)
            except LineGone:
                uplinks = None
            if wanted(uplinks):
                return uplinks or []
            await asyncio.sleep(0.05)


async def test_uplinks_arrive_once_and_retained_ones_are_old(broker: Program, port: int) -> None:
    assert broker.running
    publisher, stack = Publisher(port), ChirpStack(line(port), frozenset({EUI}))
    publisher.up(1, retain=True)
    assert await stack.take(EUI) == []
    publisher.up(2, eui="ffffffffffffffff")
    publisher.up(3)
    publisher.up(3)
    assert [one.count for one in await takes(stack, bool)] == [3]
    assert [one.dev_eui for one in stack.unread.devices()] == ["ffffffffffffffff"]
    await stack.close()
    publisher.close()


async def test_a_broker_that_dies_is_a_line_that_is_gone_until_it_is_back(
    broker: Program, port: int
) -> None:
    publisher, stack = Publisher(port), ChirpStack(line(port), frozenset({EUI}))
    assert await stack.take(EUI) == []
    publisher.close()
    broker.kill()
    await takes(stack, lambda uplinks: uplinks is None)
    with pytest.raises(LineGone, match=f"ChirpStack's broker 127.0.0.1:{port}"):
        await stack.take(EUI)
    _start(broker, port)
    again = Publisher(port)
    await takes(stack, lambda uplinks: uplinks is not None)
    again.up(5)
    assert [one.count for one in await takes(stack, bool)] == [5]
    await stack.close()
    again.close()


async def test_without_a_broker_the_line_is_gone_in_words(port: int) -> None:
    stack = ChirpStack(line(port), frozenset({EUI}))
    with pytest.raises(LineGone, match="ChirpStack's broker") as error:
        await stack.take(EUI)
    assert "mosquitto and chirpstack run" in error.value.hint
    await stack.close()
