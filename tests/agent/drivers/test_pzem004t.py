import pytest

from agent.drivers.driver import Observation
from agent.drivers.modbus_rtu import crc16, frame_of
from agent.drivers.pzem004t import parse, question
from agent.errors import DeviceRefused, DeviceSilent, FrameError

REPLY = bytes.fromhex("01 04 14 08 FD 01 B3 00 00 03 DB 00 00 30 39 00 00 01 F4 00 62 00 00 F4 F6")


def values(observations: tuple[Observation, ...]) -> dict[str, float]:
    return {seen.quantity: seen.value for seen in observations}


def test_the_meter_is_read_in_one_block() -> None:
    assert frame_of(question(1)).hex(" ") == "01 04 00 00 00 0a 70 0d"


def test_a_reply_becomes_seven_quantities_in_their_shortest_decimals() -> None:
    assert values(parse(REPLY, address=1)) == {
        "voltage": 230.1,
        "current": 0.435,
        "active_power": 98.7,
        "active_energy": 12345.0,
        "frequency": 50.0,
        "power_factor": 0.98,
        "power_alarm": 0.0,
    }


def test_the_low_word_of_a_wide_value_comes_first() -> None:
    body = bytes.fromhex("02 04 14 08 FC 00 01 00 01 00 02 00 01 00 03 00 01 01 F4 00 64 FF FF")
    seen = values(parse(body + crc16(body), address=2))
    assert seen["current"] == 65.537
    assert seen["active_power"] == 6553.8
    assert seen["active_energy"] == 65539.0
    assert seen["power_alarm"] == 1.0


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (b"", DeviceSilent),
        (REPLY[:-1], FrameError),
        (b"\x02" + REPLY[1:], FrameError),
        (bytes.fromhex("01 84 02 C2 C1"), DeviceRefused),
    ],
)
def test_anything_else_is_an_error_in_words(reply: bytes, error: type[Exception]) -> None:
    with pytest.raises(error):
        parse(reply, address=1)
