import asyncio
import random
from pathlib import Path

import pytest

from firmware_sim import (
    AccessPointSettings,
    AnswerList,
    District,
    DistrictSettings,
    FaultSettings,
    ManualClock,
    PortError,
)
from firmware_sim.faults import Voice
from firmware_sim.snmp import ber
from firmware_sim.snmp.agent import SnmpAgent
from firmware_sim.snmp.message import GET, GET_BULK, MAX_DATAGRAM
from firmware_sim.wifi.access_point import table
from firmware_sim.world.wifi import WifiState
from tests.firmware_sim.frames import Vector, vectors

SETTINGS = AccessPointSettings(asset="WIFI-0001")
KNOWN: dict[str, float] = {
    "uptime_ticks": 123_456,
    "in_octets": 5_000_000_000,
    "out_octets": 700_000_000,
    "clients": 17,
    "oper_status": 1,
}
GOOD = vectors("snmp_access_point", "good")
UPTIME = GOOD[0]


def agent(**values: float) -> SnmpAgent:
    known = KNOWN | values
    state = WifiState(
        uptime_s=known["uptime_ticks"] / 100,
        in_octets=int(known["in_octets"]),
        out_octets=int(known["out_octets"]),
        clients=int(known["clients"]),
        up=known["oper_status"] == 1,
    )
    return SnmpAgent(
        device=SETTINGS.DEVICE,
        asset=SETTINGS.asset,
        community=SETTINGS.community,
        table=lambda now_s: table(state, SETTINGS),
        voice=Voice(FaultSettings(), seed=""),
    )


def ask(pdu: int, *oids: tuple[int, ...], first: int = 0, second: int = 0) -> bytes:
    bindings = b"".join(
        ber.tlv(ber.SEQUENCE, ber.oid(oid) + ber.tlv(ber.NULL, b"")) for oid in oids
    )
    numbers = ber.integer(9) + ber.integer(first) + ber.integer(second)
    body = ber.tlv(pdu, numbers + ber.tlv(ber.SEQUENCE, bindings))
    message = ber.integer(1) + ber.tlv(ber.OCTET_STRING, b"public") + body
    return ber.tlv(ber.SEQUENCE, message)


@pytest.mark.parametrize("vector", GOOD, ids=lambda vector: vector.name)
def test_a_get_is_answered_byte_for_byte(vector: Vector) -> None:
    reply = agent(**vector.values).answer(vector.request, 0)
    assert reply is not None
    assert reply.frame.hex(" ") == vector.reply.hex(" ")
    assert reply.values == vector.values


@pytest.mark.parametrize(
    "vector", vectors("snmp_access_point", "other"), ids=lambda vector: vector.name
)
def test_other_questions_are_answered_byte_for_byte(vector: Vector) -> None:
    reply = agent().answer(vector.request, 0)
    assert reply is not None
    assert reply.frame.hex(" ") == vector.reply.hex(" ")


@pytest.mark.parametrize(
    "stranger",
    [
        UPTIME.request.replace(b"public", b"secret"),
        UPTIME.request.replace(b"\x02\x01\x01\x04", b"\x02\x01\x00\x04"),
        UPTIME.reply,
        UPTIME.request[:-1],
        UPTIME.request + b"\x00",
        b"",
    ],
    ids=["another community", "SNMP v1", "a response", "torn", "a byte too many", "nothing"],
)
def test_what_is_no_question_to_it_gets_silence(stranger: bytes) -> None:
    assert agent().answer(stranger, 0) is None


def test_no_datagram_of_any_kind_breaks_it() -> None:
    chance = random.Random(11)
    for _ in range(3000):
        spoiled = bytearray(chance.choice(GOOD).request)
        for _ in range(chance.randrange(1, 4)):
            spoiled[chance.randrange(len(spoiled))] = chance.randrange(256)
        agent().answer(bytes(spoiled[: chance.randrange(len(spoiled) + 1)]), 0)
        agent().answer(chance.randbytes(chance.randrange(64)), 0)


def test_a_walk_by_getbulk_meets_every_variable_once() -> None:
    reply = agent().answer(ask(GET_BULK, (1, 3), second=50), 0)
    assert reply is not None
    assert reply.values == KNOWN


