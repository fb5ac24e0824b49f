"""What a bad line does to a frame, from a seed."""

import random
from collections.abc import Callable, Sequence

Spoil = Callable[[bytes, random.Random], bytes]


def whole(frame: bytes, _: random.Random) -> bytes:
    """Nothing happens."""
    return frame


def flipped(frame: bytes, chance: random.Random) -> bytes:
    """One to three bits are turned over."""
    spoiled = bytearray(frame)
    for bit in chance.sample(range(len(frame) * 8), chance.randint(1, 3)):
        spoiled[bit // 8] ^= 1 << bit % 8
    return bytes(spoiled)


def cut(frame: bytes, chance: random.Random) -> bytes:
    """Its begin or its end is missing."""
    at = chance.randrange(1, len(frame))
    return frame[:at] if chance.random() < 0.5 else frame[at:]


def stray_around(frame: bytes, chance: random.Random) -> bytes:
    """Stray bytes before and after it, as drivers make when they let go of the pair."""
    return chance.randbytes(chance.randint(0, 3)) + frame + chance.randbytes(chance.randint(0, 3))


def stray_inside(frame: bytes, chance: random.Random) -> bytes:
    """One byte too many."""
    at = chance.randrange(1, len(frame))
    return frame[:at] + chance.randbytes(1) + frame[at:]


def lost_inside(frame: bytes, chance: random.Random) -> bytes:
    """One byte too few."""
    at = chance.randrange(len(frame))
    return frame[:at] + frame[at + 1 :]


def noise(frame: bytes, chance: random.Random) -> bytes:
    """As many bytes of anything."""
    return chance.randbytes(len(frame))


SPOILS: Sequence[Spoil] = (
    whole,
    flipped,
    cut,
    stray_around,
    stray_inside,
    lost_inside,
    noise,
)
