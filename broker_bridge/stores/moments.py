"""Milliseconds since 1970 UTC, kept within the years every program knows."""

from datetime import UTC, datetime, timedelta

EARLIEST_MS = -62_135_596_800_000  # 0001-01-01T00:00:00.000Z
LATEST_MS = 253_402_300_799_999  # 9999-12-31T23:59:59.999Z

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def clamp_ms(moment_ms: int) -> int:
    """The nearest instant of the years 1 to 9999."""
    return min(max(moment_ms, EARLIEST_MS), LATEST_MS)


def rfc3339(moment_ms: int) -> str:
    """UTC with milliseconds, such as `2026-11-21T10:00:00.000Z`."""
    return moment_of(moment_ms).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def moment_of(moment_ms: int) -> datetime:
    """Aware, UTC; the nearest instant of the years 1 to 9999."""
    return _EPOCH + timedelta(milliseconds=clamp_ms(moment_ms))


def ms_of(moment: datetime) -> int:
    """Milliseconds since 1970 of an aware datetime."""
    return (moment - _EPOCH) // timedelta(milliseconds=1)
