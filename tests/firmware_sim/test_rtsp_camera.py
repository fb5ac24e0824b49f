import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import cast

import pytest

from firmware_sim import AnswerList, CameraSettings, District, DistrictSettings, FaultSettings
from firmware_sim.camera.rtsp_auth import Account, digest
from firmware_sim.camera.rtsp_camera import RtspCamera, encode, parse_request
from firmware_sim.camera.settings import CameraAuth
from firmware_sim.faults import Voice
from tests.firmware_sim.frames import Digest, Vector, digests, vectors

NONCE = "6fd5a1f1f0c04ac2"
GOOD = vectors("rtsp_camera", "good")
URI = b"rtsp://10.20.0.5:554/Streaming/Channels/101"
DESCRIBE = b"DESCRIBE " + URI + b" RTSP/1.0\r\nCSeq: 1\r\n\r\n"
OPTIONS = b"OPTIONS * RTSP/1.0\r\nCSeq: 2\r\n\r\n"


def camera(auth: CameraAuth = "digest-md5", streams: int = 1) -> RtspCamera:
    settings = CameraSettings(asset="12345", host="10.20.0.5", auth=auth, streams=streams)
    return RtspCamera(settings, nonce=lambda: NONCE, voice=Voice(FaultSettings(), seed=""))


def answer(one: RtspCamera, question: bytes) -> bytes:
    request = parse_request(question)
    return encode(one.respond(request), cseq=request.headers.get("cseq"))


@pytest.mark.parametrize("vector", GOOD, ids=lambda vector: vector.name)
def test_a_reply_is_the_standards_bytes(vector: Vector) -> None:
    one = camera(cast(CameraAuth, vector.auth), vector.streams)
    answer(one, DESCRIBE)
    reply = answer(one, vector.request)
    assert reply.decode() == vector.reply.decode()
    assert reply.count(b"m=video") == vector.values["streams"]


@pytest.mark.parametrize("sample", digests(), ids=lambda sample: sample.name)
def test_a_digest_is_the_standards(sample: Digest) -> None:
    account = Account(user=sample.user, password=sample.password, realm=sample.realm)
    given = {name: getattr(sample, name) for name in ("uri", "nonce", "qop", "nc", "cnonce")}
    response = digest(account, cast(CameraAuth, sample.auth), given, method=sample.method)
    assert response == sample.response


def test_a_nonce_it_never_gave_is_stale() -> None:
    welcome = next(vector for vector in GOOD if vector.name == "a stream behind MD5 digest")
    reply = answer(camera(), welcome.request)
    assert reply.startswith(b"RTSP/1.0 401 ")
    assert b"stale=true" in reply


@pytest.mark.parametrize(
    ("auth", "header"),
    [
        ("digest-md5", 'Digest username="nadi", nonce="6fd5a1f1f0c04ac2", response="0"'),
        ("digest-md5", "Digest"),
        ("digest-md5", "Basic bmFkaTpyYWhhc2lh"),
        ("digest-sha256", 'Digest username="nadi", response="é"'),
        ("basic", "Basic bmFkaTpzYWxhaA=="),
        ("basic", "Basic ???"),
    ],
)
def test_a_wrong_password_is_refused_for_good(auth: CameraAuth, header: str) -> None:
    question = DESCRIBE[:-2] + f"Authorization: {header}\r\n\r\n".encode("latin-1")
    response = camera(auth).respond(parse_request(question))
    assert (response.status, response.final) == (401, True)


@pytest.mark.parametrize(
    ("question", "status"),
    [
        (b"DESCRIBE x RTSP/2.0\r\nCSeq: 1\r\n\r\n", 505),
        (b"DESCRIBE x RTSP/1.0\r\n\r\n", 400),
        (b"DESCRIBE x RTSP/1.0\r\nCSeq: one\r\n\r\n", 400),
        (b"SETUP x RTSP/1.0\r\nCSeq: 1\r\n\r\n", 461),
        (b"RECORD x RTSP/1.0\r\nCSeq: 1\r\n\r\n", 501),
        (b"DESCRIBE rtsp://[ RTSP/1.0\r\nCSeq: 1\r\n\r\n", 404),
    ],
)
def test_odd_questions_get_a_status(question: bytes, status: int) -> None:
    assert camera("none").respond(parse_request(question)).status == status


