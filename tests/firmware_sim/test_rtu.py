import random

import pytest

from firmware_sim.modbus import rtu
from firmware_sim.modbus.pdu import ILLEGAL_ADDRESS, refuse

READ = bytes.fromhex("01 04 00 00 00 0A 70 0D")
RESET = bytes.fromhex("01 42 80 11")


@pytest.fixture
def splitter() -> rtu.RequestSplitter:
    return rtu.RequestSplitter()


def test_the_crc_is_that_of_the_specification() -> None:
    assert rtu.crc(bytes.fromhex("01 04 00 00 00 02")) == bytes.fromhex("71 CB")
    assert rtu.frame(1, refuse(4, ILLEGAL_ADDRESS).frame) == bytes.fromhex("01 84 02 C2 C1")


def test_silence_is_three_and_a_half_characters() -> None:
    assert rtu.silence_s(9600) == pytest.approx(0.00401, abs=1e-5)
    assert rtu.silence_s(115_200) == 0.00175


def test_a_request_may_come_in_pieces(splitter: rtu.RequestSplitter) -> None:
    assert splitter.feed(READ[:3], after_silence=True) == []
    assert splitter.feed(READ[3:], after_silence=False) == [READ]


def test_a_silence_inside_a_request_voids_it(splitter: rtu.RequestSplitter) -> None:
    assert splitter.feed(READ[:3], after_silence=True) == []
    assert splitter.feed(READ[3:], after_silence=True) == []
    assert splitter.feed(READ, after_silence=True) == [READ]


def test_two_requests_in_one_breath_are_two(splitter: rtu.RequestSplitter) -> None:
    assert splitter.feed(READ + RESET, after_silence=True) == [READ, RESET]


@pytest.mark.parametrize("garbage", ["00", "FF FF", "01 04", "7E 01 04 00 00 00 0A 70"])
def test_a_request_is_found_behind_garbage(splitter: rtu.RequestSplitter, garbage: str) -> None:
    assert splitter.feed(bytes.fromhex(garbage) + READ, after_silence=False) == [READ]


def test_a_wrong_crc_is_no_request(splitter: rtu.RequestSplitter) -> None:
    assert splitter.feed(READ[:-1] + b"\x00", after_silence=True) == []


def test_an_unknown_function_is_a_request_if_its_crc_is_right(
    splitter: rtu.RequestSplitter,
) -> None:
    write_coil = bytes.fromhex("01 05 00 00 FF 00 8C 3A")
    assert splitter.feed(write_coil, after_silence=True) == [write_coil]


def test_a_flood_of_garbage_neither_grows_nor_blinds_it(splitter: rtu.RequestSplitter) -> None:
    noise = random.Random(7).randbytes(20_000)
    for start in range(0, len(noise), 100):
        splitter.feed(noise[start : start + 100], after_silence=False)
    assert len(splitter._heard) <= rtu.MAX_LEN
    assert splitter.feed(READ, after_silence=False)[-1] == READ
