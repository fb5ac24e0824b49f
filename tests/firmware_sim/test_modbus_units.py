from collections.abc import Mapping

import pytest

from firmware_sim import FaultSettings
from firmware_sim.faults import Voice
from firmware_sim.modbus.dfrobot import build_sen0492, build_urm13
from firmware_sim.modbus.eastron import build_sdm120, build_sdm630
from firmware_sim.modbus.intesis import DaliLamp, IntesisGateway
from firmware_sim.modbus.pdu import Unit
from firmware_sim.modbus.registers import single
from firmware_sim.modbus.rtu import frame, is_whole
from firmware_sim.modbus.settings import (
    DaliGatewaySettings,
    DaliLampSettings,
    Sdm120Settings,
    Sdm630Settings,
    Sen0492Settings,
    Urm13Settings,
)
from firmware_sim.world.bin import BinState
from firmware_sim.world.lamp import LampState

VOICE = Voice(FaultSettings(), seed="")
LIT = LampState(
    voltage_v=230.5, current_a=0.5, power_w=115.25, energy_wh=12_500, frequency_hz=50,
    power_factor=1.0,
)  # fmt: skip
GAP = "00 00 00 00 00 00 00 00 "
DALI = DaliGatewaySettings(
    asset="DALI-1",
    address=1,
    lamps=(
        DaliLampSettings(asset="PJU-0", short_address=0),
        DaliLampSettings(asset="PJU-3", short_address=3, channel=1),
    ),
)


def reply(unit: Unit, request: str) -> tuple[str, Mapping[str, float]]:
    """What it says to a frame, framed as it goes on the line."""
    asked = bytes.fromhex(request)
    assert is_whole(asked)
    assert unit.hears(asked[0])
    said = unit.answer(asked[1:-2], 0)
    return frame(asked[0], said.frame).hex(" ").upper(), said.values


def read(unit: int, function: int, first: int, count: int) -> str:
    return frame(unit, bytes([function]) + first.to_bytes(2) + count.to_bytes(2)).hex(" ")


def sdm120(state: LampState = LIT) -> Unit:
    settings = Sdm120Settings(asset="PJU-1", address=1)
    return build_sdm120(settings, lambda now_s: [state], VOICE)


def sdm630(*states: LampState) -> Unit:
    settings = Sdm630Settings(asset="FDR-1", address=1)
    return build_sdm630(settings, lambda now_s: states, VOICE)


def dali(*faults: str, dark: bool = True) -> Unit:
    lamps = [
        DaliLamp(
            asset=one.asset,
            channel=one.channel,
            short_address=one.short_address,
            level=80,
            faults=faults,
            is_dark=lambda now_s: dark,
        )
        for one in DALI.lamps
    ]
    return IntesisGateway(DALI, lamps, voice=VOICE)


def bin_at(distance_mm: int, temperature_c: float = 25.7) -> BinState:
    return BinState(distance_mm=distance_mm, temperature_c=temperature_c, tilted=False)


def test_an_sdm120_answers_singles_with_gaps_of_zeros_between_them() -> None:
    said, values = reply(sdm120(), "01 04 00 00 00 20 F1 D2")
    data = (
        "43 66 80 00 " + GAP + "3F 00 00 00 " + GAP + "42 E6 80 00 " + GAP
        + "42 E6 80 00 " + GAP + "00 00 00 00 " + GAP + "3F 80 00 00 "
    )  # fmt: skip
    assert said[:9] == "01 04 40 "
    assert said[9:-5] == data
    assert values["voltage"] == 230.5
    assert values["power_factor"] == 1.0


def test_a_single_is_that_of_the_vendors_document() -> None:
    assert single(0, "voltage", 230.200012).words == (0x4366, 0x3334)


