"""The guests' side of a public Wi-Fi: one name, one page, and what may stand before it."""

import asyncio
from collections.abc import Container
from ipaddress import IPv4Address

from firmware_sim.answers import Answer
from firmware_sim.ground import Ground
from firmware_sim.wifi.settings import HotspotSettings
from firmware_sim.wifi.web import MAX_REQUEST, Asked, page, web_server

HEADER_LEN = 12
ANSWER, AVAILABLE, SERVFAIL, NXDOMAIN = 0x8000, 0x0080, 2, 3
A_IN = b"\0\1\0\1"
TTL_S = 30
PORTAL = page("302 Found", headers="Location: http://login.contoh/\r\n")


async def open_hotspot(settings: HotspotSettings, ground: Ground) -> dict[str, str]:
    """Its name server and its page listen at the host:port of `dns` and `page`."""
    faults, voice = ground.faults[settings.asset], ground.voice(settings)

    async def answering(asked: Asked) -> bytes:
        asked_at_ms = ground.clock.boot_ms()
        if voice.silent or "no_route" in faults:
            return b""
        if "slow" in faults:
            await ground.clock.sleep(settings.slow_ms / 1000)
        frame, status = respond(asked, faults)
        utterance = voice.utter(frame)
        ground.record.note(
            Answer(
                device=settings.DEVICE,
                asset=settings.asset,
                asked_at_ms=asked_at_ms,
                given_at_ms=ground.clock.boot_ms(),
                values={"status": status},
                fault=utterance.fault,
            )
        )
        return utterance.frame

    names = NameServer(settings, faults)
    return {
        "dns": await ground.open_datagrams(names, settings, port=settings.dns_port),
        "page": await ground.open_server(
            web_server(answering),
            settings.asset,
            host=settings.host,
            port=settings.port,
            limit=MAX_REQUEST,
        ),
    }


def respond(asked: Asked, faults: Container[str]) -> tuple[bytes, int]:
    """What a guest gets for a page, and its status; 0 is no HTTP."""
    if "intercepted" in faults:
        return b"220 proxy ready\r\n\r\n", 0
    if "portal" in faults:
        return PORTAL, 302
    if asked.path == "/generate_204":
        return page("204 No Content"), 204
    return page("404 Not Found"), 404


class NameServer(asyncio.DatagramProtocol):
    """Knows one name, at the host of the page."""

    def __init__(self, settings: HotspotSettings, faults: Container[str]) -> None:
        self._settings = settings
        self._faults = faults
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]  # UDP endpoints are given this kind
        self._transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Answers one question for an IPv4 address."""
        if self._transport and "silent" not in self._faults and len(data) > HEADER_LEN:
            self._transport.sendto(self.answer(data), addr)

    def answer(self, data: bytes) -> bytes:
        """RFC 1035: the question comes back, with the record or a code."""
        question = data[HEADER_LEN:]
        name = b"".join(
            bytes([len(label)]) + label.encode() for label in self._settings.name.split(".")
        )
        known = question.lower() == name.lower() + b"\0" + A_IN
        code = SERVFAIL if "dns_fail" in self._faults else 0 if known else NXDOMAIN
        flags = ANSWER | AVAILABLE | int.from_bytes(data[2:4]) & 0x0100 | code
        counts = (1, 0 if code else 1, 0, 0)
        header = data[:2] + flags.to_bytes(2) + b"".join(count.to_bytes(2) for count in counts)
        if code:
            return header + question
        address = IPv4Address(self._settings.host).packed
        return header + question + b"\xc0\x0c" + A_IN + TTL_S.to_bytes(4) + b"\0\4" + address
