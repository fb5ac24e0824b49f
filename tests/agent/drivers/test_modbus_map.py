"""The shipped register maps, judged by bytes of the makers' documents or computed from them."""

from pathlib import Path

import pytest

from agent.clock import FakeClock
from agent.drivers.driver import Driver
from agent.drivers.modbus_map import build
from agent.drivers.modbus_rtu import RtuMaster
from agent.drivers.place import SerialPlace
from agent.errors import DeviceRefused, DeviceSilent, FrameError
from agent.line import FakePort
from contract.errors import SettingsError
from contract.identity import AssetId, Kind
from contract.serial_devices import ModbusMap

MAPS = Path(__file__).parents[3] / "configs" / "modbus"
GAP = bytes(8)
SDM120 = {  # CRCs computed bit by bit over the maker's layout
    bytes.fromhex("01 04 00 00 00 20 F1 D2"): b"".join(
        (
            bytes.fromhex("01 04 40 43 65 66 66"), GAP, bytes.fromhex("40 4D 70 A4"), GAP,
            bytes.fromhex("44 2F A6 66"), GAP, bytes.fromhex("44 38 19 9A"), GAP,
            bytes.fromhex("C3 5C 80 00"), GAP, bytes.fromhex("3F 74 39 58 E0 BA"),
        )
    ),
    bytes.fromhex("01 04 00 46 00 06 91 DD"):
        bytes.fromhex("01 04 0C 42 48 14 7B 44 9A 51 EC 00 00 00 00 E7 C0"),
}  # fmt: skip
DALI_QUESTION = bytes.fromhex("01 03 00 05 00 02 D4 0A")
LASER_QUESTION = bytes.fromhex("50 03 00 34 00 01 C8 45")

Answers = dict[bytes, bytes]


def driver(name: str, answers: Answers, *, unit: int = 1, base: int = 0) -> Driver:
    clock = FakeClock()
    port = FakePort(clock, lambda asked: [(20, answers[asked])] if asked in answers else [])
    settings = ModbusMap(
        asset=AssetId("PJU-0001"), kind=Kind.STREETLIGHT, map=str(MAPS / name), address=unit,
        base=base,
    )  # fmt: skip
    master = RtuMaster(port, baud=9_600, clock=clock)
    return build(settings, SerialPlace(port=port, master=master, clock=clock))


async def values(reading: Driver) -> dict[str, float]:
    return {seen.quantity: seen.value for seen in await reading.read()}


async def test_an_eastron_meter_is_read_in_two_questions_and_its_shortest_decimals() -> None:
    assert await values(driver("eastron-sdm120.toml", SDM120)) == {
        "voltage": 229.4,
        "current": 3.21,
        "active_power": 702.6,
        "apparent_power": 736.4,
        "reactive_power": -220.5,
        "power_factor": 0.954,
        "frequency": 50.02,
        "active_energy": 1_234_560.0,
        "exported_energy": 0.0,
    }


@pytest.mark.parametrize(
    ("reply", "gear", "failed", "lit", "level"),
    [
        ("01 03 04 00 04 00 50 BB CE", 0, 0, 1, 80),
        ("01 03 04 00 02 00 00 5B F3", 0, 1, 0, 0),
    ],
)
async def test_a_dali_lamp_tells_its_failure_and_level(
    reply: str, gear: int, failed: int, lit: int, level: int
) -> None:
    lamp = driver("intesis-dali.toml", {DALI_QUESTION: bytes.fromhex(reply)})
    assert await values(lamp) == {
        "control_gear_failure": gear,
        "lamp_failure": failed,
        "lamp_on": lit,
        "light_level": level,
    }


async def test_the_lamp_of_another_short_address_is_asked_at_its_base() -> None:
    question = bytes.fromhex("01 03 1C 89 00 02 12 71")  # 7000 + 300 + 5
    answers = {question: bytes.fromhex("01 03 04 00 04 00 50 BB CE")}
    assert (await values(driver("intesis-dali.toml", answers, base=7_300)))["lamp_on"] == 1


async def test_a_laser_at_its_makers_address_says_millimetres() -> None:
    answers = {LASER_QUESTION: bytes.fromhex("50 03 02 07 0B 06 7F")}
    assert await values(driver("dfrobot-sen0492.toml", answers, unit=0x50)) == {"distance": 1803}


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        ("", DeviceSilent),
        ("50 03 00 34 00 01 C8 45", DeviceSilent),
        ("50 03 02 07 0B 06", FrameError),
        ("50 03 02 07 0A 06 7F", FrameError),
        ("51 03 02 07 0B 3B BF", FrameError),
        ("50 04 02 07 0B 07 0B", FrameError),
        ("50 03 04 07 0B 00 00 CA 40", FrameError),
        ("50 83 02 91 20", DeviceRefused),
    ],
)
async def test_anything_else_than_its_answer_is_an_error_in_words(
    reply: str, error: type[Exception]
) -> None:
    laser = driver("dfrobot-sen0492.toml", {LASER_QUESTION: bytes.fromhex(reply)}, unit=0x50)
    with pytest.raises(error):
        await laser.read()


async def test_a_map_that_reads_past_the_device_shows_the_devices_own_refusal() -> None:
    refusal = bytes.fromhex("50 83 02 91 20")
    laser = driver("dfrobot-sen0492.toml", {LASER_QUESTION: refusal}, unit=0x50)
    with pytest.raises(DeviceRefused, match="unit 80 refuses: illegal data address"):
        await laser.read()


def test_every_shipped_map_can_be_used() -> None:
    for path in MAPS.iterdir():
        driver(path.name, {})


def test_a_map_that_is_not_there_is_named() -> None:
    with pytest.raises(SettingsError, match=r"sdm12O\.toml: there is no such file"):
        driver("sdm12O.toml", {})