@pytest.mark.parametrize(
    ("request_", "answer"),
    [
        ("01 04 00 46 00 06 91 DD", "01 04 0C 42 48 00 00 41 48 00 00 00 00 00 00"),
        (read(1, 4, 0x0156, 2), "01 04 04 41 48 00 00"),
        (read(1, 4, 0x1E, 4), "01 84 02"),
        (read(1, 4, 0, 126), "01 84 03"),
        (read(1, 4, 0, 0), "01 84 03"),
        (read(1, 3, 0, 2), "01 83 01"),
        (frame(1, bytes.fromhex("06 00 00 00 01")).hex(" "), "01 86 01"),
    ],
    ids=["energies", "total", "past a span", "too many", "none", "holding", "a write"],
)
def test_an_sdm120_gives_what_it_has_and_refuses_the_rest(request_: str, answer: str) -> None:
    assert reply(sdm120(), request_)[0].startswith(answer)


def test_an_sdm630_gives_each_phase_and_their_sums() -> None:
    _, phases = reply(sdm630(LIT, LIT, LIT), read(1, 4, 0, 18))
    assert (phases["voltage_l1"], phases["voltage_l3"]) == (230.5, 230.5)
    assert (phases["current_l2"], phases["active_power_l3"]) == (0.5, 115.25)
    said, sums = reply(sdm630(LIT, LIT, LIT), read(1, 4, 0x34, 12))
    assert said.startswith("01 04 18 43 AC E0 00")  # 345.75 W
    assert (sums["total_active_power"], sums["power_factor"]) == (345.75, 1.0)


def test_a_dali_lamp_lies_where_its_channel_and_short_address_say() -> None:
    assert reply(dali(), "01 03 00 05 00 02 D4 0A")[0] == "01 03 04 00 04 00 50 BB CE"
    said, values = reply(dali(), read(1, 3, 7_000 + 300 + 5, 2))
    assert said == "01 03 04 00 04 00 50 BB CE"
    assert values == {"status PJU-3": 4, "light_level PJU-3": 80}


@pytest.mark.parametrize(
    ("fault", "answer"),
    [
        ("lamp_failed", "01 03 04 00 02 00 00 5B F3"),
        ("gear_failed", "01 03 04 00 01 00 00"),
        ("gear_gone", "01 83 0B"),
    ],
)
def test_a_dali_lamp_tells_its_failures(fault: str, answer: str) -> None:
    assert reply(dali(fault), "01 03 00 05 00 02 D4 0A")[0].startswith(answer)


def test_a_dali_channel_keeps_its_failed_lamps_as_bits() -> None:
    assert reply(dali("lamp_failed"), read(1, 3, 7_000, 4))[0].startswith(
        "01 03 08 00 08 00 00 00 00 00 00"
    )


def test_a_dali_lamp_that_nobody_wired_is_an_illegal_address() -> None:
    assert reply(dali(), read(1, 3, 205, 2))[0].startswith("01 83 02")


def test_a_laser_gives_the_vendors_example() -> None:
    settings = Sen0492Settings(asset="TPS-1", address=0x50)
    laser = build_sen0492(settings, lambda now_s: bin_at(1803), VOICE)
    said, values = reply(laser, "50 03 00 34 00 01 C8 45")
    assert said == "50 03 02 07 0B 06 7F"
    assert values == {"distance": 1803}


@pytest.mark.parametrize(
    ("step_mm", "answer", "distance"),
    [(10, "0C 03 04 00 78 01 01", 1200), (0.1, "0C 03 04 2E E5 01 01", 1200.5)],
)
def test_an_ultrasonic_sensor_counts_in_its_own_steps(
    step_mm: float, answer: str, distance: float
) -> None:
    settings = Urm13Settings(asset="TPS-1", address=0x0C, step_mm=step_mm)
    state = bin_at(round(distance)) if step_mm == 10 else bin_at(distance)  # type: ignore[arg-type]
    sensor = build_urm13(settings, lambda now_s: state, VOICE)
    said, values = reply(sensor, read(0x0C, 3, 5, 2))
    assert said.startswith(answer)
    assert values["distance"] == pytest.approx(distance)
    assert values["temperature"] == pytest.approx(25.7)
