"""The public Wi-Fi as a guest meets it: strict DNS, one page, and what each answer means."""

import asyncio
import random
import socket
import tomllib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from agent.clock import FakeClock
from agent.drivers import dns
from agent.drivers.driver import Observation
from agent.drivers.hotspot import HotspotProbe, WithHotspot, meaning
from agent.drivers.http import Answer, receive
from agent.errors import DeviceRefused, DeviceSilent, FrameError
from contract.document import load_document
from contract.errors import SettingsError
from contract.network_devices import Hotspot
from tests.agent.drivers.placing import network_place
from tests.agent.drivers.web import http, web_server
from tests.firmware_sim.frames import FRAMES
from tests.soup.spoil import SPOILS

RECORDED = tomllib.loads((FRAMES / "hotspot.toml").read_text())
NUMBER = 0x4E4B
SOURCE = "127.0.0.77"
PAGE = http(b"", "204 No Content")
LOGIN = http(b"", "302 Found", headers="Location: http://10.30.0.1/login\r\n")
SOUP, NIGHTLY_SOUP = 20_000, 1_000_000


@pytest.mark.parametrize("vector", RECORDED["good"], ids=lambda vector: str(vector["name"]))
def test_a_resolvers_answer_has_its_addresses(vector: dict[str, Any]) -> None:
    found = dns.parse(bytes.fromhex(vector["reply"]), vector["asked"], NUMBER)
    assert list(found) == vector["addresses"]


@pytest.mark.parametrize("vector", RECORDED["bad"], ids=lambda vector: str(vector["name"]))
def test_what_is_no_answer_to_the_question_has_no_address(vector: dict[str, Any]) -> None:
    with pytest.raises((FrameError, DeviceRefused)) as refused:
        dns.parse(bytes.fromhex(vector["reply"]), vector["asked"], NUMBER)
    assert type(refused.value).__name__ == vector["error"]


def test_a_question_is_what_rfc_1035_says() -> None:
    assert dns.question("luar.example", NUMBER).hex(" ").upper() == (
        "4E 4B 01 00 00 01 00 00 00 00 00 00 04 6C 75 61 72 07 65 78 61 6D 70 6C 65 00 00 01 00 01"
    )


@pytest.mark.parametrize("count", [SOUP, pytest.param(NIGHTLY_SOUP, marks=pytest.mark.nightly)])
def test_no_soup_of_dns_breaks_the_parser_or_answers_another_question(count: int) -> None:
    chance = random.Random(7472)
    known = [(bytes.fromhex(one["reply"]), one["asked"]) for one in RECORDED["good"]]
    for _ in range(count):
        message, name = chance.choice(known)
        number = NUMBER
        heard = chance.choice(SPOILS)(message, chance)
        if chance.random() < 0.2:
            heard, number = message, NUMBER ^ chance.randrange(1, 1 << 16)  # late, or foreign
        if chance.random() < 0.2:
            heard = message[: chance.randrange(len(message))] + heard
        try:
            found = dns.parse(heard, name, number)
        except (FrameError, DeviceRefused):
            continue
        assert number == NUMBER
        assert 1 <= len(found) <= dns.MAX_RECORDS


@pytest.mark.parametrize("page", RECORDED["page"], ids=lambda page: str(page["name"]))
async def test_a_page_means_what_answered(page: dict[str, Any]) -> None:
    reader = asyncio.StreamReader()
    reader.feed_data(page["reply"].encode())
    reader.feed_eof()
    try:
        answer = await receive(reader)
    except FrameError:
        assert page["met"] == "intercepted"
        return
    assert meaning(answer, page["says"]) == page["met"]


def test_the_wrong_words_are_not_the_page() -> None:
    assert meaning(Answer(status=200, body=b"Welcome"), "Success") == "portal"
    assert meaning(Answer(status=204), "Success") == "intercepted"


@asynccontextmanager
async def resolver(answers: Callable[[bytes], list[bytes]]) -> AsyncIterator[tuple[int, list[str]]]:
    """A name server on loopback; also tells from where it was asked."""
    loop, senders = asyncio.get_running_loop(), list[str]()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as wire:
        wire.bind(("127.0.0.1", 0))
        wire.setblocking(False)

        async def serve() -> None:
            while True:
                asked, sender = await loop.sock_recvfrom(wire, 512)
                senders.append(sender[0])
                for answer in answers(asked):
                    await loop.sock_sendto(wire, answer, sender)

        serving = asyncio.create_task(serve())
        try:
            yield wire.getsockname()[1], senders
        finally:
            serving.cancel()
            await asyncio.gather(serving, return_exceptions=True)


def at_home(asked: bytes) -> list[bytes]:
    """Every name is 127.0.0.1; a stray answer to another question comes first."""
    answer = asked[:2] + bytes.fromhex("8180 0001 0001 0000 0000") + asked[12:]
    answer += bytes.fromhex("C00C 0001 0001 00000000 0004 7F000001")
    return [b"\0\0" + answer[2:], answer]


