"""A thread that dies of what nobody foresaw ends the bridge, and is named."""

import logging
import threading

import pytest

from broker_bridge.dying import told_of_the_dead
from broker_bridge.errors import ThreadDied
from contract.errors import NadiError


def test_a_thread_that_dies_stops_the_others_and_is_named(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def dies() -> None:
        raise ValueError("a broker that speaks in tongues")

    ended, stop = list[NadiError](), threading.Event()
    with caplog.at_level(logging.CRITICAL), told_of_the_dead(ended, stop.set):
        session = threading.Thread(target=dies, name="session")
        session.start()
        session.join()
    assert stop.is_set()
    (death,) = ended
    assert isinstance(death, ThreadDied)
    assert str(death) == (
        "the bridge's thread session died: ValueError: a broker that speaks in tongues"
    )
    assert "in dies" in caplog.text
