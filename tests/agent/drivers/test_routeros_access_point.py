"""RouterOS over TLS: recorded bodies, a pinned certificate, one wrong password an hour."""

import asyncio
import hashlib
import logging
import random
import ssl
import tomllib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import pytest

from agent.clock import FakeClock
from agent.drivers.routeros_access_point import (
    MENUS,
    RESOURCE,
    build,
    parse_interface,
    parse_resource,
    rows,
)
from agent.errors import DeviceError, DeviceRefused, FrameError, LoginRefused
from agent.tap import Traffic
from contract.document import load_document
from contract.errors import SettingsError
from contract.network_devices import RouterosAccessPoint
from scripts.district.certificates import Authority, Credentials
from tests.agent.drivers.placing import network_place
from tests.agent.drivers.web import http
from tests.firmware_sim.frames import FRAMES
from tests.soup.spoil import SPOILS

RECORDED = tomllib.loads((FRAMES / "routeros_access_point.toml").read_text())
CANARY = "kanari-rahasia"
SOUP, NIGHTLY_SOUP = 20_000, 1_000_000
WIFI, WIRELESS, CAPSMAN = MENUS
UPTIME = b'{"uptime":"2d20h12m20s"}'
ETHER1 = b'{"running":"true","rx-byte":"5","tx-byte":"6"}'
MAC = b"02:00:00:C0:FF:EE"


def values(of: str, body: bytes) -> dict[str, float]:
    if of == "clients":
        return {"connected_clients": float(len(rows(body)))}
    parse = {"resource": parse_resource, "interface": parse_interface}[of]
    return {one.quantity: one.value for one in parse(body)}


@pytest.mark.parametrize("vector", RECORDED["good"], ids=lambda vector: str(vector["name"]))
def test_a_recorded_body_has_its_values(vector: dict[str, Any]) -> None:
    assert values(vector["of"], vector["reply"].encode()) == vector["values"]


@pytest.mark.parametrize("vector", RECORDED["bad"], ids=lambda vector: str(vector["name"]))
def test_a_body_that_is_none_has_no_value(vector: dict[str, Any]) -> None:
    with pytest.raises(FrameError):
        values(vector["of"], vector["reply"].encode())


@pytest.mark.parametrize("count", [SOUP, pytest.param(NIGHTLY_SOUP, marks=pytest.mark.nightly)])
def test_no_soup_of_bodies_breaks_the_parsers(count: int) -> None:
    chance = random.Random(7472)
    for _ in range(count):
        vector = chance.choice(RECORDED["good"])
        body = chance.choice(SPOILS)(vector["reply"].encode(), chance)
        try:
            found = values(vector["of"], body)
        except FrameError:
            continue
        assert all(value >= 0 for value in found.values())


Pages = Callable[[str], bytes]


class Router:
    """Its REST service, what it was asked for, and by whom."""

    def __init__(self, pages: Pages) -> None:
        self.pages = pages
        self.port = 0
        self.asked: list[str] = []
        self.logins: list[str] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            path = head.split(" ")[1]
            self.asked.append(path)
            self.logins += [line for line in head.split("\r\n") if line.startswith("Authorization")]
            writer.write(self.pages(path.partition("?")[0]))
            await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            return
        finally:
            writer.close()


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Credentials:
    return Authority(tmp_path_factory.mktemp("ca"), now=datetime.now(UTC)).server("router")


@asynccontextmanager
async def router(shown: Credentials, pages: Pages) -> AsyncIterator[Router]:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(shown.cert_file, shown.key_file)
    serving = Router(pages)
    server = await asyncio.start_server(serving.serve, "127.0.0.1", 0, ssl=tls)
    async with server:
        serving.port = server.sockets[0].getsockname()[1]
        yield serving


class Point:
    """The driver of one access point, and what was shown of its talk."""

    def __init__(self, port: int, shown: Credentials, **changed: Any) -> None:
        self.clock, self.traffic, self.shown = FakeClock(), Traffic(), b""
        der = ssl.PEM_cert_to_DER_cert(shown.cert_file.read_text())
        settings: dict[str, Any] = {
            "asset": "WIFI-01", "host": "127.0.0.1", "port": port, "user": "nadi",
            "password": CANARY, "certificate_sha256": hashlib.sha256(der).hexdigest(),
        }  # fmt: skip
        place = network_place(self.clock, self.traffic)
        self.driver = build(RouterosAccessPoint.model_validate(settings | changed), place)

    async def read(self) -> dict[str, float]:
        with self.traffic.listen() as pieces:
            try:
                return {one.quantity: one.value for one in await self.driver.read()}
            finally:
                self.shown += b"".join(piece.data for piece in pieces)


