"""A PZEM-004T v3 / PZEM-016 energy meter answers Modbus RTU as the maker's manual says.

Registers and functions: PZEM-004T V3.0 user manual, 2.2 to 2.8.
"""

from collections.abc import Callable
from dataclasses import replace

from firmware_sim import rtu
from firmware_sim.answers import Reply
from firmware_sim.faults import Voice
from firmware_sim.settings import LampMeterSettings
from firmware_sim.world import LampState

DEVICE = "pzem004t"
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
        return unit in (self.address, GENERAL_ADDRESS, rtu.BROADCAST)

    def answer(self, request: bytes, now_s: float) -> Reply:
        """The reply to one whole request that this meter hears."""
        unit, function, data = request[0], request[1], request[2:-2]
        match function, len(data):
            case rtu.READ_INPUT, 4:
                return self._read_input(unit, _word(data), _word(data[2:]), now_s)
            case rtu.READ_HOLDING, 4:
                return self._read_holding(unit, _word(data), _word(data[2:]))
            case rtu.WRITE_REGISTER, 4:
                return self._write(request, _word(data), _word(data[2:]))
            case rtu.RESET_ENERGY, 0:
                self._energy_zero_wh = self._load(now_s).energy_wh
                return Reply(frame=request, values={})
            case _:
                return _refuse(unit, function, rtu.ILLEGAL_FUNCTION)

    def _read_input(self, unit: int, start: int, count: int, now_s: float) -> Reply:
        if not count:
            return _refuse(unit, rtu.READ_INPUT, rtu.ILLEGAL_VALUE)
        if start + count > REGISTER_COUNT:
            return _refuse(unit, rtu.READ_INPUT, rtu.ILLEGAL_ADDRESS)
        state = self._load(now_s)
        metered = replace(state, energy_wh=state.energy_wh - self._energy_zero_wh)
        registers = encode(metered, over_power=state.power_w > self._threshold_w)
        return Reply(
            frame=_words(unit, rtu.READ_INPUT, registers[start : start + count]),
            values=decode(registers, range(start, start + count)),
        )

    def _read_holding(self, unit: int, start: int, count: int) -> Reply:
        if not count:
            return _refuse(unit, rtu.READ_HOLDING, rtu.ILLEGAL_VALUE)
        if start < THRESHOLD_REGISTER or start + count > ADDRESS_REGISTER + 1:
            return _refuse(unit, rtu.READ_HOLDING, rtu.ILLEGAL_ADDRESS)
        held = {THRESHOLD_REGISTER: self._threshold_w, ADDRESS_REGISTER: self.address}
        words = tuple(held[register] for register in range(start, start + count))
        return Reply(frame=_words(unit, rtu.READ_HOLDING, words), values={})

    def _write(self, request: bytes, register: int, value: int) -> Reply:
        if register == THRESHOLD_REGISTER:
            self._threshold_w = value
        elif register != ADDRESS_REGISTER:
            return _refuse(request[0], rtu.WRITE_REGISTER, rtu.ILLEGAL_ADDRESS)
        elif value not in ADDRESSES:
            return _refuse(request[0], rtu.WRITE_REGISTER, rtu.ILLEGAL_VALUE)
        else:
            self.address = value
        return Reply(frame=request, values={})


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


def _refuse(unit: int, function: int, code: int) -> Reply:
    return Reply(frame=rtu.exception(unit, function, code), values={})


def _words(unit: int, function: int, words: tuple[int, ...]) -> bytes:
    data = b"".join(word.to_bytes(2, "big") for word in words)
    return rtu.frame(unit, function, bytes([len(data)]) + data)


def _word(data: bytes) -> int:
    return int.from_bytes(data[:2], "big")
