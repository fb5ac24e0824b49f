"""Hosts on loopback addresses that note every byte they are sent, friendly and hostile ones."""

import asyncio
import re
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager
from dataclasses import dataclass, field

Serve = Callable[["Line"], Awaitable[None]]
MEGABYTE = 1 << 20


@dataclass(slots=True, kw_only=True)
class Ports:
    """One free port for each service, the same on every host."""

    rtsp: int
    http: int
    https: int
    snmp: int


@dataclass(slots=True, kw_only=True)
class Line:
    """One connection of a host; what is read is noted."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    noted: bytearray

    async def question(self) -> bytes:
        """The next request up to its empty line, with its body."""
        head = await self.reader.readuntil(b"\r\n\r\n")
        length = re.search(rb"(?i)content-length: (\d+)", head)
        body = await self.reader.readexactly(int(length[1])) if length else b""
        self.noted += head + body
        return head + body


@dataclass(slots=True, kw_only=True)
class Town:
    """Every host's ports, and all that was sent to each."""

    ports: Ports
    sent: dict[tuple[str, int], bytearray] = field(default_factory=dict)
    datagrams: dict[str, list[bytes]] = field(default_factory=dict)
    connections: dict[str, int] = field(default_factory=dict)
    _open: AsyncExitStack = field(default_factory=AsyncExitStack)

    async def tcp(
        self, host: str, port: int, serve: Serve, *, tls: ssl.SSLContext | None = None
    ) -> None:
        """Let `serve` answer each connection to that host's port."""
        noted = self.sent.setdefault((host, port), bytearray())

        async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            self.connections[host] = self.connections.get(host, 0) + 1
            try:
                await serve(Line(reader=reader, writer=writer, noted=noted))
            except (OSError, EOFError):
                return
            finally:
                writer.close()

        server = await asyncio.start_server(connected, host, port, ssl=tls)
        self._open.callback(server.close)

    async def udp(self, host: str, answer: Callable[[bytes], bytes]) -> None:
        """Let `answer` answer each datagram to that host's SNMP port; empty is no answer."""
        heard = self.datagrams.setdefault(host, [])

        class Agent(asyncio.DatagramProtocol):
            def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]  # UDP endpoints are given this kind
                self.transport = transport

            def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
                heard.append(data)
                if said := answer(data):
                    self.transport.sendto(said, addr)

        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(
            Agent, local_addr=(host, self.ports.snmp)
        )
        self._open.callback(transport.close)

    async def close(self) -> None:
        await self._open.aclose()


@asynccontextmanager
async def town() -> AsyncIterator[Town]:
    """Nobody lives there yet."""
    kinds = (socket.SOCK_STREAM, socket.SOCK_STREAM, socket.SOCK_STREAM, socket.SOCK_DGRAM)
    with ExitStack() as held:
        wires = [held.enter_context(socket.socket(socket.AF_INET, kind)) for kind in kinds]
        for wire in wires:
            wire.bind(("127.0.0.1", 0))
        rtsp, http, https, snmp = (wire.getsockname()[1] for wire in wires)
    here = Town(ports=Ports(rtsp=rtsp, http=http, https=https, snmp=snmp))
    try:
        yield here
    finally:
        await here.close()


def camera(challenge: str = "", *, accepts: bool = True) -> Serve:
    """RTSP as RFC 2326 has it; with a challenge it wants a login, and may take it."""

    async def serve(line: Line) -> None:
        while question := await line.question():
            cseq = re.search(rb"CSeq: (\d+)", question)
            assert cseq is not None
            welcome = question.startswith(b"OPTIONS") or not challenge
            if b"Authorization:" in question:
                welcome = accepts
            status = "200 OK" if welcome else f"401 Unauthorized\r\nWWW-Authenticate: {challenge}"
            line.writer.write(f"RTSP/1.0 {status}\r\nCSeq: {cseq[1].decode()}\r\n\r\n".encode())

    return serve


def says(text: bytes) -> Serve:
    """One answer to whatever is asked."""

    async def serve(line: Line) -> None:
        await line.question()
        line.writer.write(text)
        await line.writer.drain()

    return serve


async def hangs(line: Line) -> None:
    """Takes the question and never answers."""
    await line.question()
    await line.reader.read()


async def resets(line: Line) -> None:
    """Hangs up hard in the midst."""
    await line.question()
    line.writer.transport.abort()


async def never_ends_a_line(line: Line) -> None:
    """Ten megabytes without an end of line."""
    await line.question()
    for _ in range(10):
        line.writer.write(b"A" * MEGABYTE)
        await line.writer.drain()


async def redirects(line: Line) -> None:
    """Sends whoever asks somewhere else."""
    question = await line.question()
    protocol = b"RTSP/1.0" if b"RTSP/1.0" in question else b"HTTP/1.1"
    where = b"Location: http://127.0.0.15:1/\r\nCSeq: 1\r\nContent-Length: 0\r\n\r\n"
    line.writer.write(protocol + b" 302 Found\r\n" + where)


def tlv(tag: int, *parts: bytes) -> bytes:
    """Tag, length, content, as X.690 has it."""
    content = b"".join(parts)
    length = bytes([len(content)]) if len(content) < 0x80 else b"\x81" + bytes([len(content)])
    return bytes([tag]) + length + content


def agent(
    object_id: str = "2b06010401f50c01", community: bytes = b"public", name: bytes = b"WIFI-0001"
) -> Callable[[bytes], bytes]:
    """An SNMP agent; by default a MikroTik: 1.3.6.1.4.1.14988.1."""

    def answer(asked: bytes) -> bytes:
        if community not in asked:
            return b""
        at = asked.index(community) + len(community) + 4
        system = "2b0601020101"
        bound = [
            tlv(0x30, tlv(6, bytes.fromhex(system + number)), tlv(tag, value))
            for number, tag, value in (
                ("0100", 4, b"RouterOS RBwAPG-5HacD2HnD"),
                ("0200", 6, bytes.fromhex(object_id)),
                ("0500", 4, name),
            )
        ]
        pdu = tlv(0xA2, tlv(2, asked[at : at + 4]), b"\x02\x01\x00\x02\x01\x00", tlv(0x30, *bound))
        return tlv(0x30, b"\x02\x01\x01", tlv(4, community), pdu)

    return answer
