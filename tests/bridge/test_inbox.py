import threading
import time
from dataclasses import replace

from broker_bridge.inbox import Grouping, Inbox

DEADLINE_S = 5.0
GROUPING = Grouping(group_batches=3, group_bytes=100, linger_s=DEADLINE_S, waiting_bytes=1_000)


def inbox(grouping: Grouping = GROUPING, *, waiting: str = "") -> Inbox[str]:
    box: Inbox[str] = Inbox(grouping)
    for item in waiting:
        assert box.put(item, size=10)
    return box


def test_what_waits_is_a_group_at_once() -> None:
    started = time.monotonic()
    assert inbox(waiting="ab").group(timeout_s=DEADLINE_S) == ["a", "b"]
    assert time.monotonic() - started < DEADLINE_S


def test_a_backlog_is_taken_in_groups_of_the_largest_size() -> None:
    box = inbox(waiting="abcdefg")
    groups = [box.group(timeout_s=0) for _ in range(4)]
    assert groups == [["a", "b", "c"], ["d", "e", "f"], ["g"], []]


def test_a_group_is_bounded_in_bytes_but_never_empty() -> None:
    box = inbox()
    for item, size in (("large", 500), ("a", 60), ("b", 60)):
        assert box.put(item, size=size)
    assert [box.group(timeout_s=0) for _ in range(3)] == [["large"], ["a"], ["b"]]


def test_a_first_message_lingers_until_the_group_is_full() -> None:
    box = inbox()
    groups: list[list[str]] = []
    taker = threading.Thread(target=lambda: groups.append(box.group(timeout_s=DEADLINE_S)))
    taker.start()
    for item in "abc":
        box.put(item, size=1)
    taker.join(DEADLINE_S)
    assert sum(map(len, groups)) + len(box) == 3
    assert groups in ([["a", "b", "c"]], [["a", "b"]], [["a"]])


def test_a_lone_message_goes_when_its_linger_is_over() -> None:
    box = inbox(replace(GROUPING, linger_s=0.001))
    taken: list[str] = []
    taker = threading.Thread(target=lambda: taken.extend(box.group(timeout_s=DEADLINE_S)))
    taker.start()
    box.put("a", size=1)
    taker.join(DEADLINE_S)
    assert taken == ["a"]


def test_bytes_that_wait_are_bounded() -> None:
    box = inbox()
    assert box.put("a", size=900)
    assert not box.put("b", size=101)
    assert box.put("c", size=100)
    assert box.group(timeout_s=0) == ["a"]
    assert box.put("d", size=900)


def test_a_message_larger_than_the_bound_is_taken_when_nothing_waits() -> None:
    assert inbox().put("a", size=2_000)


def test_a_wake_ends_the_wait() -> None:
    box = inbox()
    box.wake()
    started = time.monotonic()
    assert box.group(timeout_s=DEADLINE_S) == []
    assert time.monotonic() - started < DEADLINE_S


def test_what_is_fresh_goes_before_a_backlog_that_came_first() -> None:
    box = inbox()
    for item in "abcdef":
        assert box.put(item, size=10, backlog=True)
    assert box.put("L", size=10)
    assert [box.group(timeout_s=0) for _ in range(2)] == [["L", "a"], ["b", "c", "d"]]


def test_a_backlog_goes_on_while_fresh_messages_never_end() -> None:
    box = inbox(waiting="LMNO")
    for item in "ab":
        assert box.put(item, size=10, backlog=True)
    assert [box.group(timeout_s=0) for _ in range(2)] == [["L", "M", "a"], ["N", "O", "b"]]


def test_a_backlog_beside_something_fresh_makes_no_group_that_takes_long() -> None:
    box = inbox(replace(GROUPING, group_batches=8))
    for item in "abcde":
        assert box.put(item, size=1, backlog=True)
    assert box.put("L", size=1)
    assert box.group(timeout_s=0) == ["L", "a", "b"]


def test_a_backlog_that_is_alone_is_taken_in_groups_of_the_largest_size() -> None:
    box = inbox()
    for item in "abcde":
        assert box.put(item, size=10, backlog=True)
    assert [box.group(timeout_s=0) for _ in range(2)] == [["a", "b", "c"], ["d", "e"]]


def test_a_large_fresh_message_does_not_end_a_backlog() -> None:
    box = inbox()
    assert box.put("large", size=500)
    assert box.put("a", size=60, backlog=True)
    assert box.group(timeout_s=0) == ["large", "a"]
    assert box.put("b", size=750, backlog=True)


def test_a_backlog_leaves_room_for_what_is_fresh() -> None:
    box = inbox()
    assert box.put("a", size=700, backlog=True)
    assert not box.put("b", size=100, backlog=True)
    assert box.put("L", size=300)