def probe(
    dns_port: int, page_port: int, *, clock: FakeClock | None = None, **changed: Any
) -> HotspotProbe:
    settings = {
        "source": SOURCE, "resolvers": ["127.0.0.1"], "dns_port": dns_port,
        "page": f"http://cek.contoh:{page_port}/204?a=b", "timeout_ms": 400,
    }  # fmt: skip
    place = network_place(clock)
    return HotspotProbe(
        Hotspot.model_validate(settings | changed), place,
        new_number=lambda: NUMBER, new_token=lambda: "c0ffee",
    )  # fmt: skip


async def met(page: bytes, *, hang: bool = False, **changed: Any) -> dict[str, float]:
    async with resolver(at_home) as (dns_port, _), web_server(page, hang=hang) as web:
        asked = probe(dns_port, web.port, **changed)
        return {one.quantity: one.value for one in await asked.read()}


ALL = {"dns_ok", "dns_time", "internet_ok", "captive_portal", "intercepted", "response_time"}


async def test_a_guest_who_gets_the_page_has_internet() -> None:
    seen = await met(PAGE)
    assert set(seen) == ALL
    assert (seen["dns_ok"], seen["internet_ok"], seen["captive_portal"]) == (1, 1, 0)


async def test_a_guest_who_is_sent_to_a_login_meets_a_portal() -> None:
    seen = await met(LOGIN)
    assert (seen["dns_ok"], seen["internet_ok"], seen["captive_portal"]) == (1, 0, 1)


async def test_a_guest_whom_a_stranger_answers_is_intercepted() -> None:
    seen = await met(b"220 router FTP server ready\r\n\r\n")
    assert (seen["internet_ok"], seen["captive_portal"], seen["intercepted"]) == (0, 0, 1)
    assert "response_time" not in seen


async def test_a_guest_whom_nobody_answers_has_no_way() -> None:
    seen = await met(b"", hang=True)
    assert (seen["dns_ok"], seen["internet_ok"], seen["intercepted"]) == (1, 0, 0)


async def test_a_guest_without_names_has_no_internet() -> None:
    async with resolver(lambda _: []) as (dns_port, _):
        seen = {o.quantity: o.value for o in await probe(dns_port, 9).read()}
    assert seen == {"dns_ok": 0, "internet_ok": 0, "captive_portal": 0, "intercepted": 0}


async def test_the_next_resolver_is_asked_when_one_is_silent() -> None:
    async with resolver(at_home) as (dns_port, _), web_server(PAGE) as web:
        asked = probe(dns_port, web.port, resolvers=["127.0.0.9", "127.0.0.1"])
        seen = {one.quantity: one.value for one in await asked.read()}
    assert seen["internet_ok"] == 1


async def test_everything_leaves_from_the_public_networks_address_and_asks_afresh() -> None:
    async with resolver(at_home) as (dns_port, senders), web_server(PAGE) as web:
        await probe(dns_port, web.port).read()
    assert senders == [SOURCE]
    (asked,) = web.asked
    assert asked.startswith(b"GET /204?a=b&c0ffee HTTP/1.1\r\n")
    assert b"\r\nHost: cek.contoh:%d\r\n" % web.port in asked
    assert b"\r\nCache-Control: no-cache\r\n" in asked


async def test_a_source_that_is_not_this_machines_finds_nothing() -> None:
    seen = {o.quantity: o.value for o in await probe(53, 80, source="203.0.113.9").read()}
    assert (seen["dns_ok"], seen["internet_ok"]) == (0, 0)


async def test_a_probe_is_sent_once_in_its_interval() -> None:
    clock = FakeClock()
    async with resolver(at_home) as (dns_port, senders), web_server(PAGE) as web:
        asked = probe(dns_port, web.port, clock=clock)
        counts = []
        for _ in range(13):
            counts.append(len(await asked.read()))
            clock.now_ms += 10_000
    assert counts == [6, 0, 0, 0, 0, 0] * 2 + [6]
    assert len(senders) == 3


class Silent:
    async def read(self) -> tuple[Observation, ...]:
        raise DeviceSilent("no answer")


async def test_an_access_point_that_does_not_answer_is_told_by_that_alone() -> None:
    with pytest.raises(DeviceSilent):
        await WithHotspot(Silent(), probe(53, 80)).read()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('page = "https://cek.contoh/"', "page"),
        ('page = "http://10.0.0.1/204"', "name is needed where page has an address"),
        ('source = "wlan0"', "source"),
        ("resolvers = []", "resolvers"),
    ],
)
def test_a_hotspot_that_cannot_be_probed_is_refused_in_words(text: str, words: str) -> None:
    lines = {"source": 'source = "10.30.0.2"', "resolvers": 'resolvers = ["10.30.0.1"]'}
    lines[text.partition(" ")[0]] = text
    with pytest.raises(SettingsError, match=words):
        load_document(Hotspot, "\n".join(lines.values()), name="agent.toml")