def test_a_bulk_answer_is_cut_to_one_packet() -> None:
    reply = agent().answer(ask(GET_BULK, *[(1, 3, index) for index in range(40)], second=64), 0)
    assert reply is not None
    assert 500 < len(reply.frame) <= MAX_DATAGRAM


def test_a_get_that_needs_more_than_a_packet_is_refused_as_too_big() -> None:
    reply = agent().answer(ask(GET, *[(1, 3, 6, 1, 2, 1, 1, 1, 0)] * 60), 0)
    assert reply is not None
    assert ber.tlv(0xA2, reply.frame[-11:]).endswith(bytes.fromhex("02 01 01 02 01 00 30 00"))


class Client(asyncio.DatagramProtocol):
    """Keeps the datagrams it gets."""

    def __init__(self) -> None:
        self.heard: asyncio.Queue[bytes] = asyncio.Queue()

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self.heard.put_nowait(data)


async def connect(place: str) -> tuple[asyncio.DatagramTransport, Client]:
    host, port = place.split(":")
    return await asyncio.get_running_loop().create_datagram_endpoint(
        Client, remote_addr=(host, int(port))
    )


async def test_over_udp_the_record_holds_what_the_bytes_say(
    tmp_path: Path, record: AnswerList
) -> None:
    settings = DistrictSettings(access_points=(SETTINGS,))
    async with District(settings, directory=tmp_path, record=record) as district:
        transport, client = await connect(district.places.access_points["WIFI-0001"])
        transport.sendto(UPTIME.request)
        heard = await asyncio.wait_for(client.heard.get(), 5)
        transport.close()
    (given,) = record.answers
    ticks = int(given.values["uptime_ticks"])
    assert heard.endswith(ber.integer(ticks, ber.TIME_TICKS))
    assert (given.device, given.asset, given.fault) == ("snmp_access_point", "WIFI-0001", None)
    assert given.asked_at_ms is not None


async def test_a_silenced_access_point_hears_nothing(tmp_path: Path, record: AnswerList) -> None:
    other = AccessPointSettings(asset="WIFI-0002")
    settings = DistrictSettings(access_points=(SETTINGS, other))
    async with District(settings, directory=tmp_path, record=record) as district:
        places = district.places.access_points
        links = [await connect(places[asset]) for asset in ("WIFI-0001", "WIFI-0002")]
        district.fault("WIFI-0001", "silent")
        for transport, _ in links:
            transport.sendto(UPTIME.request)
        await asyncio.wait_for(links[1][1].heard.get(), 5)  # by now the first has heard its own
        district.mend("WIFI-0001", "silent")
        links[0][0].sendto(GOOD[1].request)
        assert b"\x46" in await asyncio.wait_for(links[0][1].heard.get(), 5)
        for transport, _ in links:
            transport.close()
    assert [answer.asset for answer in record.answers] == ["WIFI-0002", "WIFI-0001"]


async def test_a_late_answer_leaves_when_it_is_due(
    tmp_path: Path, clock: ManualClock, record: AnswerList
) -> None:
    late = AccessPointSettings(asset="WIFI-1", faults=FaultSettings(late=1.0, late_ms=900))
    settings = DistrictSettings(access_points=(late,))
    async with District(settings, directory=tmp_path, clock=clock, record=record) as district:
        transport, client = await connect(district.places.access_points["WIFI-1"])
        transport.sendto(UPTIME.request)
        assert await clock.step() == 1900
        assert await asyncio.wait_for(client.heard.get(), 5)
        transport.sendto(UPTIME.request)
        await clock.until_asleep()
        transport.close()
    assert [answer.given_at_ms for answer in record.answers] == [1900]


async def test_a_taken_port_is_named(tmp_path: Path) -> None:
    async with District(
        DistrictSettings(access_points=(SETTINGS,)), directory=tmp_path
    ) as district:
        port = int(district.places.access_points["WIFI-0001"].split(":")[1])
        same = DistrictSettings(access_points=(AccessPointSettings(asset="WIFI-2", port=port),))
        with pytest.raises(PortError, match=f"WIFI-2 cannot listen on 127.0.0.1:{port}"):
            await District(same, directory=tmp_path).__aenter__()
