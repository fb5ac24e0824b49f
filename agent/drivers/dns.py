"""One question for a name's IPv4 address, and what its answer says (RFC 1035), strictly."""

import re
from ipaddress import IPv4Address

from agent.errors import DeviceRefused, FrameError

A, CNAME, INTERNET = 1, 5, 1
HEADER_LEN = 12
RECURSION_DESIRED, ANSWER, TRUNCATED = 0x0100, 0x8000, 0x0200
OPCODE, RCODE = 0x7800, 0x000F
MAX_MESSAGE = 512  # without EDNS a datagram has no more
MAX_RECORDS = 32
MAX_NAME = 255
POINTER = 0xC0
RCODES = {1: "FORMERR", 2: "SERVFAIL", 3: "NXDOMAIN", 4: "NOTIMP", 5: "REFUSED"}
_NAME = re.compile(r"(?!.{254})([A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?\.?)+")


def is_name(text: str) -> bool:
    """Whether it can be looked up."""
    return _NAME.fullmatch(text) is not None


def question(name: str, number: int) -> bytes:
    """The datagram that asks for the addresses of `name`."""
    header = (number, RECURSION_DESIRED, 1, 0, 0, 0)
    return b"".join(field.to_bytes(2) for field in header) + _asked(name)


def parse(message: bytes, name: str, number: int) -> tuple[str, ...]:
    """The addresses in the answer to that question.

    Raises FrameError for anything else, DeviceRefused if the resolver found none.
    """
    if len(message) < HEADER_LEN:
        raise FrameError(f"a DNS answer of {len(message)} bytes")
    answered, flags, questions, records = (
        int.from_bytes(message[at : at + 2]) for at in (0, 2, 4, 6)
    )
    if answered != number or not flags & ANSWER or flags & OPCODE:
        raise FrameError("a DNS message that answers another question")
    asked = _asked(name)
    end = HEADER_LEN + len(asked)
    if questions != 1 or message[HEADER_LEN:end].lower() != asked.lower():
        raise FrameError("a DNS answer about another name")
    if code := flags & RCODE:
        raise DeviceRefused(f"the resolver answers {RCODES.get(code, f'code {code}')} for {name}")
    found = _addresses(message, end, min(records, MAX_RECORDS), name)
    if not found:
        cut = "a cut answer" if flags & TRUNCATED else "no address"
        raise DeviceRefused(f"the resolver has {cut} for {name}")
    return found


def _asked(name: str) -> bytes:
    labels = name.rstrip(".").split(".")
    encoded = b"".join(bytes([len(label)]) + label.encode() for label in labels)
    return encoded + b"\0" + A.to_bytes(2) + INTERNET.to_bytes(2)


def _addresses(message: bytes, at: int, records: int, name: str) -> tuple[str, ...]:
    """Of the name, or of the one that it stands for, in the order of the records."""
    known, found = {name.rstrip(".").lower()}, []
    for _ in range(records):
        owner, at = _name(message, at)
        if at + 10 > len(message):
            raise FrameError("a DNS answer that ends early")
        kind, space = int.from_bytes(message[at : at + 2]), int.from_bytes(message[at + 2 : at + 4])
        start = at + 10
        at = start + int.from_bytes(message[at + 8 : start])
        if at > len(message):
            raise FrameError("a DNS answer that ends early")
        if space != INTERNET or owner not in known:
            continue
        if kind == CNAME:
            known.add(_name(message, start)[0])
        elif kind == A:
            if at - start != 4:
                raise FrameError(f"a DNS address of {at - start} bytes")
            found.append(str(IPv4Address(message[start:at])))
    return tuple(found)


def _name(message: bytes, at: int) -> tuple[str, int]:
    """A name in lower case, and where it ends; pointers lead only backwards."""
    labels: list[bytes] = []
    end, before = 0, at
    while True:
        if at >= len(message) or sum(len(one) + 1 for one in labels) > MAX_NAME:
            raise FrameError("a DNS name that is none")
        length = message[at]
        if length >= POINTER:
            end = end or at + 2
            at = int.from_bytes(message[at : at + 2]) & 0x3FFF
            if at >= before:
                raise FrameError("a DNS name that leads in a circle")
            before = at
        elif length > 63 or at + 1 + length > len(message):
            raise FrameError("a DNS name that is none")
        elif length:
            labels.append(message[at + 1 : at + 1 + length])
            at += 1 + length
        else:
            return b".".join(labels).decode("latin-1").lower(), end or at + 1
