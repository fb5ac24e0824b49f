"""A counter read twice is a rate, unless it began anew in between."""

from dataclasses import dataclass

COUNTER = 2**64
MAX_BY_S = 1.25e10  # 100 Gbit/s: a counter that seems faster went backwards
MIN_MS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """A 64-bit counter at one instant of ours, `up_s` after the device's start."""

    value: int
    up_s: float
    at_ms: int


def rate(before: Count, after: Count) -> float | None:
    """Units a second, a wrap at 2^64 included; None if it restarted or cannot be."""
    took_ms = after.at_ms - before.at_ms
    if after.up_s < before.up_s or took_ms < MIN_MS:
        return None
    found = (after.value - before.value) % COUNTER * 1_000 / took_ms
    return found if found <= MAX_BY_S else None
