import pytest

from agent.drivers.a02yyuw import frames, parse
from agent.errors import FrameError


@pytest.mark.parametrize(
    ("heard", "distance_mm"),
    [
        ("FF 07 A1 A7", 1953),
        ("FF 04 B0 B3", 1200),
        ("FF 00 1E 1D", 30),
        ("FF 00 FF FE", 255),
        ("A1 A7 FF 07 A1 A7", 1953),
        ("FF FF 07 A1 A7", 1953),
        ("FF 07 FF 07 A1 A7", 1953),
        ("FF 07 A1 A8 FF 04 B0 B3", 1200),
        ("FF 07 A1 FF 04 B0 B3", 1200),
        ("00 FF 04 B0 B3 FF 07 A1 A7", 1200),
    ],
)
def test_the_first_whole_frame_is_a_distance(heard: str, distance_mm: float) -> None:
    assert parse(frames(bytes.fromhex(heard))[0]).value == distance_mm


@pytest.mark.parametrize(
    ("heard", "words"),
    [
        ("FF FF FD FB", "sees no object: ff ff fd fb"),
        ("FF FF FE FC", "is disturbed by another ultrasonic sensor"),
        ("FF FF FF FD FB", "unknown code"),
    ],
)
def test_a_code_is_said_in_words(heard: str, words: str) -> None:
    with pytest.raises(FrameError, match=words):
        parse(frames(bytes.fromhex(heard))[0])


@pytest.mark.parametrize("bit", range(32))
def test_a_flipped_bit_is_no_frame(bit: int) -> None:
    spoiled = bytearray.fromhex("FF 07 A1 A7")
    spoiled[bit // 8] ^= 1 << bit % 8
    assert frames(bytes(spoiled)) == []
