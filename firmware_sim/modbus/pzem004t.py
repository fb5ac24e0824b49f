"""A PZEM-004T v3 / PZEM-016 energy meter answers Modbus RTU as the maker's manual says.

Registers and functions: PZEM-004T V3.0 user manual, 2.2 to 2.8.
"""

from collections.abc import Callable
from dataclasses import replace

from firmware_sim.answers import Reply
from firmware_sim.faults import Voice
from firmware_sim.modbus import pdu as modbus
from firmware_sim.modbus.settings import LampMeterSettings
from firmware_sim.world.lamp import LampState

GENERAL_ADDRESS = 0xF8  # any meter answers it; usable only when it is alone on the line
REGISTER_COUNT = 10
THRESHOLD_REGISTER, ADDRESS_REGISTER = 1, 2
ADDRESSES = range(0x01, 0xF8)
ENERGY_LIMIT_WH = 10_000_000  # the counter rolls after 9999.99 kWh
OVER_POWER = 0xFFFF
# value: first register, registers, divisor; 32-bit values have their low word first
VALUES = {
    "voltage": (0, 1, 10),
    "current": (1, 2, 1000),
    "active_power": (3, 2, 10),
    "energy": (5, 2, 1),
    "frequency": (7, 1, 10),
    "power_factor": (8, 1, 100),
    "alarm": (9, 1, OVER_POWER),
}


class Pzem004t:
    """One meter: its address, threshold and energy counter, over a lamp it measures."""

    device = LampMeterSettings.DEVICE

    def __init__(
        self, settings: LampMeterSettings, *, load: Callable[[float], LampState], voice: Voice
    ) -> None:
        self.asset = settings.asset
        self.turnaround_s = settings.turnaround_ms / 1000
        self.voice = voice
        self.address = settings.address
        self._threshold_w = settings.alarm_w
        self._load = load
        self._energy_zero_wh = 0.0

    def hears(self, unit: int) -> bool:
        """Whether a frame to `unit` is meant for this meter."""
        return unit in (self.address, GENERAL_ADDRESS, modbus.BROADCAST)

    def answer(self, pdu: bytes, now_s: float) -> Reply:
        """The reply to one whole question that this meter hears."""
        function, data = pdu[0], pdu[1:]
        match function, len(data):
            case modbus.READ_INPUT, 4:
                return self._read_input(modbus.word(data), modbus.word(data[2:]), now_s)
            case modbus.READ_HOLDING, 4:
                return self._read_holding(modbus.word(data), modbus.word(data[2:]))
            case modbus.WRITE_REGISTER, 4:
                return self._write(pdu, modbus.word(data), modbus.word(data[2:]))
            case modbus.RESET_ENERGY, 0:
                self._energy_zero_wh = self._load(now_s).energy_wh
                return Reply(frame=pdu, values={})
            case _:
                return modbus.refuse(function, modbus.ILLEGAL_FUNCTION)

    def _read_input(self, start: int, count: int, now_s: float) -> Reply:
        if not count:
            return modbus.refuse(modbus.READ_INPUT, modbus.ILLEGAL_VALUE)
        if start + count > REGISTER_COUNT:
            return modbus.refuse(modbus.READ_INPUT, modbus.ILLEGAL_ADDRESS)
        state = self._load(now_s)
        metered = replace(state, energy_wh=state.energy_wh - self._energy_zero_wh)
        registers = encode(metered, over_power=state.power_w > self._threshold_w)
        return Reply(
            frame=modbus.give_words(modbus.READ_INPUT, registers[start : start + count]),
            values=decode(registers, range(start, start + count)),
        )

    def _read_holding(self, start: int, count: int) -> Reply:
        if not count:
            return modbus.refuse(modbus.READ_HOLDING, modbus.ILLEGAL_VALUE)
        if start < THRESHOLD_REGISTER or start + count > ADDRESS_REGISTER + 1:
            return modbus.refuse(modbus.READ_HOLDING, modbus.ILLEGAL_ADDRESS)
        held = {THRESHOLD_REGISTER: self._threshold_w, ADDRESS_REGISTER: self.address}
        words = tuple(held[register] for register in range(start, start + count))
        return Reply(frame=modbus.give_words(modbus.READ_HOLDING, words), values={})

    def _write(self, pdu: bytes, register: int, value: int) -> Reply:
        if register == THRESHOLD_REGISTER:
            self._threshold_w = value
        elif register != ADDRESS_REGISTER:
            return modbus.refuse(modbus.WRITE_REGISTER, modbus.ILLEGAL_ADDRESS)
        elif value not in ADDRESSES:
            return modbus.refuse(modbus.WRITE_REGISTER, modbus.ILLEGAL_VALUE)
        else:
            self.address = value
        return Reply(frame=pdu, values={})


def encode(state: LampState, *, over_power: bool) -> tuple[int, ...]:
    """The ten input registers that hold `state`."""
    current_ma = round(state.current_a * 1000)
    power_dw = round(state.power_w * 10)
    energy_wh = int(state.energy_wh) % ENERGY_LIMIT_WH
    return (
        round(state.voltage_v * 10),
        current_ma & 0xFFFF,
        current_ma >> 16,
        power_dw & 0xFFFF,
        power_dw >> 16,
        energy_wh & 0xFFFF,
        energy_wh >> 16,
        round(state.frequency_hz * 10),
        round(state.power_factor * 100),
        OVER_POWER if over_power else 0,
    )


def decode(registers: tuple[int, ...], given: range) -> dict[str, float]:
    """The physical values whose registers all lie in `given`; V, A, W, Wh, Hz, 1, 0 or 1."""
    values: dict[str, float] = {}
    for name, (first, width, divisor) in VALUES.items():
        if first in given and first + width - 1 in given:
            raw = sum(registers[first + word] << 16 * word for word in range(width))
            values[name] = raw / divisor if name not in ("energy", "alarm") else raw // divisor
    return values
