"""Access points: literal datagrams, strangers ignored, and no library loaded that no one named."""

import asyncio
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest

from agent.drivers.resolver import Resolver
from agent.drivers.snmp_access_point import (
    Question,
    SnmpAccessPointDriver,
    Template,
    Variable,
    parse,
    variables,
)
from agent.errors import DeviceError, DeviceRefused, DeviceSilent, FrameError
from agent.tap import Traffic
from tests.firmware_sim.frames import Vector, vectors

CLIENTS_OID = "1.3.6.1.4.1.14988.1.1.1.3.1.6.2"
ASKED = variables(interface=1, clients_oid=CLIENTS_OID)
QUANTITIES: dict[str, tuple[str, Callable[[float], float]]] = {
    "uptime_ticks": ("uptime", lambda ticks: ticks / 100),
    "oper_status": ("interface_up", lambda status: float(status == 1)),
    "in_octets": ("received_bytes", float),
    "out_octets": ("sent_bytes", float),
    "clients": ("connected_clients", float),
}


def request_id(datagram: bytes) -> int:
    """After `public`: the PDU's tag and length, short or long, then INTEGER request-id."""
    at = datagram.index(b"public") + len(b"public") + 1
    at += 1 + (datagram[at] & 0x7F if datagram[at] & 0x80 else 0)
    return int.from_bytes(datagram[at + 2 : at + 2 + datagram[at + 1]])


def question(vector: Vector, asked: tuple[Variable, ...] = ASKED) -> Question:
    return Question(request_id=request_id(vector.request), variables=asked, community="public")


@pytest.mark.parametrize(
    "vector", vectors("snmp_access_point", "good"), ids=lambda vector: vector.name
)
def test_a_response_has_the_values_of_its_objects(vector: Vector) -> None:
    seen = {o.quantity: o.value for o in parse(vector.reply, question(vector))}
    expected = {}
    for name, value in vector.values.items():
        quantity, convert = QUANTITIES[name]
        expected[quantity] = convert(value)
    assert seen == expected


@pytest.mark.parametrize(
    "vector", vectors("snmp_access_point", "bad"), ids=lambda vector: vector.name
)
def test_what_is_no_answer_to_the_question_has_no_value(vector: Vector) -> None:
    with pytest.raises((FrameError, DeviceRefused)):
        parse(vector.reply, question(vector))


def test_no_complaint_shows_the_community() -> None:
    for vector in vectors("snmp_access_point", "bad"):
        with pytest.raises(DeviceError) as refused:
            parse(vector.reply, question(vector))
        assert "public" not in str(refused.value)


@dataclass
class Agent(asyncio.DatagramProtocol):
    """Answers each datagram with what `answers` makes of its request-id."""

    answers: Callable[[int], list[bytes]]
    heard: int = 0

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]  # UDP endpoints are given this kind
        self.transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self.heard += 1
        for answer in self.answers(request_id(data)):
            self.transport.sendto(answer, addr)


@asynccontextmanager
async def device(answers: Callable[[int], list[bytes]]) -> AsyncIterator[tuple[int, Agent]]:
    loop = asyncio.get_running_loop()
    transport, agent = await loop.create_datagram_endpoint(
        lambda: Agent(answers), local_addr=("127.0.0.1", 0)
    )
    try:
        yield transport.get_extra_info("sockname")[1], agent
    finally:
        transport.close()


def driver(
    port: int, *, timeout_ms: int = 2_000, traffic: Traffic | None = None
) -> SnmpAccessPointDriver:
    return SnmpAccessPointDriver(
        host="127.0.0.1",
        port=port,
        community="public",
        variables=ASKED,
        template=Template("public", ASKED),
        timeout_ms=timeout_ms,
        resolver=Resolver(),
        new_id=lambda: 0x40506070,
        traffic=traffic,
    )


FIVE = next(v for v in vectors("snmp_access_point", "good") if v.name == "the five variables")


def five_for(number: int) -> bytes:
    """The datasheet's own reply, under another request-id of four bytes."""
    assert FIVE.reply.count(request_id(FIVE.request).to_bytes(4)) == 1
    return FIVE.reply.replace(request_id(FIVE.request).to_bytes(4), number.to_bytes(4))


async def test_five_objects_are_read_with_one_datagram() -> None:
    async with device(lambda number: [five_for(number)]) as (port, agent):
        seen = {o.quantity: o.value for o in await driver(port).read()}
    assert seen["received_bytes"] == 97525282278
    assert seen["sent_bytes"] == float(9223372036854775807)
    assert agent.heard == 1


async def test_what_went_over_the_network_is_shown_without_the_community() -> None:
    traffic = Traffic()
    async with device(lambda number: [five_for(number)]) as (port, _):
        asked = driver(port, traffic=traffic)
        with traffic.listen() as pieces:
            await asked.read()
    assert [piece.sent for piece in pieces] == [True, False]
    assert all(b"public" not in piece.data and b"******" in piece.data for piece in pieces)


async def test_a_late_answer_to_an_earlier_question_is_not_taken_for_this_one() -> None:
    async with device(lambda number: [five_for(number - 1), five_for(number)]) as (port, _):
        assert len(await driver(port).read()) == 5


async def test_noise_alone_is_no_answer() -> None:
    async with device(lambda _: [b"noise", b""]) as (port, _):
        with pytest.raises(FrameError):
            await driver(port, timeout_ms=200).read()


async def test_a_silent_device_is_silent_in_time() -> None:
    async with device(lambda _: []) as (port, _):
        with pytest.raises(DeviceSilent, match="no answer to SNMP within 100 ms"):
            await driver(port, timeout_ms=100).read()


async def test_a_port_where_nobody_listens_says_so() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    with pytest.raises(DeviceRefused, match="nothing listens"):
        await driver(port).read()


def test_an_agent_without_an_access_point_never_loads_snmp() -> None:
    code = "import sys, agent.app, agent.drivers.registry; print('pysnmp' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
