"""Waiting for the broker's answer ends with the task that waits, whatever comes at that moment."""

import asyncio

import aiomqtt
import pytest

from agent.mqtt_client import Client
from firmware_sim.lorawan import network_server

CLIENTS = (
    pytest.param(Client, id="agent"),
    pytest.param(network_server.Client, id="simulator"),
)


@pytest.mark.parametrize("turns", range(4))
@pytest.mark.parametrize("kind", CLIENTS)
async def test_an_answer_at_the_moment_of_a_cancel_does_not_swallow_it(
    kind: type[aiomqtt.Client], turns: int
) -> None:
    answered = asyncio.Event()
    waiting = asyncio.create_task(kind("broker")._wait_for(answered.wait(), None))
    await asyncio.sleep(0)
    answered.set()
    for _ in range(turns):
        await asyncio.sleep(0)
    if waiting.cancel():
        with pytest.raises(asyncio.CancelledError):
            await waiting


@pytest.mark.parametrize("kind", CLIENTS)
async def test_no_answer_in_time_is_an_error_of_mqtt(kind: type[aiomqtt.Client]) -> None:
    with pytest.raises(aiomqtt.MqttError, match="no answer in time"):
        await kind("broker")._wait_for(asyncio.Event().wait(), 0)
