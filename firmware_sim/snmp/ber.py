"""The few ASN.1 types of SNMP v2c as bytes, after X.690 and RFC 2578."""

from collections.abc import Iterator

INTEGER, OCTET_STRING, NULL, OBJECT_IDENTIFIER, SEQUENCE = 0x02, 0x04, 0x05, 0x06, 0x30
COUNTER32, GAUGE32, TIME_TICKS, COUNTER64 = 0x41, 0x42, 0x43, 0x46
NO_SUCH_OBJECT, NO_SUCH_INSTANCE, END_OF_MIB_VIEW = 0x80, 0x81, 0x82
MAX_SUBIDS = 128  # RFC 2578, 3.5

Oid = tuple[int, ...]


class BerError(ValueError):
    """The bytes are not what they should be."""


def tlv(tag: int, content: bytes) -> bytes:
    """Tag, length in as few bytes as it takes, content."""
    if len(content) < 0x80:
        return bytes([tag, len(content)]) + content
    length = len(content).to_bytes((len(content).bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + content


def integer(value: int, tag: int = INTEGER) -> bytes:
    """A whole number of any size in two's complement; the unsigned types differ by `tag` alone."""
    magnitude = value if value >= 0 else ~value
    return tlv(tag, value.to_bytes(magnitude.bit_length() // 8 + 1, "big", signed=True))


def oid(value: Oid) -> bytes:
    """An object identifier of two or more numbers."""
    return tlv(
        OBJECT_IDENTIFIER,
        b"".join(_base128(number) for number in (value[0] * 40 + value[1], *value[2:])),
    )


def read(data: bytes) -> Iterator[tuple[int, bytes]]:
    """The tags and contents that follow each other in `data`; raises BerError at a torn one."""
    at = 0
    while at < len(data):
        if at + 2 > len(data):
            raise BerError("a tag without a length")
        tag, length, at = data[at], data[at + 1], at + 2
        if length & 0x80:
            width = length & 0x7F
            if not 1 <= width <= 4 or at + width > len(data):
                raise BerError("a length that cannot be")
            length, at = int.from_bytes(data[at : at + width], "big"), at + width
        if at + length > len(data):
            raise BerError(f"{length} bytes promised, {len(data) - at} there")
        yield tag, data[at : at + length]
        at += length


def expect(data: bytes, *tags: int) -> list[bytes]:
    """The contents of exactly these tags in this order; raises BerError otherwise."""
    found = list(read(data))
    if tuple(tag for tag, _ in found) != tags:
        raise BerError(f"tags {[hex(tag) for tag, _ in found]}, expected {[hex(t) for t in tags]}")
    return [content for _, content in found]


def to_int(content: bytes) -> int:
    """An INTEGER's value; raises BerError above 64 bits."""
    if not 1 <= len(content) <= 9:
        raise BerError(f"an integer of {len(content)} bytes")
    return int.from_bytes(content, "big", signed=True)


def to_oid(content: bytes) -> Oid:
    """An OBJECT IDENTIFIER's value; raises BerError when torn or too long."""
    numbers, number = [], 0
    for byte in content:
        number = number << 7 | byte & 0x7F
        if number > 0xFFFF_FFFF:
            raise BerError("a sub-identifier above 32 bits")
        if not byte & 0x80:
            numbers.append(number)
            number = 0
    if not numbers or content[-1] & 0x80 or len(numbers) > MAX_SUBIDS:
        raise BerError("a torn object identifier")
    first = min(numbers[0] // 40, 2)
    return (first, numbers[0] - 40 * first, *numbers[1:])


def _base128(number: int) -> bytes:
    septets = [number & 0x7F]
    while number := number >> 7:
        septets.append(0x80 | number & 0x7F)
    return bytes(reversed(septets))
