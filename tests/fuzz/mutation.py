"""What chance makes of good bytes: bits, cuts, repeats, splices, deep nesting and huge numbers."""

import re
from collections.abc import Callable, Sequence
from random import Random

MAX_BYTES = 65_536
NUMBER = re.compile(rb"-?\d+(?:\.\d+)?")
EXTREMES = (
    b"0", b"-1", b"1e308", b"1e999", b"-0.0", b"NaN", b"9" * 20, b"9" * 400, b"4294967296",
    b"9223372036854775808", b"null", b"true", b'""', b"[]", b"{}",
)  # fmt: skip
TOKENS = (b"[", b"]", b"{", b"}", b",", b":", b'"', b"\\", b"\x00", b"\xff", b"\xed\xa0\x80", b"\n")

Mutation = Callable[[bytes, bytes, Random], bytes]


def mutated(good: Sequence[bytes], chance: Random) -> bytes:
    """One of the good inputs after a few mutations; at times it stays good."""
    data = chance.choice(good)
    for _ in range(chance.choice((0, 1, 1, 1, 2, 3, 8))):
        data = chance.choice(MUTATIONS)(data, chance.choice(good), chance)[:MAX_BYTES]
    return data


def _flip(data: bytes, _: bytes, chance: Random) -> bytes:
    if not data:
        return data
    spoilt = bytearray(data)
    spoilt[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    return bytes(spoilt)


def _cut(data: bytes, _: bytes, chance: Random) -> bytes:
    first, last = sorted(chance.choices(range(len(data) + 1), k=2))
    return chance.choice((data[:first], data[last:], data[:first] + data[last:]))


def _repeat(data: bytes, _: bytes, chance: Random) -> bytes:
    first, last = sorted(chance.choices(range(len(data) + 1), k=2))
    return data[:last] + data[first:last] * chance.choice((1, 2, 50)) + data[last:]


def _splice(data: bytes, other: bytes, chance: Random) -> bytes:
    return data[: chance.randint(0, len(data))] + other[chance.randint(0, len(other)) :]


def _insert(data: bytes, _: bytes, chance: Random) -> bytes:
    at = chance.randint(0, len(data))
    return data[:at] + chance.choice((chance.choice(TOKENS), chance.randbytes(4))) + data[at:]


def _nest(data: bytes, _: bytes, chance: Random) -> bytes:
    at = chance.randint(0, len(data))
    return data[:at] + chance.choice((b"[", b'{"a":', b"\x30\x80")) * 5_000 + data[at:]


def _extreme(data: bytes, _: bytes, chance: Random) -> bytes:
    at = NUMBER.search(data, chance.randint(0, len(data))) or NUMBER.search(data)
    if at is None:
        return _insert(data, data, chance)
    return data[: at.start()] + chance.choice(EXTREMES) + data[at.end() :]


def _noise(data: bytes, _: bytes, chance: Random) -> bytes:
    return chance.randbytes(chance.randint(0, min(len(data) * 2, 300)))


MUTATIONS: Sequence[Mutation] = (
    _flip, _flip, _cut, _repeat, _splice, _insert, _extreme, _extreme, _noise, _nest,
)  # fmt: skip
