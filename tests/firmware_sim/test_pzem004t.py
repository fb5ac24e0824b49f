from collections.abc import Mapping
from dataclasses import replace

import pytest

from firmware_sim.faults import Voice
from firmware_sim.key import FaultSettings
from firmware_sim.modbus.pzem004t import Pzem004t, decode, encode
from firmware_sim.modbus.rtu import frame
from firmware_sim.modbus.settings import LampMeterSettings
from firmware_sim.world.lamp import LampState
from tests.firmware_sim.frames import Vector, vectors

LIT = LampState(
    voltage_v=230.1,
    current_a=0.435,
    power_w=98.7,
    energy_wh=12_345,
    frequency_hz=50.0,
    power_factor=0.98,
)


def meter(state: LampState = LIT, *, address: int = 1) -> Pzem004t:
    return Pzem004t(
        LampMeterSettings(asset="PJU-0001", address=address),
        load=lambda now_s: replace(state, energy_wh=state.energy_wh + now_s),
        voice=Voice(FaultSettings(), seed=""),
    )


def asked(one: Pzem004t, request: bytes, now_s: float = 0) -> tuple[bytes, Mapping[str, float]]:
    """Its reply to a frame, framed as it goes on the line."""
    reply = one.answer(request[1:-2], now_s)
    return frame(request[0], reply.frame), reply.values


@pytest.mark.parametrize("vector", vectors("pzem004t", "good"), ids=lambda vector: vector.name)
def test_a_reading_is_the_datasheets_bytes_and_values(vector: Vector) -> None:
    values = vector.values
    state = LampState(
        voltage_v=values["voltage"],
        current_a=values["current"],
        power_w=values["active_power"],
        energy_wh=values["energy"],
        frequency_hz=values["frequency"],
        power_factor=values["power_factor"],
    )
    reply, told = asked(meter(state, address=vector.request[0]), vector.request)
    assert reply.hex(" ") == vector.reply.hex(" ")
    assert told == values


@pytest.mark.parametrize("vector", vectors("pzem004t", "other"), ids=lambda vector: vector.name)
def test_other_questions_get_the_manuals_bytes(vector: Vector) -> None:
    reply, told = asked(meter(), vector.request)
    assert reply.hex(" ") == vector.reply.hex(" ")
    assert told == vector.values


def test_a_new_address_replaces_the_old_one() -> None:
    one = meter()
    asked(one, bytes.fromhex("F8 06 00 02 00 05 FC 60"), 0)
    assert (one.hears(1), one.hears(5), one.hears(0xF8)) == (False, True, True)


def test_resetting_sets_the_energy_to_nothing() -> None:
    one = meter()
    asked(one, bytes.fromhex("01 42 80 11"), 100)
    _, told = asked(one, bytes.fromhex("01 04 00 00 00 0A 70 0D"), 107)
    assert told["energy"] == 7


def test_a_threshold_below_the_load_raises_the_alarm() -> None:
    one = meter()
    asked(one, bytes.fromhex("01 06 00 01 00 10 D9 C6"), 0)
    reply, told = asked(one, bytes.fromhex("01 04 00 00 00 0A 70 0D"))
    assert told["alarm"] == 1
    assert reply[21:23] == b"\xff\xff"


def test_the_energy_rolls_over_like_the_meters_display() -> None:
    registers = encode(replace(LIT, energy_wh=10_000_002), over_power=False)
    assert decode(registers, range(10))["energy"] == 2


def test_half_a_32_bit_value_is_not_recorded() -> None:
    assert "current" not in decode(encode(LIT, over_power=False), range(2))
