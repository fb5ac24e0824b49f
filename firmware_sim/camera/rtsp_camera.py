"""An RTSP camera describes its stream to whoever may see it, and carries no video.

RTSP 1.0 (RFC 2326), SDP (RFC 4566).
"""

from collections.abc import Callable, Container
from dataclasses import dataclass
from urllib.parse import urlsplit

from firmware_sim.camera.rtsp_auth import Account, Doorkeeper
from firmware_sim.camera.settings import CameraSettings
from firmware_sim.faults import Voice

METHODS = "OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN"
# It offers no transport, so no session ever exists.
REFUSALS = {"SETUP": 461, "PLAY": 454, "PAUSE": 454, "TEARDOWN": 454, "GET_PARAMETER": 454}
REASONS = {
    200: "OK",
    400: "Bad Request",
    401: "Unauthorized",
    404: "Not Found",
    454: "Session Not Found",
    461: "Unsupported Transport",
    501: "Not Implemented",
    505: "RTSP Version not supported",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One RTSP request without its body; header names in lower case."""

    method: str
    uri: str
    version: str
    headers: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """What the camera says; `final` is False for a challenge the client is meant to answer."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    final: bool = True


class RtspError(ValueError):
    """The bytes are no RTSP request."""


class RtspCamera:
    """One camera and who may see it."""

    def __init__(
        self,
        settings: CameraSettings,
        *,
        nonce: Callable[[], str],
        voice: Voice,
        faults: Container[str] = (),
    ) -> None:
        self.asset = settings.asset
        self.voice = voice
        self._settings = settings
        self._faults = faults
        self._door = Doorkeeper(account_of(settings), settings.auth, nonce=nonce)

    def respond(self, request: Request) -> Response:
        """What it says to one request."""
        if request.version != "RTSP/1.0":
            return Response(status=505)
        if not is_number(request.headers.get("cseq", "")):
            return Response(status=400)
        match request.method:
            case "OPTIONS":
                return Response(status=200, headers=(("Public", METHODS),))
            case "DESCRIBE":
                return self._describe(request)
            case other:
                return Response(status=REFUSALS.get(other, 501))

    def _describe(self, request: Request) -> Response:
        verdict = self._door.judge(
            request.headers.get("authorization"), method=request.method, uri=request.uri
        )
        if verdict == "welcome" and "wrong_password" in self._faults:
            verdict = "wrong"
        if verdict != "welcome":
            challenge = self._door.challenge(stale=verdict == "stale")
            return Response(
                status=401, headers=(("WWW-Authenticate", challenge),), final=verdict == "wrong"
            )
        if _path(request.uri) != self._settings.path:
            return Response(status=404)
        streams = 0 if "no_stream" in self._faults else self._settings.streams
        return Response(
            status=200,
            headers=(("Content-Base", f"{request.uri}/"), ("Content-Type", "application/sdp")),
            body=sdp(self._settings.host, streams),
        )


def account_of(settings: CameraSettings) -> Account:
    """Its one user."""
    return Account(
        user=settings.user, password=settings.password, realm=f"IP Camera({settings.asset})"
    )


def parse_request(head: bytes) -> Request:
    """The request in everything up to its empty line; raises RtspError."""
    first, *rest = head.decode("latin-1").rstrip("\r\n").split("\r\n")
    parts = first.split(" ")
    if len(parts) != 3 or not all(parts):
        raise RtspError(f"no request line: {first[:80]!r}")
    headers = {}
    for line in rest:
        name, colon, value = line.partition(":")
        if not colon:
            raise RtspError(f"no header: {line[:80]!r}")
        headers[name.strip().lower()] = value.strip()
    return Request(method=parts[0], uri=parts[1], version=parts[2], headers=headers)


def encode(response: Response, *, cseq: str | None) -> bytes:
    """The bytes of `response`."""
    lines = [f"RTSP/1.0 {response.status} {REASONS[response.status]}"]
    if cseq is not None:
        lines.append(f"CSeq: {cseq}")
    lines += [f"{name}: {value}" for name, value in response.headers]
    if response.body:
        lines.append(f"Content-Length: {len(response.body)}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + response.body


def sdp(host: str, streams: int) -> bytes:
    """A session description with `streams` H.264 video streams."""
    lines = ["v=0", f"o=- 0 0 IN IP4 {host}", "s=Media Presentation", "t=0 0", "a=control:*"]
    for track in range(1, streams + 1):
        lines += [
            "m=video 0 RTP/AVP 96",
            "a=rtpmap:96 H264/90000",
            "a=fmtp:96 packetization-mode=1;profile-level-id=4D0029",
            f"a=control:trackID={track}",
        ]
    return "\r\n".join([*lines, ""]).encode()


def is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= 10


def _path(uri: str) -> str:
    try:
        parts = urlsplit(uri)
    except ValueError:
        return ""
    return f"{parts.path}?{parts.query}" if parts.query else parts.path
