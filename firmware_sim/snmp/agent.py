"""An SNMP v2c agent answers GET, GETNEXT and GETBULK over a table sorted by OID, on a UDP port."""

import asyncio
from bisect import bisect_right
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from firmware_sim.answers import Answer, Record, Reply
from firmware_sim.clock import Clock
from firmware_sim.faults import Utterance, Voice
from firmware_sim.snmp import ber, message
from firmware_sim.snmp.ber import Oid
from firmware_sim.snmp.message import Request, VarBind
from firmware_sim.snmp.usm import Usm

SYSTEM: Oid = (1, 3, 6, 1, 2, 1, 1)
MAX_REPETITIONS = 64
MAX_PDU = message.MAX_DATAGRAM - 200  # room for what is around it
MAX_LATE = 64
TICKS_PER_S = 100

Address = tuple[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Variable:
    """One object instance: its BER value, and its name and number in the record if it has one."""

    oid: Oid
    value: bytes
    name: str | None = None
    number: int = 0


Table = Callable[[float], Iterable[Variable]]


class SnmpAgent:
    """One device's agent; `table` is everything it tells at a time, `usm` its user of v3."""

    def __init__(
        self,
        *,
        device: str,
        asset: str,
        community: str,
        table: Table,
        voice: Voice,
        usm: Usm | None = None,
    ) -> None:
        self.device = device
        self.asset = asset
        self.voice = voice
        self._community = community.encode()
        self._table = table
        self._usm = usm

    def answer(self, datagram: bytes, now_s: float) -> Reply | None:
        """The reply, or None to what no agent answers: noise, or another community or user."""
        told: dict[str, float] = {}

        def answering(request: Request) -> bytes:
            pdu, values = self._respond(request, now_s)
            told.update(values)
            return pdu

        try:
            if self._usm is not None:
                frame = self._usm.answer(datagram, int(now_s), answering)
                return Reply(frame=frame, values=told) if frame else None
            request = message.parse_request(datagram)
        except ber.BerError:
            return None
        if request.community != self._community:
            return None
        return Reply(frame=message.wrapped(self._community, answering(request)), values=told)

    def _respond(self, request: Request, now_s: float) -> tuple[bytes, dict[str, float]]:
        if request.pdu == message.SET:
            return message.response_pdu(request, (), error=message.NOT_WRITABLE, index=1), {}
        variables = sorted(self._table(now_s), key=lambda variable: variable.oid)
        return respond(request, tuple(variables))


def respond(request: Request, variables: tuple[Variable, ...]) -> tuple[bytes, dict[str, float]]:
    """The answer's PDU to a GET, GETNEXT or GETBULK from a table sorted by OID, and its values."""
    found = _find(request, variables)
    pdu = _pdu(request, found)
    while len(pdu) > MAX_PDU and request.pdu == message.GET_BULK:
        found = found[: len(found) // 2]  # RFC 3416, 4.2.3: as many as fit
        pdu = _pdu(request, found)
    if len(pdu) > MAX_PDU:
        return message.response_pdu(request, (), error=message.TOO_BIG), {}
    return pdu, {v.name: v.number for v in found if v.name}


def _pdu(request: Request, found: list[Variable]) -> bytes:
    return message.response_pdu(request, tuple(VarBind(oid=v.oid, value=v.value) for v in found))


class AgentSocket(asyncio.DatagramProtocol):
    """The agent on its UDP port."""

    def __init__(self, agent: SnmpAgent, *, clock: Clock, record: Record) -> None:
        self._agent = agent
        self._clock = clock
        self._record = record
        self._late: set[asyncio.Task[None]] = set()
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]  # UDP endpoints are given this kind
        self._transport = transport

    def datagram_received(self, data: bytes, addr: Address) -> None:
        """Answers one datagram, now or, for a late answer, later."""
        asked_at_ms = self._clock.boot_ms()
        if self._agent.voice.silent:
            return
        if (reply := self._agent.answer(data, asked_at_ms / 1000)) is None:
            return
        utterance = self._agent.voice.utter(reply.frame)
        if not utterance.delay_s:
            self._send(reply, utterance, addr, asked_at_ms)
        elif len(self._late) < MAX_LATE:
            task = asyncio.create_task(self._send_late(reply, utterance, addr, asked_at_ms))
            self._late.add(task)
            task.add_done_callback(self._late.discard)

    async def close(self) -> None:
        """Lets go of the port and of answers not yet given."""
        late = tuple(self._late)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)
        if self._transport:
            self._transport.close()

    async def _send_late(
        self, reply: Reply, utterance: Utterance, addr: Address, asked_at_ms: int
    ) -> None:
        await self._clock.sleep(utterance.delay_s)
        self._send(reply, utterance, addr, asked_at_ms)

    def _send(self, reply: Reply, utterance: Utterance, addr: Address, asked_at_ms: int) -> None:
        given_at_ms = self._clock.boot_ms()
        if utterance.frame and self._transport:
            self._transport.sendto(utterance.frame, addr)
        self._record.note(
            Answer(
                device=self._agent.device,
                asset=self._agent.asset,
                asked_at_ms=asked_at_ms,
                given_at_ms=given_at_ms,
                values=reply.values,
                fault=utterance.fault,
            )
        )


