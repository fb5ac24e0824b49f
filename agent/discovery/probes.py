"""What one port of a host says without a login: RTSP, ONVIF and RouterOS, each asked once."""

import asyncio
import json
import ssl
from dataclasses import dataclass

from agent.deadline import Deadline
from agent.drivers import onvif_clock
from agent.drivers.http import UNAUTHORIZED, Peer, Request, ask
from agent.drivers.login import (
    Credentials,
    authorization,
    choose,
    parse_challenges,
)
from agent.drivers.rtsp_camera import MAX_REPLY, Head, receive, request
from agent.errors import DeviceError, DeviceSilent, ServiceClosed
from contract.discovery import Login

ONVIF_PATH, REST_PATH = "/onvif/device_service", "/rest/system/resource"
FORBIDDEN = 403


@dataclass(slots=True, kw_only=True)
class Said:
    """What a port said: `is_it` if it is the service that was looked for, else why not."""

    port: int
    is_it: bool = False
    login: Login = "untried"
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """What a camera is given once, and on which path."""

    credentials: Credentials
    path: str
    cnonce: str


async def ask_rtsp(host: str, port: int, key: Key | None, *, timeout_ms: int) -> Said | None:
    """OPTIONS, and only with a key a DESCRIBE; None if nothing listens there."""
    try:
        async with Deadline(timeout_ms / 1_000):
            reader, writer = await asyncio.open_connection(host, port, limit=MAX_REPLY)
    except (OSError, TimeoutError):
        return None
    talk = _RtspTalk(reader=reader, writer=writer, uri=_uri(host, port, key))
    said = Said(port=port)
    try:
        async with Deadline(timeout_ms / 1_000):
            await talk.ask("OPTIONS")
            said.is_it = True
            if key is not None:
                await _log_in(talk, key, said)
    except TimeoutError:
        said.why = "takes a connection and says nothing whole"
    except (DeviceError, OSError) as error:
        said.why = "" if said.is_it else str(error) or type(error).__name__
    finally:
        writer.transport.abort()
    return said


async def ask_onvif(host: str, port: int, *, timeout_ms: int) -> Said | None:
    """GetSystemDateAndTime, which needs no login; None if nothing listens there."""
    question = onvif_clock.envelope(onvif_clock.QUESTION, path=ONVIF_PATH)
    try:
        answer = await ask(Peer(address=host, port=port), question, timeout_ms=timeout_ms)
        onvif_clock.parse(answer.content())
    except (ServiceClosed, DeviceSilent):
        return None
    except DeviceError as error:
        return Said(port=port, why=str(error))
    return Said(port=port, is_it=True)


async def ask_routeros(
    host: str, port: int, tls: ssl.SSLContext, *, timeout_ms: int
) -> Said | None:
    """Whether RouterOS's REST refuses a stranger in its own words; no login, so no certificate."""
    peer = Peer(address=host, port=port, tls=tls)
    try:
        answer = await ask(peer, Request(path=REST_PATH), timeout_ms=timeout_ms)
        refusal = json.loads(answer.body)
    except (ServiceClosed, DeviceSilent):
        return None
    except (DeviceError, ValueError) as error:
        return Said(port=port, why=str(error) if isinstance(error, DeviceError) else "no RouterOS")
    its_own = isinstance(refusal, dict) and refusal.get("error") == UNAUTHORIZED
    return Said(port=port, is_it=its_own and answer.status == UNAUTHORIZED)


@dataclass(slots=True, kw_only=True)
class _RtspTalk:
    """One connection, and how many questions it has seen."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    uri: str
    cseq: int = 0

    async def ask(self, method: str, login: str = "") -> Head:
        self.cseq += 1
        self.writer.write(request(self.uri, method=method, cseq=self.cseq, login=login))
        head, _ = await receive(self.reader, cseq=self.cseq)
        return head


async def _log_in(talk: _RtspTalk, key: Key, said: Said) -> None:
    """One attempt, stale nonce or not, and never Basic: it would tell a stranger the password."""
    asked = await talk.ask("DESCRIBE")
    challenge = choose(parse_challenges(asked.challenges))
    if asked.status != UNAUTHORIZED or challenge is None or challenge.scheme != "digest":
        return
    value = authorization(
        challenge, key.credentials, method="DESCRIBE", uri=talk.uri, cnonce=key.cnonce
    )
    said.login = "unanswered"
    answer = await talk.ask("DESCRIBE", value)
    said.login = "refused" if answer.status in (UNAUTHORIZED, FORBIDDEN) else "accepted"


def _uri(host: str, port: int, key: Key | None) -> str:
    path = key.path if key else "/"
    return f"rtsp://{f'[{host}]' if ':' in host else host}:{port}{path}"


def any_certificate() -> ssl.SSLContext:
    """TLS with whoever is there: only a question without a login goes through it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
