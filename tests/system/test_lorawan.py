"""Uplinks of ChirpStack through a real Mosquitto, published by another library."""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

import pytest

from agent.clock import FakeClock
from agent.drivers.chirpstack import ChirpStack, Uplink
from agent.errors import LineGone
from contract.identity import AssetId
from contract.lorawan_devices import Em400
from contract.settings import LorawanLine
from scripts.district.ports import free_port
from scripts.district.process import Program
from tests.system.chirpstack import (
    APPLICATION,
    EUI,
    PATIENCE_S,
    Publisher,
    chirpstack_broker,
    start,
)

pytestmark = pytest.mark.system


@pytest.fixture
def port() -> int:
    return free_port(Random())


@pytest.fixture
def broker(tmp_path: Path, port: int) -> Iterator[Program]:
    program = chirpstack_broker(port, folder=tmp_path)
    yield program
    program.stop()


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
    publisher, stack = Publisher(port), ChirpStack(line(port), frozenset({EUI}), clock=FakeClock())
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
    publisher, stack = Publisher(port), ChirpStack(line(port), frozenset({EUI}), clock=FakeClock())
    assert await stack.take(EUI) == []
    publisher.close()
    broker.kill()
    await takes(stack, lambda uplinks: uplinks is None)
    with pytest.raises(LineGone, match=f"ChirpStack's broker 127.0.0.1:{port}"):
        await stack.take(EUI)
    start(broker, port)
    again = Publisher(port)
    await takes(stack, lambda uplinks: uplinks is not None)
    again.up(5)
    assert [one.count for one in await takes(stack, bool)] == [5]
    await stack.close()
    again.close()


async def test_what_waited_while_the_agent_stood_still_is_left_out_and_what_comes_later_is_not(
    broker: Program, port: int, caplog: pytest.LogCaptureFixture
) -> None:
    clock = FakeClock()
    publisher, stack = Publisher(port), ChirpStack(line(port), frozenset({EUI}), clock=clock)
    assert await stack.take(EUI) == []
    clock.now_ms += 60_000
    publisher.up(1)

    def comes_later(uplinks: list[Uplink] | None) -> bool:
        clock.now_ms += 50
        if "an uplink that waited is left out" in caplog.text:
            publisher.up(2)
        return bool(uplinks)

    (later,) = await takes(stack, comes_later)
    assert later.count == 2
    assert later.at_ms > 61_000
    await stack.close()
    publisher.close()


async def test_without_a_broker_the_line_is_gone_in_words(port: int) -> None:
    stack = ChirpStack(line(port), frozenset({EUI}), clock=FakeClock())
    with pytest.raises(LineGone, match="ChirpStack's broker") as error:
        await stack.take(EUI)
    assert "mosquitto and chirpstack run" in error.value.hint
    await stack.close()
