"""An access point answers one SNMP v2c GET (RFC 3416) about its uptime, uplink and clients."""

import asyncio
import secrets
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from pyasn1.codec.ber import decoder, encoder
from pyasn1.error import PyAsn1Error
from pysnmp.proto import api

from agent.drivers.driver import Driver, Observation
from agent.drivers.place import NetworkPlace
from agent.drivers.resolver import Resolver
from agent.errors import DeviceRefused, DeviceSilent, FrameError, ServiceClosed
from agent.tap import Traffic
from contract.errors import SettingsError
from contract.network_devices import SnmpAccessPoint

# pysnmp's messages without its engine: 1.7 MiB instead of 8.7, 60 ms to import instead of 180,
# and a socket for each question, so that a late answer finds nobody.
_V2C = api.PROTOCOL_MODULES[api.SNMP_VERSION_2C]

INTEGER = (_V2C.Integer,)
MAX_DATAGRAM = 4_096
ID_LEN = 4
FIRST_ID, LAST_ID = 0x4000_0000, 0x7FFF_FFFF  # all of ID_LEN bytes; these two differ in each

SYS_UP_TIME = "1.3.6.1.2.1.1.3.0"
IF_OPER_STATUS = "1.3.6.1.2.1.2.2.1.8"
IF_HC_IN_OCTETS = "1.3.6.1.2.1.31.1.1.1.6"
IF_HC_OUT_OCTETS = "1.3.6.1.2.1.31.1.1.1.10"
UP = 1
TICKS_PER_S = 100

_ERRORS = {1: "tooBig", 2: "noSuchName", 5: "genErr", 6: "noAccess", 16: "authorizationError"}
_NUMBERS = (_V2C.Integer, _V2C.Counter32, _V2C.Gauge32, _V2C.Counter64)
_MISSING = (_V2C.NoSuchObject, _V2C.NoSuchInstance, _V2C.EndOfMibView)


@dataclass(frozen=True, slots=True, kw_only=True)
class Variable:
    """One object to ask for, its types, and how its number becomes a quantity."""

    oid: str
    quantity: str
    types: tuple[type, ...]
    convert: Callable[[int], float] = float


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One GET; `community` is in no representation."""

    request_id: int
    variables: tuple[Variable, ...]
    community: str = field(repr=False)


class SnmpAccessPointDriver:
    """One access point; each question has its own socket and number."""

    def __init__(
        self,
        *,
        host: str,
        port: int,
        community: str,
        variables: tuple[Variable, ...],
        template: "Template",
        timeout_ms: int,
        resolver: Resolver,
        new_id: Callable[[], int],
        traffic: Traffic | None = None,
    ) -> None:
        self._host = host
        self._port = port
        self._community = community
        self._variables = variables
        self._timeout_ms = timeout_ms
        self._resolver = resolver
        self._new_id = new_id
        self._template = template
        self._traffic = traffic or Traffic()

    async def read(self) -> tuple[Observation, ...]:
        """What the device has of the variables; raises DeviceError."""
        question = Question(
            request_id=self._new_id(), variables=self._variables, community=self._community
        )
        strange: list[FrameError] = []
        try:
            async with asyncio.timeout(self._timeout_ms / 1_000):
                return await self._ask(question, strange)
        except TimeoutError:
            if strange:
                raise strange[-1] from None
            raise DeviceSilent(f"no answer to SNMP within {self._timeout_ms} ms") from None
        except ConnectionRefusedError:
            raise ServiceClosed(
                f"nothing listens on port {self._port}", hint="turn SNMP v2c on"
            ) from None
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise DeviceSilent(f"no way to {self._host[:80]}: {reason[:80]}") from error

    async def _ask(self, question: Question, strange: list[FrameError]) -> tuple[Observation, ...]:
        """The answer; whatever else comes is kept in `strange` and does not end the wait."""
        address = await self._resolver.find(self._host)
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        loop = asyncio.get_running_loop()
        with socket.socket(family, socket.SOCK_DGRAM) as wire:
            wire.setblocking(False)
            wire.connect((address, self._port))  # the kernel drops what others send
            asked = self._template.fill(question.request_id)
            await loop.sock_sendall(wire, asked)
            self._note(asked, sent=True)
            while True:
                datagram = await loop.sock_recv(wire, MAX_DATAGRAM)
                self._note(datagram, sent=False)
                try:
                    return parse(datagram, question)
                except FrameError as error:
                    strange[:] = [error]

    def _note(self, datagram: bytes, *, sent: bool) -> None:
        """With stars for the community, which is a password."""
        secret = self._community.encode()
        masked = datagram.replace(secret, b"*" * len(secret)) if secret else datagram
        self._traffic.note(masked, sent=sent)


def build(settings: SnmpAccessPoint, place: NetworkPlace) -> Driver:
    """The driver of one access point; raises SettingsError if clients_oid names no object."""
    asked = variables(interface=settings.interface, clients_oid=settings.clients_oid)
    try:
        template = Template(settings.community, asked)
    except PyAsn1Error:
        raise SettingsError(
            f"{settings.asset}: clients_oid {settings.clients_oid} is no object identifier",
            hint="take it from the access point's MIB",
        ) from None
    return SnmpAccessPointDriver(
        host=settings.host,
        port=settings.port,
        community=settings.community,
        variables=asked,
        template=template,
        timeout_ms=settings.timeout_ms,
        resolver=place.resolver,
        new_id=new_id,
        traffic=place.traffic,
    )


def new_id() -> int:
    """A request-id that nobody can guess."""
    return FIRST_ID + secrets.randbelow(LAST_ID - FIRST_ID + 1)


def variables(*, interface: int, clients_oid: str = "") -> tuple[Variable, ...]:
    """What is asked of every access point, and its vendor's count of clients if one is named."""
    counter = (_V2C.Counter64,)
    asked = (
        Variable(
            oid=SYS_UP_TIME,
            quantity="uptime",
            types=(_V2C.TimeTicks,),
            convert=lambda ticks: ticks / TICKS_PER_S,
        ),
        Variable(
            oid=f"{IF_OPER_STATUS}.{interface}",
            quantity="interface_up",
            types=(_V2C.Integer,),
            convert=lambda status: float(status == UP),
        ),
        Variable(oid=f"{IF_HC_IN_OCTETS}.{interface}", quantity="received_bytes", types=counter),
        Variable(oid=f"{IF_HC_OUT_OCTETS}.{interface}", quantity="sent_bytes", types=counter),
    )
    if not clients_oid:
        return asked
    # Old MikroTik MIBs call the number of clients a Counter32.
    return (*asked, Variable(oid=clients_oid, quantity="connected_clients", types=_NUMBERS))


