from pathlib import Path

import pytest

from firmware_sim import (
    AnswerList,
    BinSensorSettings,
    ControlError,
    District,
    DistrictSettings,
    FaultSettings,
    LampMeterSettings,
    LineSettings,
    ManualClock,
)
from firmware_sim.modbus.rtu import frame, is_whole
from firmware_sim.modbus.settings import UnitSettings
from firmware_sim.serial.a02yyuw import encode
from tests.firmware_sim.serial_master import SerialMaster

BLOCK_LEN = 25
LATE = FaultSettings(late=1.0, late_ms=600)


def question(address: int) -> bytes:
    return frame(address, bytes.fromhex("04 00 00 00 0A"))


def lamp_line(*meters: UnitSettings, pace: bool = True) -> DistrictSettings:
    return DistrictSettings(
        lines=(LineSettings(name="pju", port="gw/rs485", pace=pace, devices=meters),)
    )


def bin_line(*, interval_ms: int = 100) -> DistrictSettings:
    sensor = BinSensorSettings(asset="TPS-0001", interval_ms=interval_ms)
    return DistrictSettings(lines=(LineSettings(name="bin", port="bin", devices=(sensor,)),))


ONE = lamp_line(LampMeterSettings(asset="PJU-0001", address=1))
TWO = lamp_line(
    LampMeterSettings(asset="PJU-0001", address=1), LampMeterSettings(asset="PJU-0002", address=2)
)


async def test_bytes_take_the_time_of_a_9600_baud_wire(
    tmp_path: Path, clock: ManualClock, record: AnswerList
) -> None:
    async with District(ONE, directory=tmp_path, clock=clock, record=record) as district:
        with SerialMaster(district.places.lines["pju"]) as master:
            master.write(question(1))
            assert await clock.step() == 1008  # 8 bytes asked
            assert await clock.step() == 1028  # turnaround
            assert master.waiting() == b""
            assert await clock.step() == 1045  # 16 bytes, what a UART hands over at once
            first = await master.read(16)
            assert record.answers == []
            assert await clock.step() == 1054  # 25 bytes
            answer = first + await master.read(9)
    (given,) = record.answers
    assert is_whole(answer)
    assert (given.asked_at_ms, given.given_at_ms, given.fault) == (1000, 1054, None)
    assert given.values["voltage"] == int.from_bytes(answer[3:5], "big") / 10
    assert given.values["active_power"] == int.from_bytes(answer[9:11], "big") / 10


async def test_an_unpaced_line_answers_without_the_clock_moving(
    tmp_path: Path, clock: ManualClock, record: AnswerList
) -> None:
    settings = lamp_line(LampMeterSettings(asset="PJU-0001", address=1), pace=False)
    async with District(settings, directory=tmp_path, clock=clock, record=record) as district:
        with SerialMaster(district.places.lines["pju"]) as master:
            for _ in range(50):
                master.write(question(1))
                assert is_whole(await master.read(BLOCK_LEN))
    assert {answer.given_at_ms for answer in record.answers} == {1000}
    assert len({tuple(answer.values.items()) for answer in record.answers}) >= 45


@pytest.mark.parametrize(
    "unheard",
    [question(9), question(1)[:-1] + b"\x00", question(0), frame(0, b"\x06\x00\x01\x00\x64")],
    ids=["another address", "a wrong CRC", "a broadcast read", "a broadcast write"],
)
async def test_nobody_answers_what_is_not_for_them(
    tmp_path: Path, record: AnswerList, unheard: bytes
) -> None:
    settings = lamp_line(LampMeterSettings(asset="PJU-0001", address=1), pace=False)
    async with District(settings, directory=tmp_path, record=record) as district:
        with SerialMaster(district.places.lines["pju"]) as master:
            master.write(unheard + question(1))
            assert (await master.read(BLOCK_LEN))[0] == 1
            assert master.waiting() == b""
    assert len(record.answers) == 1


async def test_the_general_address_works_for_a_meter_alone(tmp_path: Path) -> None:
    settings = lamp_line(LampMeterSettings(asset="PJU-0001", address=1), pace=False)
    async with District(settings, directory=tmp_path) as district:
        with SerialMaster(district.places.lines["pju"]) as master:
            master.write(question(0xF8))
            assert (await master.read(BLOCK_LEN))[0] == 0xF8


