"""A camera's web service: ONVIF, a still picture and the state of its storage, over HTTP/1.1."""

import asyncio
from collections.abc import Callable, Container
from dataclasses import dataclass

from firmware_sim.camera import onvif
from firmware_sim.camera.hostile import misbehave
from firmware_sim.camera.rtsp_auth import Doorkeeper
from firmware_sim.camera.scene import Scene
from firmware_sim.camera.settings import CameraSettings
from firmware_sim.faults import Voice

MAX_BODY = 64 * 1024
IDLE_S = 60.0
WRONG_CLOCK_S = 7_200
REASONS = {200: "OK", 400: "Bad Request", 401: "Unauthorized", 404: "Not Found"}
STORAGE = "<storage><disk><id>1</id><status>{}</status></disk></storage>"
XML, SOAP, JPEG = "application/xml", "application/soap+xml; charset=utf-8", "image/jpeg"


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One HTTP request; header names in lower case."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What it answers."""

    status: int
    kind: str = "text/plain"
    body: bytes = b""
    challenge: str = ""


class CameraWeb:
    """One camera's pages, each for its user alone but the clock."""

    def __init__(
        self,
        settings: CameraSettings,
        *,
        door: Doorkeeper,
        scene: Scene,
        unix_s: Callable[[], float],
        voice: Voice,
        faults: Container[str],
    ) -> None:
        self._settings = settings
        self._door = door
        self._scene = scene
        self._unix_s = unix_s
        self._voice = voice
        self._faults = faults

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One question and its answer."""
        async with asyncio.timeout(IDLE_S):
            question = parse(await reader.readuntil(b"\r\n\r\n"))
            length = min(int(question.headers.get("content-length", "0")), MAX_BODY)
            body = await reader.readexactly(length)
        if self._voice.silent:
            await reader.read()
        elif not await misbehave(writer, self._faults, protocol="HTTP/1.1"):
            page = self.answer(question, body)
            writer.write(self._voice.utter(encode(page)).frame)
        async with asyncio.timeout(IDLE_S):
            await writer.drain()

    def answer(self, question: Question, body: bytes) -> Page:
        """What is on that page for who asks."""
        if question.path == self._settings.onvif_path and question.method == "POST":
            return self._onvif(question, body)
        refusal = self._refusal(question)
        if refusal is not None:
            return refusal
        if question.path == self._settings.picture_path:
            return Page(status=200, kind=JPEG, body=self._scene.still())
        if question.path == self._settings.storage_path:
            word = "full" if "storage_full" in self._faults else "ok"
            return Page(status=200, kind=XML, body=STORAGE.format(word).encode())
        return Page(status=404)

    def _onvif(self, question: Question, body: bytes) -> Page:
        match onvif.question_of(body):
            case "GetSystemDateAndTime":
                return Page(status=200, kind=SOAP, body=onvif.date_and_time(self._now_s()))
            case "GetDeviceInformation":
                page = Page(
                    status=200, kind=SOAP, body=onvif.device_information(self._settings.asset)
                )
                return self._onvif_refusal(question, body) or page
            case _:
                return Page(status=400, kind=SOAP, body=onvif.NOT_SUPPORTED)

    def _onvif_refusal(self, question: Question, body: bytes) -> Page | None:
        if self._settings.onvif_login == "http":
            return self._refusal(question)
        right = onvif.is_welcome(
            body,
            user=self._settings.user,
            password=self._settings.password,
            unix_s=self._now_s(),
        )
        if right and "wrong_password" not in self._faults:
            return None
        return Page(status=400, kind=SOAP, body=onvif.NOT_AUTHORIZED)

    def _refusal(self, question: Question) -> Page | None:
        verdict = self._door.judge(
            question.headers.get("authorization"), method=question.method, uri=question.path
        )
        if verdict == "welcome" and "wrong_password" not in self._faults:
            return None
        return Page(status=401, challenge=self._door.challenge(stale=verdict == "stale"))

    def _now_s(self) -> float:
        wrong_s = WRONG_CLOCK_S if "clock_wrong" in self._faults else 0
        return self._unix_s() + self._settings.clock_ahead_s + wrong_s


def parse(head: bytes) -> Question:
    """A request up to its empty line; anything strange asks for nothing."""
    first, *lines = head.decode("latin-1").rstrip("\r\n").split("\r\n")
    method, path, *_ = (*first.split(" "), "", "")
    headers = (line.partition(":") for line in lines)
    return Question(
        method=method,
        path=path,
        headers={name.strip().lower(): value.strip() for name, _, value in headers},
        body=b"",
    )


def encode(page: Page) -> bytes:
    """The bytes of an answer, after which the connection ends."""
    lines = [
        f"HTTP/1.1 {page.status} {REASONS[page.status]}",
        f"Content-Type: {page.kind}",
        f"Content-Length: {len(page.body)}",
        "Connection: close",
    ]
    if page.challenge:
        lines.append(f"WWW-Authenticate: {page.challenge}")
    return "\r\n".join([*lines, "", ""]).encode() + page.body
