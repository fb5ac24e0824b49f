"""A MikroTik access point answers SNMP v2c GET, GETNEXT and GETBULK over a sorted table.

Objects: SNMPv2-MIB, IF-MIB (RFC 2863), MIKROTIK-MIB mtxrWlApTable.
"""

import asyncio
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass

from firmware_sim import ber, snmp_message
from firmware_sim.answers import Answer, Record, Reply
from firmware_sim.ber import Oid
from firmware_sim.clock import Clock
from firmware_sim.faults import Utterance, Voice
from firmware_sim.settings import AccessPointSettings
from firmware_sim.snmp_message import Request, VarBind
from firmware_sim.world import WifiState

DEVICE = "snmp_access_point"
SYSTEM: Oid = (1, 3, 6, 1, 2, 1, 1)
IF_OPER_STATUS: Oid = (1, 3, 6, 1, 2, 1, 2, 2, 1, 8)
IF_X_ENTRY: Oid = (1, 3, 6, 1, 2, 1, 31, 1, 1, 1)
MIKROTIK: Oid = (1, 3, 6, 1, 4, 1, 14988, 1)
AP_CLIENT_COUNT: Oid = (*MIKROTIK, 1, 1, 3, 1, 6)
UP, DOWN = 1, 2  # ifOperStatus
HIGH_SPEED_MBPS = 1000
MAX_REPETITIONS = 64
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


class SnmpAccessPoint:
    """One access point's agent over the Wi-Fi it carries."""

    def __init__(
        self, settings: AccessPointSettings, *, wifi: Callable[[float], WifiState], voice: Voice
    ) -> None:
        self.asset = settings.asset
        self.voice = voice
        self._settings = settings
        self._wifi = wifi

    def answer(self, datagram: bytes, now_s: float) -> Reply | None:
        """The reply, or None to what no agent answers: not SNMP v2c, or another community."""
        try:
            request = snmp_message.parse_request(datagram)
        except ber.BerError:
            return None
        if request.community != self._settings.community.encode():
            return None
        if request.pdu == snmp_message.SET:
            refusal = snmp_message.response(request, (), error=snmp_message.NOT_WRITABLE, index=1)
            return Reply(frame=refusal, values={})
        return respond(request, table(self._wifi(now_s), self._settings))


def respond(request: Request, variables: tuple[Variable, ...]) -> Reply:
    """The answer to a GET, GETNEXT or GETBULK from a table sorted by OID."""
    found = _find(request, variables)
    frame = snmp_message.response(request, tuple(VarBind(oid=v.oid, value=v.value) for v in found))
    while len(frame) > snmp_message.MAX_DATAGRAM and request.pdu == snmp_message.GET_BULK:
        found = found[: len(found) // 2]  # RFC 3416, 4.2.3: as many as fit
        bindings = tuple(VarBind(oid=v.oid, value=v.value) for v in found)
        frame = snmp_message.response(request, bindings)
    if len(frame) > snmp_message.MAX_DATAGRAM:
        refusal = snmp_message.response(request, (), error=snmp_message.TOO_BIG)
        return Reply(frame=refusal, values={})
    return Reply(frame=frame, values={v.name: v.number for v in found if v.name})


def table(state: WifiState, settings: AccessPointSettings) -> tuple[Variable, ...]:
    """Everything this access point tells, sorted by OID."""
    ticks = round(state.uptime_s * TICKS_PER_S) % 2**32
    status = UP if state.up else DOWN
    interface = settings.interface
    variables = (
        _text((*SYSTEM, 1, 0), "RouterOS RBwAPG-5HacD2HnD"),
        Variable(oid=(*SYSTEM, 2, 0), value=ber.oid(MIKROTIK)),
        _number((*SYSTEM, 3, 0), ber.TIME_TICKS, "uptime_ticks", ticks),
        _text((*SYSTEM, 5, 0), settings.asset),
        _number((*IF_OPER_STATUS, interface), ber.INTEGER, "oper_status", status),
        _octets((*IF_X_ENTRY, 6, interface), "in_octets", state.in_octets),
        _octets((*IF_X_ENTRY, 10, interface), "out_octets", state.out_octets),
        _number((*IF_X_ENTRY, 15, interface), ber.GAUGE32, None, HIGH_SPEED_MBPS),
        _number((*AP_CLIENT_COUNT, settings.radio), ber.GAUGE32, "clients", state.clients),
    )
    return tuple(sorted(variables, key=lambda variable: variable.oid))


class AgentSocket(asyncio.DatagramProtocol):
    """The agent on its UDP port."""

    def __init__(self, agent: SnmpAccessPoint, *, clock: Clock, record: Record) -> None:
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
        if utterance.frame and self._transport:
            self._transport.sendto(utterance.frame, addr)
        self._record.note(
            Answer(
                device=DEVICE,
                asset=self._agent.asset,
                asked_at_ms=asked_at_ms,
                given_at_ms=self._clock.boot_ms(),
                values=reply.values,
                fault=utterance.fault,
            )
        )


def _find(request: Request, variables: tuple[Variable, ...]) -> list[Variable]:
    if request.pdu == snmp_message.GET:
        return [_get(oid, variables) for oid in request.oids]
    if request.pdu == snmp_message.GET_NEXT:
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


def _text(oid: Oid, text: str) -> Variable:
    return Variable(oid=oid, value=ber.tlv(ber.OCTET_STRING, text.encode()))


def _number(oid: Oid, tag: int, name: str | None, number: int) -> Variable:
    return Variable(oid=oid, value=ber.integer(number, tag), name=name, number=number)


def _octets(oid: Oid, name: str, number: int) -> Variable:
    return _number(oid, ber.COUNTER64, name, number % 2**64)
