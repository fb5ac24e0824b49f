"""A camera listens on its TCP port, and what it says of its stream is noted."""

import asyncio
import random
from collections.abc import Callable, Container

from firmware_sim.answers import Answer, Record, Reply
from firmware_sim.camera.hostile import misbehave
from firmware_sim.camera.rtsp_auth import Doorkeeper
from firmware_sim.camera.rtsp_camera import (
    Request,
    Response,
    RtspCamera,
    RtspError,
    account_of,
    encode,
    is_number,
    parse_request,
)
from firmware_sim.camera.scene import Scene
from firmware_sim.camera.settings import CameraSettings
from firmware_sim.camera.web import CameraWeb
from firmware_sim.clock import Clock
from firmware_sim.connections import Connections
from firmware_sim.ground import Ground

MAX_REQUEST = 64 * 1024
IDLE_S = 60.0


async def open_camera(settings: CameraSettings, ground: Ground) -> str:
    """It listens at the host:port returned; raises PortError."""
    nonces, faults = _nonces(settings, ground), ground.faults[settings.asset]
    camera = RtspCamera(settings, nonce=nonces, voice=ground.voice(settings), faults=faults)
    serving = CameraServer(camera, clock=ground.clock, record=ground.record, faults=faults)
    return await ground.open_server(
        Connections(serving.serve),
        settings.asset,
        host=settings.host,
        port=settings.port,
        limit=MAX_REQUEST,
    )


async def open_web(settings: CameraSettings, ground: Ground) -> str:
    """Its web service listens at the host:port returned; raises PortError."""
    faults = ground.faults[settings.asset]
    web = CameraWeb(
        settings,
        door=Doorkeeper(account_of(settings), settings.auth, nonce=_nonces(settings, ground)),
        scene=Scene(ground.seed(settings.asset, "scene"), faults),
        unix_s=ground.clock.unix_s,
        voice=ground.voice(settings),
        faults=faults,
    )
    return await ground.open_server(
        Connections(web.serve),
        settings.asset,
        host=settings.host,
        port=settings.web_port,
        limit=MAX_REQUEST,
    )


def _nonces(settings: CameraSettings, ground: Ground) -> Callable[[], str]:
    nonces = random.Random(ground.seed(settings.asset, "nonce"))
    return lambda: f"{nonces.getrandbits(64):016x}"


class CameraServer:
    """One camera on its TCP port."""

    def __init__(
        self, camera: RtspCamera, *, clock: Clock, record: Record, faults: Container[str] = ()
    ) -> None:
        self._camera = camera
        self._faults = faults
        self._clock = clock
        self._record = record

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Until the client hangs up, stalls, or sends more than 64 KiB without an empty line."""
        while await self._answer_one(reader, writer):
            pass

    async def _answer_one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Reads one request and answers it; False when the connection is over."""
        async with asyncio.timeout(IDLE_S):
            head = await reader.readuntil(b"\r\n\r\n")
        asked_at_ms = self._clock.boot_ms()
        try:
            request = parse_request(head)
            length = _content_length(request)
        except RtspError:
            writer.write(encode(Response(status=400), cseq=None))
            return False
        async with asyncio.timeout(IDLE_S):
            await reader.readexactly(length)
        if self._camera.voice.silent:
            return True
        return await self._say(request, writer, asked_at_ms)

    async def _say(self, request: Request, writer: asyncio.StreamWriter, asked_at_ms: int) -> bool:
        if await misbehave(writer, self._faults, protocol="RTSP/1.0"):
            return False
        response, cseq = self._camera.respond(request), request.headers.get("cseq")
        if "foreign_cseq" in self._faults:
            cseq = "4711"
        reply = Reply(
            frame=encode(response, cseq=cseq),
            values={"status": response.status, "streams": response.body.count(b"m=video")},
        )
        utterance = self._camera.voice.utter(reply.frame)
        if utterance.delay_s:
            await self._clock.sleep(utterance.delay_s)
        given_at_ms = self._clock.boot_ms()
        writer.write(utterance.frame)
        async with asyncio.timeout(IDLE_S):
            await writer.drain()
        if request.method == "DESCRIBE" and response.final:
            self._record.note(
                Answer(
                    device=CameraSettings.DEVICE,
                    asset=self._camera.asset,
                    asked_at_ms=asked_at_ms,
                    given_at_ms=given_at_ms,
                    values=reply.values,
                    fault=utterance.fault,
                )
            )
        return utterance.fault != "half"


def _content_length(request: Request) -> int:
    text = request.headers.get("content-length", "0")
    if not is_number(text) or int(text) > MAX_REQUEST:
        raise RtspError(f"a body of {text[:20]} bytes")
    return int(text)
