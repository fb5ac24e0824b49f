"""A small grey picture becomes a baseline JPEG (ITU-T T.81), one flat tone for each 8 x 8 block."""

from collections.abc import Iterable, Sequence

COLUMNS, ROWS = 20, 15
# Annex K.3: how many codes of each length, and the classes of DC difference they stand for.
DC_COUNTS = bytes.fromhex("00010501010101010100000000000000")
DC_CLASSES = bytes(range(12))
# One code of one bit, for the end of a block: there is nothing else in it.
AC_COUNTS = bytes.fromhex("01") + bytes(15)
AC_CLASSES = b"\x00"
QUANTISER = 8  # a block's DC coefficient is 8 times its mean


def picture(tones: Sequence[int]) -> bytes:
    """COLUMNS x ROWS tones of 0 to 255, row by row, as a JPEG of 160 x 120 pixels."""
    return b"".join(
        (
            b"\xff\xd8",
            _segment(0xDB, b"\x00" + bytes([QUANTISER]) * 64),
            _segment(0xC0, b"\x08" + _size(ROWS * 8) + _size(COLUMNS * 8) + b"\x01\x01\x11\x00"),
            _segment(0xC4, b"\x00" + DC_COUNTS + DC_CLASSES),
            _segment(0xC4, b"\x10" + AC_COUNTS + AC_CLASSES),
            _segment(0xDA, b"\x01\x01\x00\x00\x3f\x00"),
            _packed(_codes(tones)),
            b"\xff\xd9",
        )
    )


def _codes(tones: Iterable[int]) -> str:
    """Each block's difference from the one before, and the end of the block, in bits."""
    codes, last = _huffman(DC_COUNTS, DC_CLASSES), 0
    bits = []
    for tone in tones:
        level = tone - 128
        difference, last = level - last, level
        length = abs(difference).bit_length()
        value = difference if difference >= 0 else difference + (1 << length) - 1
        bits.append(codes[length] + (f"{value:0{length}b}" if length else "") + "0")
    return "".join(bits)


def _huffman(counts: bytes, classes: bytes) -> dict[int, str]:
    """The codes of a table, as Annex C builds them."""
    codes, code, given = {}, 0, iter(classes)
    for length, count in enumerate(counts, start=1):
        for _ in range(count):
            codes[next(given)] = f"{code:0{length}b}"
            code += 1
        code <<= 1
    return codes


def _packed(bits: str) -> bytes:
    bits += "1" * (-len(bits) % 8)
    packed = int(bits, 2).to_bytes(len(bits) // 8, "big")
    return packed.replace(b"\xff", b"\xff\x00")


def _segment(marker: int, data: bytes) -> bytes:
    return bytes([0xFF, marker]) + _size(len(data) + 2) + data


def _size(number: int) -> bytes:
    return number.to_bytes(2, "big")
