import asyncio
import hashlib
import random
import ssl
from datetime import UTC, datetime
from pathlib import Path

import pytest

from agent.clock import FakeClock
from agent.drivers.http import MAX_BODY, Answer, Peer, Request, ask, encode, receive
from agent.drivers.login_pause import LoginPauses
from agent.errors import (
    DeviceRefused,
    DeviceSilent,
    FrameError,
    LoginRefused,
    ServiceClosed,
)
from agent.tap import Traffic
from scripts.district.certificates import Authority, Credentials
from tests.agent.drivers.web import http, web_server
from tests.soup.spoil import SPOILS

CANARY = "Basic bmFkaTpyYWhhc2lh"
QUESTION = Request(path="/rest/system/resource", headers=(("Authorization", CANARY),))
SOUP, NIGHTLY_SOUP = 20_000, 1_000_000
# RFC 9112, 7.1, and the shape of its examples.
CHUNKED = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"4\r\nWiki\r\n7;a=b\r\npedia i\r\nB\r\nn \r\nchunks.\r\n0\r\nX: y\r\n\r\n"
)


async def heard(data: bytes, *, max_body: int = MAX_BODY) -> Answer:
    reader = asyncio.StreamReader(limit=16_384)
    reader.feed_data(data)
    reader.feed_eof()
    return await receive(reader, max_body=max_body)


async def asked(port: int, *, traffic: Traffic | None = None, **peer: object) -> Answer:
    known = Peer(address="127.0.0.1", port=port, **peer)  # type: ignore[arg-type]  # by name
    return await ask(known, QUESTION, timeout_ms=5_000, traffic=traffic)


@pytest.mark.parametrize(
    ("data", "body"),
    [
        (b"HTTP/1.0 200 OK\r\n\r\nto the end", b"to the end"),
        (b"HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nokmore", b"ok"),
        (b"HTTP/1.1 204 No Content\r\n\r\nnever a body", b""),
        (b"HTTP/1.1 100 Continue\r\n\r\n" + http(b"ok"), b"ok"),
        (CHUNKED, b"Wikipedia in \r\nchunks."),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nok", b"ok"),
    ],
)
async def test_an_answer_is_whole_in_each_of_its_shapes(data: bytes, body: bytes) -> None:
    assert (await heard(data)).body == body


@pytest.mark.parametrize(
    "data",
    [
        b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
        b"HTTP/2 200\r\n\r\n",
        b"HTTP/1.1 2000 OK\r\n\r\n",
        http(b"x", headers="Content-Length: 2\r\n"),
        http(b"x", headers="Transfer-Encoding: chunked\r\n"),
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 9999999999\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nokay\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1;" + b"x" * 40_000,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFF\r\n",
        b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * (MAX_BODY + 1),
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 5_000,
        b"HTTP/1.1 100 Continue\r\n\r\n" * 6,
    ],
)
async def test_what_is_no_bounded_answer_is_refused(data: bytes) -> None:
    with pytest.raises(FrameError):
        await heard(data)


@pytest.mark.parametrize("count", [SOUP, pytest.param(NIGHTLY_SOUP, marks=pytest.mark.nightly)])
async def test_no_soup_of_answers_breaks_the_reader(count: int) -> None:
    chance = random.Random(7472)
    whole = (CHUNKED, http(b'{"uptime":"2d20h12m20s"}'), b"HTTP/1.0 302 Found\r\n\r\nlogin")
    for _ in range(count):
        data = chance.choice(SPOILS)(chance.choice(whole), chance)
        if chance.random() < 0.3:
            data = chance.choice(whole)[: chance.randrange(60)] + data
        try:
            answer = await heard(data)
        except (FrameError, asyncio.IncompleteReadError):
            continue
        assert 200 <= answer.status <= 599
        assert len(answer.body) <= len(data)


async def test_a_redirect_is_an_answer_and_nobody_follows_it() -> None:
    moved = http(b"", "302 Found", headers="Location: http://elsewhere.invalid/\r\n")
    async with web_server(moved) as web:
        answer = await asked(web.port)
    assert (answer.status, answer.all("location")) == (302, ("http://elsewhere.invalid/",))
    assert len(web.asked) == 1