def told(**menus: bytes) -> Pages:
    """A router with the system, ether1 and these menus; the others it does not know."""
    pages = {
        RESOURCE: UPTIME,
        "/rest/interface/ether1": b'{"running":"true","rx-byte":"5","tx-byte":"6"}',
    }
    known = pages | {{"wifi": WIFI, "wireless": WIRELESS, "caps": CAPSMAN}[name]: body
                     for name, body in menus.items()}  # fmt: skip
    return lambda path: http(known[path]) if path in known else http(b"{}", "404 Not Found")


TWO = b'[{"interface":"wifi1","mac-address":"%s"},{"interface":"wifi2"}]' % MAC


async def test_an_access_point_is_read_with_its_uplink_its_clients_and_no_address(
    shown: Credentials,
) -> None:
    async with router(shown, told(wifi=TWO)) as device:
        point = Point(device.port, shown, interface="ether1")
        seen = await point.read()
        point.clock.now_ms += 10_000
        again = await point.read()
    assert seen == {
        "uptime": 245_540, "interface_up": 1, "received_bytes": 5, "sent_bytes": 6,
        "connected_clients": 2,
    }  # fmt: skip
    assert (again["receive_rate"], again["send_rate"]) == (0, 0)
    assert device.asked[2] == f"{WIFI}?.proplist=interface"
    assert MAC not in point.shown
    assert CANARY.encode() not in point.shown
    assert b"Authorization: ***" in point.shown


@pytest.mark.parametrize(
    ("menus", "clients"),
    [
        ({"wireless": TWO}, 2),
        ({"wifi": b"[]", "caps": TWO}, 2),
        ({"wifi": b"[]"}, 0),
        ({}, None),
    ],
)
async def test_clients_are_in_the_first_menu_that_has_any(
    shown: Credentials, menus: dict[str, bytes], clients: int | None
) -> None:
    async with router(shown, told(**menus)) as device:
        assert (await Point(device.port, shown).read()).get("connected_clients") == clients


async def test_a_menu_that_had_clients_is_asked_first_from_then_on(shown: Credentials) -> None:
    async with router(shown, told(wireless=TWO)) as device:
        point = Point(device.port, shown)
        await point.read()
        before = len(device.asked)
        await point.read()
    assert [path.partition("?")[0] for path in device.asked[before:]] == [RESOURCE, WIRELESS]


async def test_a_wrong_password_is_given_once_an_hour_and_shown_to_nobody(
    shown: Credentials, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    refusal = http(b'{"error":401,"message":"Unauthorized"}', "401 Unauthorized")
    async with router(shown, lambda _: refusal) as device:
        point, words = Point(device.port, shown), ""
        for _ in range(360):
            with pytest.raises(LoginRefused) as refused:
                await point.read()
            words += f"{refused.value!r} {refused.value.hint}"
            point.clock.now_ms += 9_999
        assert len(device.logins) == 1
        point.clock.now_ms += 360
        with pytest.raises(LoginRefused):
            await point.read()
    assert len(device.logins) == 2
    told_all = point.shown.decode() + caplog.text + words + repr(point.driver)
    assert CANARY not in told_all
    assert device.logins[0].split(" ")[2] not in told_all


async def test_a_stranger_with_another_certificate_is_given_no_password(
    shown: Credentials,
) -> None:
    async with router(shown, told()) as device:
        with pytest.raises(DeviceRefused, match="certificate is another one"):
            await Point(device.port, shown, certificate_sha256="AB:" * 31 + "AB").read()
        trusting = {"certificate_sha256": "", "ca_file": str(shown.ca_file)}
        assert await Point(device.port, shown, **trusting).read()
    assert len(device.logins) == len(device.asked) == 4


@pytest.mark.parametrize(
    "answer",
    [
        http(b"", "500 Internal Server Error"),
        http(b"", "403 Forbidden"),
        http(b"<html>"),
        http(b"[" * 30_000),
        b"HTTP/1.1 200 OK\r\n\r\n" + b" " * 300_000,
    ],
)
async def test_a_strange_answer_is_a_device_error_that_shows_nothing(
    shown: Credentials, answer: bytes
) -> None:
    async with router(shown, lambda _: answer) as device:
        with pytest.raises(DeviceError) as refused:
            await Point(device.port, shown).read()
    assert len(str(refused.value)) < 120


@pytest.mark.parametrize("trust", ["", 'ca_file = "/a"\ncertificate_sha256 = "%s"' % ("ab" * 32)])
def test_a_certificate_is_checked_in_exactly_one_way(trust: str) -> None:
    text = 'asset = "W"\nhost = "h"\nuser = "u"\npassword = "p"\n' + trust
    with pytest.raises(SettingsError, match="either ca_file or certificate_sha256"):
        load_document(RouterosAccessPoint, text, name="agent.toml")


def test_a_ca_that_cannot_be_read_is_named(shown: Credentials) -> None:
    with pytest.raises(SettingsError, match=r"/nowhere/ca\.pem: there is no such file"):
        Point(1, shown, certificate_sha256="", ca_file="/nowhere/ca.pem")
