"""Sets of batch numbers as PostgreSQL's int8multirange."""

from typing import Any

from psycopg.types.multirange import Multirange
from psycopg.types.range import Range

from contract.ranges import RangeSet


def to_multirange(numbers: RangeSet) -> str:
    """As a literal, half open as PostgreSQL keeps it."""
    return "{" + ",".join(f"[{first},{last + 1})" for first, last in numbers.ranges) + "}"


def from_multirange(numbers: "Multirange[Any]") -> RangeSet:
    """Closed ranges again; an unbounded one was never written."""
    return RangeSet(_closed(one) for one in numbers)


def _closed(one: "Range[Any]") -> tuple[int, int]:
    return int(one.lower or 0), int(one.upper or 0) - 1
