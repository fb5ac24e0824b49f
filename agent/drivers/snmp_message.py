"""SNMP questions as bytes, and what their answers say (RFC 3416; version 2c RFC 1901)."""

from dataclasses import dataclass, field

from agent.drivers import ber
from agent.errors import DeviceRefused, FrameError

GET, GET_BULK, RESPONSE, REPORT = 0xA0, 0xA5, 0xA2, 0xA8
VERSION_2C = 1
MAX_BINDINGS = 512
MISSING = (ber.NO_SUCH_OBJECT, ber.NO_SUCH_INSTANCE, ber.END_OF_MIB_VIEW)
NAMES = {
    ber.INTEGER: "INTEGER",
    ber.COUNTER32: "Counter32",
    ber.GAUGE32: "Gauge32",
    ber.COUNTER64: "Counter64",
    ber.TIME_TICKS: "TimeTicks",
}
_ERRORS = {1: "tooBig", 2: "noSuchName", 5: "genErr", 6: "noAccess", 16: "authorizationError"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A GET of these objects, or with `repetitions` a GETBULK of what follows them."""

    oids: tuple[str, ...]
    repetitions: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Binding:
    """One object as the device gave it; `number` is None of a text, and of one it lacks."""

    oid: str
    tag: int
    number: int | None
    content: bytes = b""

    @property
    def missing(self) -> bool:
        """Whether the device says that it has no such object."""
        return self.tag in MISSING

    @property
    def type(self) -> str:
        """Its type's name."""
        return NAMES.get(self.tag, f"type {self.tag:#04x}")


Bindings = tuple[Binding, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Community:
    """Version 2c: every datagram carries the community, which is a password without a user."""

    community: str = field(repr=False)

    def ask(self, question: Question, number: int) -> bytes:
        """The datagram that asks under this request-id."""
        secret = ber.tlv(ber.OCTET_STRING, self.community.encode())
        message = ber.integer(VERSION_2C) + secret + pdu(question, number)
        return ber.tlv(ber.SEQUENCE, message)

    def hear(self, datagram: bytes, number: int) -> Bindings | None:
        """What the answer says; raises FrameError, DeviceRefused, and shows no bytes."""
        (message,) = ber.read(datagram, ber.SEQUENCE)
        version, community, body = ber.read(message, ber.INTEGER, ber.OCTET_STRING, RESPONSE)
        if ber.to_int(version) != VERSION_2C:
            raise FrameError("an SNMP message of another version than v2c")
        if community != self.community.encode():
            raise FrameError("an SNMP message of another community")
        return bindings(body, number)

    def shown(self, datagram: bytes) -> bytes:
        """The datagram as it may be shown, with stars for the community."""
        secret = self.community.encode()
        return datagram.replace(secret, b"*" * len(secret)) if secret else datagram


def pdu(question: Question, number: int) -> bytes:
    """The question under its request-id."""
    listed = b"".join(
        ber.tlv(ber.SEQUENCE, ber.oid(oid) + ber.tlv(ber.NULL, b"")) for oid in question.oids
    )
    fields = ber.integer(number) + ber.integer(0) + ber.integer(question.repetitions)
    tag = GET_BULK if question.repetitions else GET
    return ber.tlv(tag, fields + ber.tlv(ber.SEQUENCE, listed))


def bindings(body: bytes, number: int) -> Bindings:
    """What a response to `number` says; raises FrameError or DeviceRefused."""
    request_id, status, _, listed = ber.read(
        body, ber.INTEGER, ber.INTEGER, ber.INTEGER, ber.SEQUENCE
    )
    if (answered := ber.to_int(request_id)) != number:
        raise FrameError(f"an answer to request {answered}, not to {number}")
    if code := ber.to_int(status):
        name = _ERRORS.get(code, "an error")
        raise DeviceRefused(f"the device refuses to answer: {name} (error-status {code})")
    return tuple(_binding(listed[at:end]) for at, end in _pairs(listed))


def _pairs(listed: bytes) -> list[tuple[int, int]]:
    found = list(ber.spans(listed, 0, len(listed)))
    if len(found) > MAX_BINDINGS or any(tag != ber.SEQUENCE for tag, _, _ in found):
        raise FrameError("an SNMP answer whose list is none")
    return [(at, end) for _, at, end in found]


def _binding(pair: bytes) -> Binding:
    both = list(ber.spans(pair, 0, len(pair)))
    if len(both) != 2 or both[0][0] != ber.OBJECT_IDENTIFIER:
        raise FrameError("an SNMP binding that is none")
    (_, at, end), (tag, start, stop) = both
    content = pair[start:stop]
    return Binding(
        oid=ber.to_oid(pair[at:end]), tag=tag, number=_number(tag, content), content=content
    )


def _number(tag: int, content: bytes) -> int | None:
    if tag == ber.INTEGER:
        return ber.to_int(content)
    return ber.to_unsigned(tag, content) if tag in ber.UNSIGNED_BITS else None
