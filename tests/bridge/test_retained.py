"""What the broker retains is compared, nothing goes back in time, and two bridges come to rest."""

import pytest

from broker_bridge import retained as module
from broker_bridge.retained import LISTEN_S, QUIET_S, Retained
from broker_bridge.store import AssetName
from contract.identity import AssetId, Kind

LAMP: AssetName = (Kind.STREETLIGHT, AssetId("PJU-0417"))
BIN: AssetName = (Kind.WASTE_BIN, AssetId("TPS-0007"))
EARLY, LATE = "2026-11-25T10:00:00.000Z", "2026-11-25T10:01:00.000Z"


class Clock:
    """Moves when it is told to."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def retained(clock: Clock) -> Retained:
    return Retained(clock)


def state(observed_at: str, *, more: str = "") -> bytes:
    return f'{{"v":1,"observed_at":"{observed_at}"{more}}}'.encode()


def test_what_is_retained_as_it_should_be_is_no_news(retained: Retained) -> None:
    assert retained.is_news(LAMP, state(LATE), LATE)
    retained.hear(LAMP, state(LATE), retained=True)
    assert not retained.is_news(LAMP, state(LATE), LATE)
    assert retained.is_news(LAMP, state(LATE, more=',"x":1'), LATE)
    assert retained.is_news(BIN, state(LATE), LATE)


def test_what_was_told_on_this_connection_is_no_news(retained: Retained) -> None:
    retained.told(LAMP, state(EARLY), EARLY)
    assert not retained.is_news(LAMP, state(EARLY), EARLY)
    assert retained.is_news(LAMP, state(LATE), LATE)


def test_nothing_older_than_what_is_retained_is_ever_told(retained: Retained) -> None:
    retained.hear(LAMP, state(LATE), retained=True)
    assert not retained.is_news(LAMP, state(EARLY), EARLY)


def test_only_what_is_retained_is_cleared(retained: Retained) -> None:
    retained.hear(LAMP, state(LATE), retained=True)
    assert retained.names() == {LAMP}
    assert retained.is_news(LAMP, b"", "")
    assert not retained.is_news(BIN, b"", "")
    retained.told(LAMP, b"", "")
    assert not retained.is_news(LAMP, b"", "")


def test_a_state_without_a_time_is_compared_by_its_bytes(retained: Retained) -> None:
    retained.hear(LAMP, b"not JSON", retained=True)
    retained.hear(BIN, b"[]", retained=True)
    assert retained.is_news(LAMP, state(EARLY), EARLY)
    assert retained.is_news(BIN, state(EARLY), EARLY)


def test_it_is_heard_after_a_silence_or_after_a_while(clock: Clock, retained: Retained) -> None:
    clock.now_s += QUIET_S
    assert not retained.is_heard
    retained.begin()
    clock.now_s += QUIET_S / 2
    retained.hear(LAMP, state(LATE), retained=True)
    clock.now_s += QUIET_S / 2
    retained.hear(BIN, state(LATE), retained=False)
    assert not retained.is_heard
    clock.now_s += QUIET_S / 2
    assert retained.is_heard


def test_a_broker_that_never_answers_is_not_waited_for(clock: Clock, retained: Retained) -> None:
    clock.now_s += LISTEN_S
    assert retained.is_heard


def test_another_bridge_that_tells_what_is_older_is_corrected_once(retained: Retained) -> None:
    retained.told(LAMP, state(LATE), LATE)
    retained.hear(LAMP, state(EARLY), retained=False)
    assert retained.doubtful() == {LAMP}
    assert retained.doubtful() == frozenset()
    assert retained.is_news(LAMP, state(LATE), LATE)


def test_bridges_that_write_the_same_in_two_ways_come_to_rest() -> None:
    old, new = Retained(lambda: 0.0), Retained(lambda: 0.0)
    spoken = {id(old): state(LATE), id(new): state(LATE, more=',"x":1')}
    said = 0
    old.told(LAMP, spoken[id(old)], LATE)
    new.hear(LAMP, spoken[id(old)], retained=False)
    for speaker, listener in ((new, old), (old, new)) * 5:
        for name in speaker.doubtful():
            if speaker.is_news(name, spoken[id(speaker)], LATE):
                said += 1
                speaker.told(name, spoken[id(speaker)], LATE)
                listener.hear(name, spoken[id(speaker)], retained=False)
    assert said <= 1


def test_what_another_bridge_clears_is_told_anew_if_it_comes_back(retained: Retained) -> None:
    retained.told(LAMP, state(LATE), LATE)
    retained.hear(LAMP, b"", retained=False)
    assert retained.is_news(LAMP, state(LATE), LATE)


def test_it_remembers_no_more_than_ten_cities(retained: Retained) -> None:
    for n in range(module.MAX_KNOWN + 1):
        retained.hear((Kind.STREETLIGHT, AssetId(f"PJU-{n}")), state(LATE), retained=True)
    assert len(retained.names()) == module.MAX_KNOWN
