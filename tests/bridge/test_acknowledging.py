"""No acknowledgement overtakes that of a message which came before."""

from broker_bridge.acknowledging import InOrder


def test_a_message_that_is_done_early_waits_for_those_before_it() -> None:
    told: list[int] = []
    order = InOrder(told.append)
    for mid in (7, 8, 9):
        order.came(mid)
    order.done(9)
    order.done(8)
    assert told == []
    order.done(7)
    assert told == [7, 8, 9]


def test_an_identifier_is_used_again_by_a_later_message() -> None:
    told: list[int] = []
    order = InOrder(told.append)
    for mid in (1, 2, 1):
        order.came(mid)
        order.done(mid)
    assert told == [1, 2, 1]
