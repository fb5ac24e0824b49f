"""Access points over SNMP v2c: literal datagrams, strangers ignored, tables summed, rates."""

import asyncio
import random
import socket
import subprocess
import sys
import tomllib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from agent.clock import FakeClock
from agent.drivers import ber
from agent.drivers.access_point_profiles import PROFILES
from agent.drivers.driver import Driver
from agent.drivers.rate import Count, rate
from agent.drivers.snmp import rows_of
from agent.drivers.snmp_access_point import build, count_clients, observe, variables
from agent.drivers.snmp_message import Bindings, Community, Question
from agent.errors import DeviceRefused, DeviceSilent, FrameError
from agent.tap import Traffic
from contract.errors import SettingsError
from contract.network_devices import SnmpAccessPoint
from tests.agent.drivers.placing import network_place
from tests.firmware_sim.frames import FRAMES, Vector, vectors
from tests.soup.spoil import SPOILS

CLIENTS_OID = "1.3.6.1.4.1.14988.1.1.1.3.1.6.2"
RECORDED = tomllib.loads((FRAMES / "snmp_access_point.toml").read_text())
SOUP, NIGHTLY_SOUP = 20_000, 1_000_000
QUANTITIES: dict[str, tuple[str, Callable[[float], float]]] = {
    "uptime_ticks": ("uptime", lambda ticks: ticks / 100),
    "oper_status": ("interface_up", lambda status: float(status == 1)),
    "in_octets": ("received_bytes", float),
    "out_octets": ("sent_bytes", float),
    "clients": ("connected_clients", float),
}


def settings(**changed: Any) -> SnmpAccessPoint:
    return SnmpAccessPoint(
        **{"asset": "WIFI-01", "host": "127.0.0.1", "clients_oid": CLIENTS_OID} | changed
    )


ASKED = variables(settings())
PUBLIC = Community(community="public")


def request_id(datagram: bytes) -> int:
    """After `public`: the PDU's tag and length, short or long, then INTEGER request-id."""
    at = datagram.index(b"public") + len(b"public") + 1
    at += 1 + (datagram[at] & 0x7F if datagram[at] & 0x80 else 0)
    return int.from_bytes(datagram[at + 2 : at + 2 + datagram[at + 1]])


def said(reply: bytes, number: int) -> Bindings:
    answer = PUBLIC.hear(reply, number)
    assert answer is not None
    return answer


def quantities(vector: Vector) -> dict[str, float]:
    answer = said(vector.reply, request_id(vector.request))
    if any(one.oid not in {asked.oid for asked in ASKED} for one in answer):
        raise FrameError("an object that was not asked")
    return {seen.quantity: seen.value for seen in observe(answer, ASKED)}


def expected(values: dict[str, float]) -> dict[str, float]:
    return {QUANTITIES[name][0]: QUANTITIES[name][1](value) for name, value in values.items()}


@pytest.mark.parametrize(
    "vector", vectors("snmp_access_point", "good"), ids=lambda vector: vector.name
)
def test_a_response_has_the_values_of_its_objects(vector: Vector) -> None:
    assert quantities(vector) == expected(dict(vector.values))


@pytest.mark.parametrize(
    "vector", vectors("snmp_access_point", "bad"), ids=lambda vector: vector.name
)
def test_what_is_no_answer_to_the_question_has_no_value(vector: Vector) -> None:
    with pytest.raises((FrameError, DeviceRefused)) as refused:
        quantities(vector)
    assert "public" not in str(refused.value)


@pytest.mark.parametrize(
    "vector", vectors("snmp_access_point", "good"), ids=lambda vector: vector.name
)
def test_a_question_is_asked_byte_for_byte(vector: Vector) -> None:
    """Of the recorded ones, those under numbers as short as a question can have."""
    oids = [one.oid for one in said(vector.reply, request_id(vector.request))]
    asked = PUBLIC.ask(Question(oids=tuple(oids)), request_id(vector.request))
    assert asked == vector.request


@pytest.mark.parametrize("table", RECORDED["table"], ids=lambda table: str(table["name"]))
def test_the_rows_of_a_table_are_summed(table: dict[str, Any]) -> None:
    answer = said(bytes.fromhex(table["reply"]), table["number"])
    seen = count_clients(rows_of(table["column"], table["column"], answer))
    assert [one.value for one in seen] == ([table["clients"]] if "clients" in table else [])


@pytest.mark.parametrize("table", RECORDED["table_bad"], ids=lambda table: str(table["name"]))
def test_a_table_that_is_none_has_no_sum(table: dict[str, Any]) -> None:
    answer = said(bytes.fromhex(table["reply"]), table["number"])
    with pytest.raises(FrameError):
        count_clients(rows_of(table["column"], table["column"], answer))


@pytest.mark.parametrize("count", [SOUP, pytest.param(NIGHTLY_SOUP, marks=pytest.mark.nightly)])
def test_no_soup_of_datagrams_breaks_the_parser_or_passes_for_another_question(count: int) -> None:
    """Without a checksum a changed number passes; a changed name, type or question does not."""
    chance = random.Random(7472)
    known = [(vector.reply, request_id(vector.request)) for vector in
             vectors("snmp_access_point", "good")]  # fmt: skip
    for _ in range(count):
        reply, number = chance.choice(known)
        heard = chance.choice(SPOILS)(reply, chance)
        if chance.random() < 0.2:
            heard, number = reply, number + 1  # late, to another question
        try:
            answer = said(heard, number)
        except (FrameError, DeviceRefused):
            continue
        assert number == request_id(reply)
        assert all(one.number is None or -(2**31) <= one.number < 2**64 for one in answer)