class Template:
    """A GET encoded once; only its request-id differs from question to question."""

    def __init__(self, community: str, asked: tuple[Variable, ...]) -> None:
        first, last = (_encode(number, community, asked) for number in (FIRST_ID, LAST_ID))
        at = next(i for i, (one, other) in enumerate(zip(first, last, strict=True)) if one != other)
        self._before, self._after = first[:at], first[at + ID_LEN :]

    def fill(self, request_id: int) -> bytes:
        """The datagram that asks under `request_id`."""
        return self._before + request_id.to_bytes(ID_LEN) + self._after


def parse(datagram: bytes, question: Question) -> tuple[Observation, ...]:
    """The values in the answer to `question`, objects the device lacks left out.

    Raises FrameError, DeviceRefused; no message shows the bytes, for they hold the community.
    """
    asked = {variable.oid: variable for variable in question.variables}
    seen = []
    for oid, value in _bindings(_decode(datagram), question):
        variable = asked.get(oid)
        if variable is None:
            raise FrameError(f"an answer about {oid[:80]}, which was not asked")
        if not isinstance(value, _MISSING):
            number = _number(value, variable)
            seen.append(Observation(quantity=variable.quantity, value=variable.convert(number)))
    if not seen:
        raise DeviceRefused(
            "the device has none of the objects asked",
            hint="correct interface and clients_oid in the settings",
        )
    return tuple(seen)


def _encode(request_id: int, community: str, asked: tuple[Variable, ...]) -> bytes:
    pdu = _V2C.GetRequestPDU()
    _V2C.apiPDU.set_defaults(pdu)
    _V2C.apiPDU.set_request_id(pdu, request_id)
    _V2C.apiPDU.set_varbinds(pdu, [(variable.oid, _V2C.Null("")) for variable in asked])
    message = _V2C.Message()
    _V2C.apiMessage.set_defaults(message)
    _V2C.apiMessage.set_community(message, community.encode())
    _V2C.apiMessage.set_pdu(message, pdu)
    return bytes(encoder.encode(message))


def _decode(datagram: bytes) -> Any:
    try:
        message, rest = decoder.decode(datagram, asn1Spec=_V2C.Message())
    except (PyAsn1Error, ValueError, ArithmeticError, LookupError, RecursionError) as error:
        raise FrameError(f"{len(datagram)} bytes that are no SNMP message") from error
    if rest:
        raise FrameError(f"{len(rest)} bytes behind an SNMP message")
    return message


def _bindings(message: Any, question: Question) -> list[tuple[str, Any]]:
    """The bindings of a message that answers `question`, as (identifier, value)."""
    pdu = _V2C.apiMessage.get_pdu(message)
    if int(_V2C.apiMessage.get_version(message)) != api.SNMP_VERSION_2C:
        raise FrameError("an SNMP message of another version than v2c")
    if bytes(_V2C.apiMessage.get_community(message)) != question.community.encode():
        raise FrameError("an SNMP message of another community")
    if not isinstance(pdu, _V2C.ResponsePDU):
        raise FrameError(f"an SNMP message that is no response: {type(pdu).__name__}")
    answered = int(_V2C.apiPDU.get_request_id(pdu))
    if answered != question.request_id:
        raise FrameError(f"an answer to request {answered}, not to {question.request_id}")
    status = int(_V2C.apiPDU.get_error_status(pdu))
    if status:
        name = _ERRORS.get(status, "an error")
        raise DeviceRefused(f"the device refuses to answer: {name} (error-status {status})")
    return [(str(oid), value) for oid, value in _V2C.apiPDU.get_varbinds(pdu)]


def _number(value: Any, variable: Variable) -> int:
    if type(value) not in variable.types:
        raise FrameError(f"{variable.quantity} came as {type(value).__name__}")
    return int(value)
