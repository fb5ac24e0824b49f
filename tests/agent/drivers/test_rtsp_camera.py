"""Cameras: literal replies, one login attempt, and nothing that an answer can do to the agent."""

import asyncio
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest

from agent.clock import FakeClock
from agent.drivers.account import Accounts
from agent.drivers.driver import Observation
from agent.drivers.login import Challenge, Credentials, choose, digest, parse_challenges
from agent.drivers.login_pause import LoginPauses
from agent.drivers.resolver import Resolver
from agent.drivers.rtsp_camera import RtspCameraDriver, parse, request
from agent.errors import DeviceError, DeviceRefused, DeviceSilent, FrameError
from agent.tap import Traffic
from tests.firmware_sim.frames import Digest, Vector, digests, vectors

GOOD = {vector.name: vector for vector in vectors("rtsp_camera", "good")}
DESCRIBED = [v for v in GOOD.values() if v.request.startswith(b"DESCRIBE")]
CLOCK = FakeClock()
URI = "rtsp://10.20.0.5:554/Streaming/Channels/101"


def values(observations: Sequence[Observation]) -> dict[str, float]:
    return {seen.quantity: seen.value for seen in observations}


def cseq_of(vector: Vector) -> int:
    return int(vector.request.split(b"CSeq: ")[1].split(b"\r\n")[0])