def _find(request: Request, variables: tuple[Variable, ...]) -> list[Variable]:
    if request.pdu == message.GET:
        return [_get(oid, variables) for oid in request.oids]
    if request.pdu == message.GET_NEXT:
        return [_next(oid, variables) for oid in request.oids]
    return _bulk(request, variables)


def _get(oid: Oid, variables: tuple[Variable, ...]) -> Variable:
    for variable in variables:
        if variable.oid == oid:
            return variable
    known = any(variable.oid[:-1] == oid[:-1] for variable in variables)
    return _absent(oid, ber.NO_SUCH_INSTANCE if known else ber.NO_SUCH_OBJECT)


def _next(oid: Oid, variables: tuple[Variable, ...]) -> Variable:
    at = bisect_right(variables, oid, key=lambda variable: variable.oid)
    return variables[at] if at < len(variables) else _absent(oid, ber.END_OF_MIB_VIEW)


def _bulk(request: Request, variables: tuple[Variable, ...]) -> list[Variable]:
    once = max(0, request.first)
    found = [_next(oid, variables) for oid in request.oids[:once]]
    repeated = list(request.oids[once:])
    for _ in range(min(max(0, request.second), MAX_REPETITIONS)):
        if not repeated:
            break
        row = [_next(oid, variables) for oid in repeated]
        found += row
        repeated = [variable.oid for variable in row]
        if all(variable.value == _END for variable in row):
            break
    return found


_END = ber.tlv(ber.END_OF_MIB_VIEW, b"")


def _absent(oid: Oid, tag: int) -> Variable:
    return Variable(oid=oid, value=ber.tlv(tag, b""))


def text(oid: Oid, value: str) -> Variable:
    """An OCTET STRING."""
    return Variable(oid=oid, value=ber.tlv(ber.OCTET_STRING, value.encode()))


def number(oid: Oid, tag: int, name: str | None, value: int) -> Variable:
    """A whole number of any SNMP type, recorded under `name` if it has one."""
    return Variable(oid=oid, value=ber.integer(value, tag), name=name, number=value)


def octets(oid: Oid, name: str, value: int) -> Variable:
    """A Counter64."""
    return number(oid, ber.COUNTER64, name, value % 2**64)


def uptime(uptime_s: float) -> Variable:
    """sysUpTime, which wraps after 497 days."""
    ticks = round(uptime_s * TICKS_PER_S) % 2**32
    return number((*SYSTEM, 3, 0), ber.TIME_TICKS, "uptime_ticks", ticks)
