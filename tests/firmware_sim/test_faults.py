from collections import Counter

import pytest

from firmware_sim.faults import FAULTS, Fault, Voice, flip
from firmware_sim.key import FaultSettings

FRAME = bytes.fromhex("FF 07 A1 A7")
ALL = FaultSettings(lose=0.1, flip=0.1, stray=0.1, half=0.1, late=0.1, late_ms=700)


ALWAYS: dict[Fault, FaultSettings] = {
    "lose": FaultSettings(lose=1.0),
    "flip": FaultSettings(flip=1.0),
    "stray": FaultSettings(stray=1.0),
    "half": FaultSettings(half=1.0),
    "late": FaultSettings(late=1.0),
}


def always(fault: Fault) -> Voice:
    return Voice(ALWAYS[fault], seed="1")


def test_the_same_seed_gives_the_same_faults() -> None:
    one, same, other = (
        Voice(ALL, seed=seed) for seed in ("7/PJU-0001", "7/PJU-0001", "8/PJU-0001")
    )
    said = [one.utter(FRAME) for _ in range(500)]
    assert said == [same.utter(FRAME) for _ in range(500)]
    assert said != [other.utter(FRAME) for _ in range(500)]


def test_every_fault_comes_as_often_as_it_is_set() -> None:
    voice = Voice(ALL, seed="3")
    counts = Counter(voice.utter(FRAME).fault for _ in range(10_000))
    assert set(counts) == {None, *FAULTS}
    assert all(900 < counts[fault] < 1100 for fault in FAULTS)


def test_without_faults_every_frame_leaves_whole() -> None:
    voice = Voice(FaultSettings(), seed="3")
    assert {voice.utter(FRAME).frame for _ in range(1000)} == {FRAME}


@pytest.mark.parametrize(
    ("fault", "length"), [("lose", 0), ("flip", 4), ("stray", 5), ("half", 2), ("late", 4)]
)
def test_a_fault_leaves_its_mark(fault: Fault, length: int) -> None:
    utterance = always(fault).utter(FRAME)
    assert utterance.fault == fault
    assert len(utterance.frame) == length


def test_a_flip_turns_one_bit() -> None:
    spoiled = always("flip").utter(FRAME).frame
    turned = int.from_bytes(spoiled, "big") ^ int.from_bytes(FRAME, "big")
    assert turned.bit_count() == 1
    assert flip(b"\x00\x00", 9) == b"\x00\x02"


def test_a_stray_byte_comes_before_the_frame() -> None:
    assert always("stray").utter(FRAME).frame[1:] == FRAME


def test_only_a_late_answer_is_delayed() -> None:
    assert always("late").utter(FRAME).delay_s == 0.6
    assert always("half").utter(FRAME).delay_s == 0
