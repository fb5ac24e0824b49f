"""A RangeSet is a set of numbers, whatever is done to it."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from contract.ranges import RangeSet

RANGES = st.lists(
    st.tuples(st.integers(1, 60), st.integers(0, 8)).map(lambda r: (r[0], r[0] + r[1])), max_size=8
)


def members(ranges: list[tuple[int, int]]) -> set[int]:
    return {n for first, last in ranges for n in range(first, last + 1)}


@given(RANGES, RANGES)
def test_it_is_the_set_of_its_members(
    left: list[tuple[int, int]], right: list[tuple[int, int]]
) -> None:
    one, other = RangeSet(left), RangeSet(right)
    assert set(one | other) == members(left) | members(right)
    assert set(one - other) == members(left) - members(right)
    assert set(one & other) == members(left) & members(right)
    assert len(one) == len(members(left))
    assert bool(one) == bool(members(left))
    assert (one == other) == (members(left) == members(right))


@given(RANGES)
def test_its_ranges_are_sorted_and_never_touch(ranges: list[tuple[int, int]]) -> None:
    made = RangeSet(ranges).ranges
    assert all(a[1] + 1 < b[0] for a, b in pairwise(made))
    assert RangeSet.of(members(ranges)).ranges == made


@given(RANGES, st.integers(0, 80))
def test_membership_is_that_of_the_set(ranges: list[tuple[int, int]], number: int) -> None:
    assert (number in RangeSet(ranges)) == (number in members(ranges))
