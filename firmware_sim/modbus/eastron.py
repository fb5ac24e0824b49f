"""Eastron SDM120 and SDM630 meters: IEEE 754 singles in input registers, high word first.

Registers: Eastron SDM120 and SDM630 Modbus protocol, function 4.
"""

import math
from collections.abc import Callable, Iterator, Sequence

from firmware_sim.faults import Voice
from firmware_sim.modbus.pdu import READ_INPUT
from firmware_sim.modbus.registers import RegisterUnit, Value, single
from firmware_sim.modbus.settings import Sdm120Settings, Sdm630Settings
from firmware_sim.world.lamp import LampState

SDM120_SPANS = (range(0x0020), range(0x0046, 0x0050), range(0x0156, 0x015A))
SDM630_SPANS = (range(0x0054), range(0x00EA, 0x00FA), range(0x0156, 0x016C))
VOLTAGE, CURRENT, ACTIVE, APPARENT, REACTIVE, FACTOR = 0x00, 0x06, 0x0C, 0x12, 0x18, 0x1E
TOTAL_ACTIVE, TOTAL_APPARENT, TOTAL_REACTIVE, TOTAL_FACTOR = 0x34, 0x38, 0x3C, 0x3E
FREQUENCY, IMPORTED, EXPORTED = 0x46, 0x48, 0x4A
TOTAL_ENERGY = 0x0156
PHASE_ENERGY = 0x015A

Phases = Callable[[float], Sequence[LampState]]


def build_sdm120(settings: Sdm120Settings, phases: Phases, voice: Voice) -> RegisterUnit:
    """A meter of one phase."""
    return RegisterUnit(
        settings,
        functions=(READ_INPUT,),
        spans=SDM120_SPANS,
        table=lambda now_s: one_phase(phases(now_s)[0]),
        voice=voice,
    )


def build_sdm630(settings: Sdm630Settings, phases: Phases, voice: Voice) -> RegisterUnit:
    """A meter of three phases."""
    return RegisterUnit(
        settings,
        functions=(READ_INPUT,),
        spans=SDM630_SPANS,
        table=lambda now_s: three_phases(phases(now_s)),
        voice=voice,
    )


def one_phase(state: LampState) -> Iterator[Value]:
    """What an SDM120 holds."""
    yield from _phase(state, 0, "")
    yield from _energies([state])


def three_phases(states: Sequence[LampState]) -> Iterator[Value]:
    """What an SDM630 holds."""
    for number, state in enumerate(states):
        yield from _phase(state, number, f"_l{number + 1}")
        kwh = state.energy_wh / 1000
        yield single(PHASE_ENERGY + 2 * number, f"energy_kwh_l{number + 1}", kwh)
    power_w = sum(state.power_w for state in states)
    apparent_va = sum(state.voltage_v * state.current_a for state in states)
    factor = power_w / apparent_va if apparent_va else 0.0
    yield single(TOTAL_ACTIVE, "total_active_power", power_w)
    yield single(TOTAL_APPARENT, "apparent_power", apparent_va)
    yield single(TOTAL_REACTIVE, "reactive_power", sum(reactive_var(one) for one in states))
    yield single(TOTAL_FACTOR, "power_factor", factor)
    yield from _energies(states)


def _phase(state: LampState, number: int, suffix: str) -> Iterator[Value]:
    at = 2 * number
    yield single(VOLTAGE + at, f"voltage{suffix}", state.voltage_v)
    yield single(CURRENT + at, f"current{suffix}", state.current_a)
    yield single(ACTIVE + at, f"active_power{suffix}", state.power_w)
    yield single(APPARENT + at, f"apparent_power{suffix}", state.voltage_v * state.current_a)
    yield single(REACTIVE + at, f"reactive_power{suffix}", reactive_var(state))
    yield single(FACTOR + at, f"power_factor{suffix}", state.power_factor)


def _energies(states: Sequence[LampState]) -> Iterator[Value]:
    kwh = sum(state.energy_wh for state in states) / 1000
    yield single(FREQUENCY, "frequency", max(state.frequency_hz for state in states))
    yield single(IMPORTED, "energy_kwh", kwh)
    yield single(EXPORTED, "exported_kwh", 0.0)
    yield single(TOTAL_ENERGY, "total_kwh", kwh)


def reactive_var(state: LampState) -> float:
    """Of an LED driver, which is capacitive: negative."""
    apparent_va = state.voltage_v * state.current_a
    return 0.0 - math.sqrt(max(0.0, apparent_va**2 - state.power_w**2))
