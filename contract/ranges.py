"""Sets of batch numbers, kept as sorted, disjoint, closed ranges."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator

Range = tuple[int, int]


class RangeSet:
    """An immutable set of integers; every operation costs the number of ranges, not of members."""

    __slots__ = ("_ranges",)

    def __init__(self, ranges: Iterable[Range] = (), *, apart: bool = False) -> None:
        """`apart`: they ascend and never touch, so that nothing is to be merged."""
        self._ranges: tuple[Range, ...] = tuple(ranges) if apart else _merge(ranges)

    @classmethod
    def of(cls, numbers: Iterable[int]) -> "RangeSet":
        """The set of these numbers."""
        return cls((number, number) for number in numbers)

    @property
    def ranges(self) -> tuple[Range, ...]:
        """Closed ranges, ascending, never touching."""
        return self._ranges

    def __contains__(self, number: int) -> bool:
        at = bisect_right(self._ranges, (number, 2**63)) - 1
        return at >= 0 and self._ranges[at][1] >= number

    def __iter__(self) -> Iterator[int]:
        for first, last in self._ranges:
            yield from range(first, last + 1)

    def __len__(self) -> int:
        return sum(last - first + 1 for first, last in self._ranges)

    def __bool__(self) -> bool:
        return bool(self._ranges)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RangeSet) and self._ranges == other._ranges

    def __hash__(self) -> int:
        return hash(self._ranges)

    def __repr__(self) -> str:
        return f"RangeSet({list(self._ranges)})"

    def __or__(self, other: "RangeSet") -> "RangeSet":
        if not (self._ranges and other._ranges):
            return self if self._ranges else other
        last, first = self._ranges[-1], other._ranges[0]
        if last[1] + 1 == first[0]:  # the next number, as every batch that is sealed
            joined = (last[0], first[1])
            return RangeSet((*self._ranges[:-1], joined, *other._ranges[1:]), apart=True)
        return RangeSet((*self._ranges, *other._ranges))

    def __sub__(self, other: "RangeSet") -> "RangeSet":
        if not (self._ranges and other._ranges):
            return self
        return RangeSet(_subtract(self._ranges, other._ranges), apart=True)

    def __and__(self, other: "RangeSet") -> "RangeSet":
        if not (self._ranges and other._ranges):
            return other if self._ranges else self
        return RangeSet(_intersect(self._ranges, other._ranges), apart=True)


def _merge(ranges: Iterable[Range]) -> tuple[Range, ...]:
    merged: list[Range] = []
    for first, last in sorted(ranges):
        if last < first:
            continue
        if merged and first <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(merged[-1][1], last))
        else:
            merged.append((first, last))
    return tuple(merged)


def _intersect(left: tuple[Range, ...], right: tuple[Range, ...]) -> Iterator[Range]:
    i = j = 0
    while i < len(left) and j < len(right):
        first, last = max(left[i][0], right[j][0]), min(left[i][1], right[j][1])
        if first <= last:
            yield first, last
        if left[i][1] < right[j][1]:
            i += 1
        else:
            j += 1


def _subtract(left: tuple[Range, ...], right: tuple[Range, ...]) -> Iterator[Range]:
    j = 0
    for first, last in left:
        start = first
        while j < len(right) and right[j][1] < start:
            j += 1
        k = j
        while k < len(right) and right[k][0] <= last:
            if start < right[k][0]:
                yield start, right[k][0] - 1
            start = right[k][1] + 1
            k += 1
        if start <= last:
            yield start, last