@asynccontextmanager
async def connection(
    tmp_path: Path, record: AnswerList, **settings: object
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter, District]]:
    one = CameraSettings(asset="CAM-0001", **settings)  # type: ignore[arg-type]  # any setting
    async with District(
        DistrictSettings(cameras=(one, CameraSettings(asset="CAM-0002"))),
        directory=tmp_path,
        record=record,
    ) as district:
        host, port = district.places.cameras["CAM-0001"].split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        yield reader, writer, district
        writer.close()


async def reply_head(reader: asyncio.StreamReader) -> bytes:
    return await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)


async def test_only_a_final_describe_is_recorded(tmp_path: Path, record: AnswerList) -> None:
    async with connection(tmp_path, record, auth="basic", streams=2) as (reader, writer, _):
        writer.write(OPTIONS)
        assert b"Public: OPTIONS, DESCRIBE" in await reply_head(reader)
        writer.write(DESCRIBE)
        assert b"401" in await reply_head(reader)
        assert record.answers == []
        for credentials in (b"bmFkaTpzYWxhaA==", b"bmFkaTpyYWhhc2lh"):
            writer.write(DESCRIBE[:-2] + b"Authorization: Basic " + credentials + b"\r\n\r\n")
            await reply_head(reader)
    given = [answer.values for answer in record.answers]
    assert given == [{"status": 401, "streams": 0}, {"status": 200, "streams": 2}]


async def test_a_body_is_skipped(tmp_path: Path, record: AnswerList) -> None:
    async with connection(tmp_path, record, auth="none") as (reader, writer, _):
        writer.write(OPTIONS[:-2] + b"Content-Length: 5\r\n\r\nhello" + DESCRIBE)
        assert (await reply_head(reader)).startswith(b"RTSP/1.0 200")
        assert b"application/sdp" in await reply_head(reader)


@pytest.mark.parametrize(
    "question",
    [
        b"hello\r\n\r\n",
        b"DESCRIBE x RTSP/1.0\r\nCSeq\r\n\r\n",
        OPTIONS[:-2] + b"Content-Length: 99999999\r\n\r\n",
        OPTIONS[:-2] + b"Content-Length: -1\r\n\r\n",
        OPTIONS[:-2] + "Content-Length: ²\r\n\r\n".encode("latin-1"),
    ],
)
async def test_nonsense_is_refused_and_hung_up_on(
    tmp_path: Path, record: AnswerList, question: bytes
) -> None:
    async with connection(tmp_path, record) as (reader, writer, _):
        writer.write(question)
        said = await asyncio.wait_for(reader.read(), 5)
    assert said == b"RTSP/1.0 400 Bad Request\r\n\r\n"


async def test_a_request_that_never_ends_is_hung_up_on(tmp_path: Path, record: AnswerList) -> None:
    async with connection(tmp_path, record) as (reader, writer, _):
        writer.write(b"x" * 200_000)
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await asyncio.wait_for(reader.readexactly(1), 5)


async def test_a_silenced_camera_hangs_and_comes_back(tmp_path: Path, record: AnswerList) -> None:
    async with connection(tmp_path, record, auth="none") as (reader, writer, district):
        district.fault("CAM-0001", "silent")
        writer.write(DESCRIBE + OPTIONS[:-2])
        await writer.drain()
        other_place = district.places.cameras["CAM-0002"].split(":")
        other_reader, other = await asyncio.open_connection(other_place[0], int(other_place[1]))
        other.write(OPTIONS)
        await reply_head(other_reader)  # by now the first has heard its question
        other.close()
        district.mend("CAM-0001", "silent")
        writer.write(b"\r\n")
        assert b"CSeq: 2" in await reply_head(reader)
    assert record.answers == []


async def test_half_a_reply_ends_the_connection(tmp_path: Path, record: AnswerList) -> None:
    faults = FaultSettings(half=1.0)
    async with connection(tmp_path, record, auth="none", faults=faults) as (reader, writer, _):
        writer.write(DESCRIBE)
        said = await asyncio.wait_for(reader.read(), 5)
    assert said.startswith(b"RTSP/1.0 200 OK")
    assert b"m=video" not in said
    assert [answer.fault for answer in record.answers] == ["half"]


async def test_a_crowd_is_turned_away_but_the_first_are_served(
    tmp_path: Path, record: AnswerList
) -> None:
    async with connection(tmp_path, record) as (reader, writer, district):
        host, port = district.places.cameras["CAM-0001"].split(":")
        crowd = [await asyncio.open_connection(host, int(port)) for _ in range(16)]
        assert await asyncio.wait_for(crowd[-1][0].read(), 5) == b""
        writer.write(OPTIONS)
        assert b"200 OK" in await reply_head(reader)
        for _, one in crowd:
            one.close()
