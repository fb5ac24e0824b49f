"""The few ASN.1 types of SNMP as bytes, in definite lengths (X.690; RFC 3417, section 8)."""

from collections.abc import Iterator

from agent.errors import FrameError

INTEGER, OCTET_STRING, NULL, OBJECT_IDENTIFIER, SEQUENCE = 0x02, 0x04, 0x05, 0x06, 0x30
COUNTER32, GAUGE32, TIME_TICKS, COUNTER64 = 0x41, 0x42, 0x43, 0x46
NO_SUCH_OBJECT, NO_SUCH_INSTANCE, END_OF_MIB_VIEW = 0x80, 0x81, 0x82
UNSIGNED_BITS = {COUNTER32: 32, GAUGE32: 32, TIME_TICKS: 32, COUNTER64: 64}
MAX_LENGTH_LEN = 4
MAX_SUBIDS = 128  # RFC 2578, 3.5


def tlv(tag: int, content: bytes) -> bytes:
    """Tag, length, content."""
    if len(content) < 0x80:
        return bytes([tag, len(content)]) + content
    length = len(content).to_bytes(2)
    return bytes([tag, 0x82]) + length + content


def integer(value: int) -> bytes:
    """An INTEGER that is not negative."""
    return tlv(INTEGER, value.to_bytes(value.bit_length() // 8 + 1))


def oid(dotted: str) -> bytes:
    """An object identifier; raises ValueError if it is none."""
    first, second, *rest = (int(number) for number in dotted.split("."))
    if first > 2 or (first < 2 and second > 39) or max(rest, default=0) >= 1 << 32:
        raise ValueError(f"{dotted} is no object identifier")
    numbers = (first * 40 + second, *rest)
    return tlv(OBJECT_IDENTIFIER, b"".join(_base128(number) for number in numbers))


def spans(data: bytes, at: int, end: int) -> Iterator[tuple[int, int, int]]:
    """The tags between `at` and `end`, each with where its content begins and ends.

    Raises FrameError at a torn one; its words show no bytes, for they may hold a community.
    """
    while at < end:
        if end - at < 2:
            raise FrameError("an SNMP message that is torn")
        tag, length, at = data[at], data[at + 1], at + 2
        if length & 0x80:
            width = length & 0x7F
            if not 1 <= width <= MAX_LENGTH_LEN or at + width > end:
                raise FrameError("an SNMP message with a length that cannot be")
            length, at = int.from_bytes(data[at : at + width]), at + width
        if at + length > end:
            raise FrameError("an SNMP message that ends early")
        yield tag, at, at + length
        at += length


def read(data: bytes, *tags: int) -> list[bytes]:
    """The contents of exactly these tags in this order; raises FrameError otherwise."""
    found = list(spans(data, 0, len(data)))
    if tuple(tag for tag, _, _ in found) != tags:
        raise FrameError("bytes that are no SNMP message")
    return [data[start:stop] for _, start, stop in found]


def to_int(content: bytes) -> int:
    """An INTEGER of 32 bits; raises FrameError."""
    if not 1 <= len(content) <= 5:
        raise FrameError(f"an SNMP INTEGER of {len(content)} bytes")
    return int.from_bytes(content, signed=True)


def to_unsigned(tag: int, content: bytes) -> int:
    """A counter, gauge or time; some agents leave the leading zero out. Raises FrameError."""
    value = int.from_bytes(content)
    if not 1 <= len(content) <= 9 or value.bit_length() > UNSIGNED_BITS[tag]:
        raise FrameError(f"an SNMP number that is wider than {UNSIGNED_BITS[tag]} bits")
    return value


def to_oid(content: bytes) -> str:
    """An object identifier, dotted; raises FrameError."""
    if not content or content[-1] & 0x80 or len(content) > 5 * MAX_SUBIDS:
        raise FrameError("an SNMP object identifier that is torn")
    numbers, number = [], 0
    for byte in content:
        number = number << 7 | byte & 0x7F
        if not byte & 0x80:
            numbers.append(number)
            number = 0
    if len(numbers) > MAX_SUBIDS or max(numbers) >= 1 << 32:
        raise FrameError("an SNMP object identifier that cannot be")
    first = min(numbers[0] // 40, 2)
    return ".".join(str(one) for one in (first, numbers[0] - 40 * first, *numbers[1:]))


def _base128(number: int) -> bytes:
    septets = [number & 0x7F]
    while number := number >> 7:
        septets.append(0x80 | number & 0x7F)
    return bytes(reversed(septets))
