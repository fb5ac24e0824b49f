"""SNMP v2c requests understood and responses written, after RFC 1901 and RFC 3416."""

from dataclasses import dataclass

from firmware_sim.snmp import ber
from firmware_sim.snmp.ber import Oid

VERSION_2C = 1
GET, GET_NEXT, RESPONSE, SET, GET_BULK = 0xA0, 0xA1, 0xA2, 0xA3, 0xA5
TOO_BIG, NOT_WRITABLE = 1, 17  # error-status, RFC 3416, 3
MAX_DATAGRAM = 1472  # one Ethernet frame


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One question; GETBULK calls `first` non-repeaters and `second` max-repetitions."""

    community: bytes
    pdu: int
    request_id: int
    first: int
    second: int
    oids: tuple[Oid, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class VarBind:
    """One variable and its value, already as BER."""

    oid: Oid
    value: bytes


def parse_request(datagram: bytes) -> Request:
    """The question in `datagram`; raises BerError if it is not one of SNMP v2c."""
    (message,) = ber.expect(datagram, ber.SEQUENCE)
    fields = list(ber.read(message))
    if [tag for tag, _ in fields[:2]] != [ber.INTEGER, ber.OCTET_STRING] or len(fields) != 3:
        raise ber.BerError("no SNMP message")
    (_, version), (_, community), (pdu, body) = fields
    if ber.to_int(version) != VERSION_2C:
        raise ber.BerError("no SNMP v2c question")
    return request_of(pdu, body, community=community)


def request_of(pdu: int, body: bytes, *, community: bytes) -> Request:
    """The question in one PDU; raises BerError if it is none."""
    if pdu not in (GET, GET_NEXT, SET, GET_BULK):
        raise ber.BerError("no SNMP question")
    *numbers, bindings = ber.expect(body, ber.INTEGER, ber.INTEGER, ber.INTEGER, ber.SEQUENCE)
    request_id, first, second = (ber.to_int(number) for number in numbers)
    return Request(
        community=community,
        pdu=pdu,
        request_id=request_id,
        first=first,
        second=second,
        oids=tuple(_oid_of(tag, binding) for tag, binding in ber.read(bindings)),
    )


def response_pdu(
    request: Request, bindings: tuple[VarBind, ...], *, error: int = 0, index: int = 0
) -> bytes:
    """The answer to `request`, without a message around it."""
    listed = b"".join(ber.tlv(ber.SEQUENCE, ber.oid(one.oid) + one.value) for one in bindings)
    body = (
        ber.integer(request.request_id)
        + ber.integer(error)
        + ber.integer(index)
        + ber.tlv(ber.SEQUENCE, listed)
    )
    return ber.tlv(RESPONSE, body)


def wrapped(community: bytes, pdu: bytes) -> bytes:
    """A message of version 2c."""
    message = ber.integer(VERSION_2C) + ber.tlv(ber.OCTET_STRING, community) + pdu
    return ber.tlv(ber.SEQUENCE, message)


def _oid_of(tag: int, binding: bytes) -> Oid:
    inner = list(ber.read(binding)) if tag == ber.SEQUENCE else []
    if len(inner) != 2 or inner[0][0] != ber.OBJECT_IDENTIFIER:
        raise ber.BerError("no variable binding")
    return ber.to_oid(inner[0][1])
