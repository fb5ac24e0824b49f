import pytest

from firmware_sim import AnswerList, ManualClock


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def record() -> AnswerList:
    return AnswerList()