@asynccontextmanager
async def camera(*replies: bytes, slow: bool = False) -> AsyncIterator[tuple[int, list[bytes]]]:
    """Answers its connection's requests with `replies`, one after the other."""
    heard: list[bytes] = []
    serving: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            for reply in replies:
                heard.append(await reader.readuntil(b"\r\n\r\n"))
                writer.write(reply[: len(reply) // 2] if slow else reply)
            await reader.read()
        except (OSError, EOFError):
            pass  # the driver hangs up
        finally:
            writer.transport.abort()

    def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        serving.add(asyncio.ensure_future(serve(reader, writer)))

    server = await asyncio.start_server(connected, "127.0.0.1")
    async with server:
        yield server.sockets[0].getsockname()[1], heard
    await asyncio.wait_for(asyncio.gather(*serving), 5)


def driver(
    port: int, *, user: str = "nadi", timeout_ms: int = 5_000, traffic: Traffic | None = None
) -> RtspCameraDriver:
    return RtspCameraDriver(
        host="127.0.0.1",
        port=port,
        path="/Streaming/Channels/101",
        account=Accounts(LoginPauses(CLOCK)).of("127.0.0.1", port, user, "rahasia"),
        timeout_ms=timeout_ms,
        clock=CLOCK,
        resolver=Resolver(),
        traffic=traffic,
    )


def ok(cseq: int) -> bytes:
    body = b"v=0\r\nm=video 0 RTP/AVP 96\r\n"
    return b"RTSP/1.0 200 OK\r\nCSeq: %d\r\nContent-Length: %d\r\n\r\n%s" % (cseq, len(body), body)


def challenged(cseq: int, *, stale: str = "") -> bytes:
    more = f", stale={stale}" if stale else ""
    challenge = f'Digest realm="IP Camera(12345)", nonce="6fd5a1f1f0c04ac2"{more}'
    return (
        f"RTSP/1.0 401 Unauthorized\r\nCSeq: {cseq}\r\nWWW-Authenticate: {challenge}\r\n\r\n"
    ).encode()


def test_a_describe_is_what_rfc_2326_says() -> None:
    assert request(URI, cseq=2) == GOOD["an MD5 challenge"].request


@pytest.mark.parametrize("vector", DESCRIBED, ids=lambda vector: vector.name)
def test_a_whole_reply_has_its_status_and_streams(vector: Vector) -> None:
    seen = values(parse(vector.reply, cseq=cseq_of(vector)))
    assert seen["rtsp_status"] == vector.values["status"]
    if vector.values["status"] == 200:
        assert seen["video_streams"] == vector.values["streams"]


@pytest.mark.parametrize("vector", vectors("rtsp_camera", "bad"), ids=lambda vector: vector.name)
def test_what_is_no_answer_to_the_question_has_no_value(vector: Vector) -> None:
    with pytest.raises(FrameError):
        parse(vector.reply, cseq=cseq_of(vector))


@pytest.mark.parametrize("sample", digests(), ids=lambda sample: sample.name)
def test_a_login_is_computed_as_the_rfcs_sample(sample: Digest) -> None:
    algorithm = "SHA-256" if sample.auth == "digest-sha256" else "MD5"
    challenge = Challenge(
        scheme="digest",
        parameters={"realm": sample.realm, "nonce": sample.nonce, "algorithm": algorithm},
    )
    computed = digest(
        challenge,
        Credentials(user=sample.user, password=sample.password),
        method=sample.method,
        uri=sample.uri,
        qop=sample.qop,
        nc=sample.nc,
        cnonce=sample.cnonce,
    )
    assert computed == sample.response


def test_of_several_challenges_the_strongest_is_answered() -> None:
    offered = parse_challenges(
        ['Basic realm="c"', 'Digest realm="c", nonce="n", algorithm=SHA-256, Digest realm="c"']
    )
    chosen = choose(offered)
    assert chosen is not None
    assert chosen.algorithm == "SHA-256"


def test_a_challenge_nobody_knows_is_not_answered() -> None:
    assert (
        choose(parse_challenges(['Negotiate x="y"', 'Digest algorithm=SHA-512, nonce="n"'])) is None
    )


async def test_a_camera_behind_digest_is_read_with_one_login() -> None:
    async with camera(challenged(1), ok(2)) as (port, heard):
        seen = values(await driver(port).read())
    assert (seen["rtsp_status"], seen["video_streams"]) == (200, 1)
    assert seen["response_time"] >= 0
    assert [b"Authorization: Digest" in each for each in heard] == [False, True]


async def test_what_went_over_the_network_is_shown_without_the_login() -> None:
    traffic = Traffic()
    async with camera(challenged(1), ok(2)) as (port, heard):
        asked = driver(port, traffic=traffic)
        with traffic.listen() as pieces:
            await asked.read()
    assert [piece.sent for piece in pieces] == [True, False, True, False]
    assert pieces[3].data == ok(2)
    assert b"Authorization: ***\r\n" in pieces[2].data
    assert b"response=" in heard[1]
    assert all(b"response=" not in piece.data for piece in pieces)


async def test_a_refused_password_is_not_tried_again_and_again() -> None:
    async with camera(challenged(1), challenged(2)) as (port, heard):
        refused = driver(port)
        for _ in range(3):
            with pytest.raises(DeviceRefused, match="refuses the user and password"):
                await refused.read()
    assert len(heard) == 2


async def test_a_stale_nonce_may_be_answered_once_more() -> None:
    async with camera(challenged(1), challenged(2, stale="true"), ok(3)) as (port, _):
        assert values(await driver(port).read())["rtsp_status"] == 200


async def test_without_credentials_a_401_is_a_status_like_any_other() -> None:
    async with camera(challenged(1)) as (port, _):
        assert values(await driver(port, user="").read())["rtsp_status"] == 401


async def test_a_camera_that_stops_in_the_middle_of_its_answer_is_silent() -> None:
    async with camera(ok(1), slow=True) as (port, _):
        with pytest.raises(DeviceSilent, match="no whole answer within 200 ms"):
            await driver(port, timeout_ms=200).read()


async def test_a_flood_without_an_end_is_bounded() -> None:
    async with camera(b"RTSP/1.0 200 OK\r\n" + b"X: " + b"y" * 200_000) as (port, _):
        with pytest.raises(DeviceError):
            await driver(port).read()


async def test_a_port_where_nobody_listens_says_so() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    with pytest.raises(DeviceRefused, match="nothing listens"):
        await driver(port).read()


def test_no_representation_shows_the_password() -> None:
    assert "rahasia" not in repr(Credentials(user="nadi", password="rahasia"))