async def test_two_meters_at_the_general_address_destroy_each_others_bytes(
    tmp_path: Path, record: AnswerList
) -> None:
    settings = lamp_line(*TWO.lines[0].units(), pace=False)
    async with District(settings, directory=tmp_path, record=record) as district:
        with SerialMaster(district.places.lines["pju"]) as master:
            master.write(question(0xF8) + question(2))
            assert (await master.read(BLOCK_LEN))[0] == 2
    assert [answer.asset for answer in record.answers] == ["PJU-0002"]


async def test_a_silenced_meter_is_dumb_until_it_speaks(tmp_path: Path) -> None:
    settings = lamp_line(*TWO.lines[0].units(), pace=False)
    async with District(settings, directory=tmp_path) as district:
        with SerialMaster(district.places.lines["pju"]) as master:
            district.fault("PJU-0001", "silent")
            master.write(question(1) + question(2))
            assert (await master.read(BLOCK_LEN))[0] == 2
            district.mend("PJU-0001", "silent")
            master.write(question(1))
            assert (await master.read(BLOCK_LEN))[0] == 1
        with pytest.raises(ControlError, match="PJU-0003"):
            district.fault("PJU-0003", "silent")


async def test_a_late_answer_comes_after_the_answer_to_the_next_question(
    tmp_path: Path, clock: ManualClock, record: AnswerList
) -> None:
    settings = lamp_line(
        LampMeterSettings(asset="PJU-0001", address=1, faults=LATE),
        LampMeterSettings(asset="PJU-0002", address=2),
    )
    async with District(settings, directory=tmp_path, clock=clock, record=record) as district:
        with SerialMaster(district.places.lines["pju"]) as master:
            master.write(question(1) + question(2))
            while len(record.answers) < 2:
                await clock.step()
            assert [(await master.read(BLOCK_LEN))[0] for _ in range(2)] == [2, 1]
    assert [answer.fault for answer in record.answers] == [None, "late"]
    late = record.answers[1]
    assert late.asked_at_ms is not None
    assert late.given_at_ms - late.asked_at_ms == 654


async def test_a_lost_answer_is_recorded_as_lost_and_never_leaves(
    tmp_path: Path, record: AnswerList
) -> None:
    settings = lamp_line(
        LampMeterSettings(asset="PJU-0001", address=1, faults=FaultSettings(lose=1.0)),
        LampMeterSettings(asset="PJU-0002", address=2),
        pace=False,
    )
    async with District(settings, directory=tmp_path, record=record) as district:
        with SerialMaster(district.places.lines["pju"]) as master:
            master.write(question(1) + question(2))
            assert (await master.read(BLOCK_LEN))[0] == 2
    assert [answer.fault for answer in record.answers] == ["lose", None]


async def test_a_sensor_sends_unasked_at_its_interval(
    tmp_path: Path, clock: ManualClock, record: AnswerList
) -> None:
    settings = bin_line(interval_ms=250)
    async with District(settings, directory=tmp_path, clock=clock, record=record) as district:
        with SerialMaster(district.places.lines["bin"]) as master:
            master.write(b"it does not listen")
            assert [await clock.step() for _ in range(4)] == [1250, 1500, 1750, 2000]
            said = await master.read(16)
    assert said == b"".join(encode(int(answer.values["distance"])) for answer in record.answers)
    assert {answer.asked_at_ms for answer in record.answers} == {None}
    assert [answer.given_at_ms for answer in record.answers] == [1250, 1500, 1750, 2000]


async def test_what_nobody_reads_is_dropped_and_never_recorded(
    tmp_path: Path, clock: ManualClock, record: AnswerList
) -> None:
    async with District(bin_line(), directory=tmp_path, clock=clock, record=record) as district:
        for _ in range(2000):
            await clock.step()
        with SerialMaster(district.places.lines["bin"]) as master:
            held = await master.read(4 * len(record.answers))
            assert master.waiting() == b""
    assert held == b"".join(encode(int(answer.values["distance"])) for answer in record.answers)
    assert 2048 <= len(held) < 8000


async def test_a_driver_may_come_and_go(tmp_path: Path) -> None:
    settings = lamp_line(LampMeterSettings(asset="PJU-0001", address=1), pace=False)
    async with District(settings, directory=tmp_path) as district:
        for _ in range(3):
            with SerialMaster(district.places.lines["pju"]) as master:
                master.write(question(1))
                assert is_whole(await master.read(BLOCK_LEN))