def test_an_object_identifier_is_what_x690_says() -> None:
    assert ber.oid("1.3.6.1.4.1.14988.1").hex() == "06082b06010401f50c01"
    assert ber.to_oid(bytes.fromhex("8837")) == "2.999"  # X.690, 8.19.5
    for wrong in ("1", "3.1", "1.40", "1.3.4294967296", "a.b"):
        with pytest.raises(ValueError):
            ber.oid(wrong)


def test_a_clients_oid_that_is_none_is_refused_by_name() -> None:
    with pytest.raises(SettingsError, match=r"WIFI-01: 1\.40\.1 is no object identifier"):
        build(settings(clients_oid="1.40.1"), network_place())


def test_one_access_point_of_a_controller_is_asked_by_its_row() -> None:
    mac = "11.134.1.2.3.4"
    asked = [one.oid for one in variables(
        settings(profile="aruba_instant", rows=mac, clients_oid=""))]  # fmt: skip
    assert f"1.3.6.1.4.1.14823.2.3.3.1.2.1.1.11.{mac}" in asked
    assert f"1.3.6.1.4.1.14823.2.3.3.1.2.2.1.21.{mac}" in asked
    assert [one for one in asked if one.startswith("1.3.6.1.2.1.2.2.1.8")] == []


def test_every_profile_names_columns_that_are_objects() -> None:
    for profile in PROFILES.values():
        for column in filter(None, (profile.clients, profile.status)):
            assert ber.to_oid(ber.oid(column)[2:]) == column


def count(value: int, up_s: float, at_ms: int) -> Count:
    return Count(value=value, up_s=up_s, at_ms=at_ms)


def test_a_rate_is_the_growth_of_a_counter_also_over_its_wrap() -> None:
    assert rate(count(1_000, 50, 0), count(126_000, 60, 10_000)) == 12_500
    assert rate(count(2**64 - 500, 50, 0), count(500, 60, 10_000)) == 100


def test_no_rate_is_told_over_a_restart_or_of_a_counter_that_went_backwards() -> None:
    assert rate(count(1_000, 50, 0), count(2_000, 3, 10_000)) is None
    assert rate(count(126_000, 50, 0), count(1_000, 60, 10_000)) is None
    assert rate(count(0, 50, 0), count(9, 50, 0)) is None


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
    port: int,
    *,
    timeout_ms: int = 2_000,
    traffic: Traffic | None = None,
    clock: FakeClock | None = None,
    **changed: Any,
) -> Driver:
    return build(
        settings(port=port, timeout_ms=timeout_ms, **changed), network_place(clock, traffic)
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


async def test_rates_come_with_the_second_reading_and_not_over_a_restart() -> None:
    clock, ticks, octets = FakeClock(), iter((1_000, 2_000, 100)), iter((5_000, 30_000, 90))

    def answer(number: int) -> list[bytes]:
        at = ber.tlv(ber.TIME_TICKS, next(ticks).to_bytes(2))
        got = ber.tlv(ber.COUNTER64, next(octets).to_bytes(2))
        return [response(number, (ASKED[0].oid, at), (ASKED[2].oid, got))]

    async with device(answer) as (port, _):
        asked = driver(port, clock=clock)
        rates = []
        for _ in range(3):
            rates += [o for o in await asked.read() if o.quantity == "receive_rate"]
            clock.now_ms += 10_000
    assert [one.value for one in rates] == [2_500.0]


def response(number: int, *objects: tuple[str, bytes]) -> bytes:
    listed = b"".join(ber.tlv(ber.SEQUENCE, ber.oid(oid) + value) for oid, value in objects)
    fields = ber.integer(number) + ber.integer(0) + ber.integer(0)
    body = ber.tlv(0xA2, fields + ber.tlv(ber.SEQUENCE, listed))
    return ber.tlv(ber.SEQUENCE, bytes.fromhex("02010104067075626c6963") + body)


def uptime(number: int) -> bytes:
    return response(number, (ASKED[0].oid, ber.tlv(ber.TIME_TICKS, b"\1")))


async def test_a_table_that_never_ends_is_left_and_the_rest_is_read() -> None:
    column = PROFILES["unifi"].clients
    asked: list[int] = []

    def answer(number: int) -> list[bytes]:
        asked.append(number)
        if len(asked) == 1:
            return [uptime(number)]
        first = (len(asked) - 2) * 16
        rows = ((f"{column}.{first + row}", ber.integer(1)) for row in range(1, 17))
        return [response(number, *rows)]

    async with device(answer) as (port, _):
        seen = await driver(port, profile="unifi", clients_oid="").read()
    assert {one.quantity: one.value for one in seen} == {"uptime": 0.01}
    assert len(asked) == 1 + 512 // 16 + 1


async def test_what_lies_behind_a_table_is_not_shown() -> None:
    """There a client's address may stand."""
    column, mac = PROFILES["unifi"].clients, bytes.fromhex("020000c0ffee")
    traffic = Traffic()

    def answer(number: int) -> list[bytes]:
        if len(heard) == 0:
            heard.append(number)
            return [uptime(number)]
        behind = (f"{column[:-1]}9.1", ber.tlv(ber.OCTET_STRING, mac))
        return [response(number, (f"{column}.1", ber.integer(4)), behind)]

    heard: list[int] = []
    async with device(answer) as (port, _):
        with traffic.listen() as pieces:
            asked = driver(port, traffic=traffic, profile="unifi", clients_oid="")
            seen = {one.quantity: one.value for one in await asked.read()}
    assert seen == {"uptime": 0.01, "connected_clients": 4.0}
    assert all(mac not in piece.data for piece in pieces)
    assert b"not shown" in pieces[-1].data


def test_an_agent_without_an_access_point_never_loads_snmp() -> None:
    code = (
        "import sys, agent.app, agent.drivers.registry;"
        "print('agent.drivers.snmp' in sys.modules, 'cryptography' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False False"