async def test_a_question_goes_out_whole_and_is_shown_without_its_password() -> None:
    traffic = Traffic()
    echo = http(b"you said " + CANARY.encode())
    with traffic.listen() as pieces:
        async with web_server(echo) as web:
            await asked(web.port, traffic=traffic)
    assert web.asked == [
        f"GET /rest/system/resource HTTP/1.1\r\nHost: 127.0.0.1:{web.port}\r\n"
        f"User-Agent: nadi-kota\r\nConnection: close\r\nAuthorization: {CANARY}\r\n\r\n".encode()
    ]
    assert [piece.sent for piece in pieces] == [True, False]
    assert all(CANARY.encode() not in piece.data and b"***" in piece.data for piece in pieces)
    assert CANARY not in repr(QUESTION)


def test_the_usual_port_is_left_out_of_the_name() -> None:
    plain = encode(Peer(address="10.20.0.5", port=80, host="portal.baubau"), QUESTION)
    assert b"\r\nHost: portal.baubau\r\n" in plain
    assert b"\r\nHost: [fd00::5]:81\r\n" in encode(Peer(address="fd00::5", port=81), QUESTION)


async def test_a_question_leaves_from_the_address_it_is_told() -> None:
    peers: list[str] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peers.append(writer.get_extra_info("peername")[0])
        await reader.readuntil(b"\r\n\r\n")
        writer.write(http(b""))
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        await asked(server.sockets[0].getsockname()[1], source="127.0.0.77")
    assert peers == ["127.0.0.77"]


async def test_a_source_that_is_not_this_machines_is_no_way_out() -> None:
    with pytest.raises(DeviceSilent, match="no HTTP answer"):
        await asked(9, source="203.0.113.1")


async def test_a_port_where_nobody_listens_says_so() -> None:
    async with web_server(b"") as web:
        pass
    with pytest.raises(ServiceClosed, match=f"nothing listens on port {web.port}"):
        await asked(web.port)


async def test_a_server_that_never_ends_its_answer_is_left_in_time() -> None:
    async with web_server(b"HTTP/1.1 200 OK\r\n\r\nmore", hang=True) as web:
        with pytest.raises(DeviceSilent, match="no whole HTTP answer within 200 ms"):
            await ask(Peer(address="127.0.0.1", port=web.port), QUESTION, timeout_ms=200)


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Credentials:
    authority = Authority(tmp_path_factory.mktemp("ca"), now=datetime.now(UTC))
    return authority.server("router")


def pin_of(certificate: Path) -> str:
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert(certificate.read_text())).hexdigest()


def serving(shown: Credentials) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(shown.cert_file, shown.key_file)
    return context


def blind() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


async def test_a_certificate_of_the_named_ca_is_believed(shown: Credentials) -> None:
    context = ssl.create_default_context(cafile=str(shown.ca_file))
    async with web_server(http(b"ok"), tls=serving(shown)) as web:
        assert (await asked(web.port, tls=context)).content() == b"ok"


async def test_a_certificate_of_nobody_known_gets_no_password(shown: Credentials) -> None:
    async with web_server(http(b"ok"), tls=serving(shown)) as web:
        with pytest.raises(DeviceRefused, match="not to be trusted") as refused:
            await asked(web.port, tls=ssl.create_default_context())
    assert "certificate_sha256" in refused.value.hint
    assert web.asked == []


async def test_the_pinned_certificate_is_believed(shown: Credentials) -> None:
    async with web_server(http(b"ok"), tls=serving(shown)) as web:
        answer = await asked(web.port, tls=blind(), pin=pin_of(shown.cert_file))
    assert answer.content() == b"ok"


async def test_another_certificate_than_the_pinned_gets_no_password(shown: Credentials) -> None:
    async with web_server(http(b"ok"), tls=serving(shown)) as web:
        with pytest.raises(DeviceRefused, match="is another one") as refused:
            await asked(web.port, tls=blind(), pin=pin_of(shown.ca_file))
    assert pin_of(shown.cert_file) in str(refused.value)
    assert web.asked == []


async def test_a_server_without_tls_is_named(shown: Credentials) -> None:
    async def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 router FTP server ready\r\n")
        writer.close()

    context = ssl.create_default_context(cafile=str(shown.ca_file))
    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        with pytest.raises(DeviceRefused, match="no TLS with it: WRONG_VERSION_NUMBER"):
            await asked(server.sockets[0].getsockname()[1], tls=context)


def test_a_refused_login_waits_an_hour() -> None:
    clock = FakeClock()
    pause = LoginPauses(clock).of("10.20.0.9", "nadi", "rahasia", who="the router")
    pause.check()
    assert "the router refuses the user and password" in str(pause.begin())
    clock.now_ms += 3_599_999
    with pytest.raises(LoginRefused):
        pause.check()
    clock.now_ms += 1
    pause.check()
