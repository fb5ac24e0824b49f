"""An HMS Intesis DALI-2 gateway: a block of a hundred registers for each lamp, and bit fields.

Registers: HMS INMBSDAL064 / IN703 manual, fixed address mode; the status byte is that of DALI
QUERY STATUS (IEC 62386-102).
"""

from collections.abc import Callable, Container, Iterator, Sequence
from dataclasses import dataclass

from firmware_sim.answers import Reply
from firmware_sim.faults import Voice
from firmware_sim.modbus import pdu as modbus
from firmware_sim.modbus.registers import Value, give, whole
from firmware_sim.modbus.settings import DaliGatewaySettings

PER_CHANNEL, PER_LAMP, SHORT_ADDRESSES = 7_000, 100, 64
STATUS, LEVEL, DEVICE_TYPE, ARC_POWER, LED_FAILURES = 5, 6, 7, 15, 80
SIGNALS = range(STATUS, 84)  # those of one lamp
LED = 6
GEAR_FAILURE, LAMP_FAILURE, LAMP_ON = 1 << 0, 1 << 1, 1 << 2
OPEN_CIRCUIT = 1 << 1
LIMITS = {8: 1, 9: 1, 10: 100, 11: 100, 12: 100}  # physical minimum, min, max, power-on, failure
WORDS_OF_FAILURES = 4  # 16 control gears each, the lowest first


@dataclass(frozen=True, slots=True, kw_only=True)
class DaliLamp:
    """One lamp as its control gear knows it."""

    asset: str
    channel: int
    short_address: int
    level: int
    faults: Container[str]
    is_dark: Callable[[float], bool]

    @property
    def base(self) -> int:
        """The first of its registers."""
        return PER_CHANNEL * self.channel + PER_LAMP * self.short_address

    def level_at(self, now_s: float) -> int:
        """Per cent of light that it gives."""
        lit = "burns_by_day" in self.faults or self.is_dark(now_s)
        dead = "lamp_failed" in self.faults or "gear_failed" in self.faults
        return self.level if lit and not dead else 0

    def status_at(self, now_s: float) -> int:
        """DALI QUERY STATUS."""
        status = GEAR_FAILURE if "gear_failed" in self.faults else 0
        status |= LAMP_FAILURE if "lamp_failed" in self.faults else 0
        return status | (LAMP_ON if self.level_at(now_s) else 0)


class IntesisGateway:
    """One gateway; a lamp whose gear is gone is refused as a target that does not respond."""

    device = DaliGatewaySettings.DEVICE

    def __init__(
        self, settings: DaliGatewaySettings, lamps: Sequence[DaliLamp], *, voice: Voice
    ) -> None:
        self.asset = settings.asset
        self.turnaround_s = settings.turnaround_ms / 1000
        self.voice = voice
        self._address = settings.address
        self._lamps = lamps

    def hears(self, unit: int) -> bool:
        """Whether a frame to `unit` is meant for it."""
        return unit == self._address

    def answer(self, pdu: bytes, now_s: float) -> Reply:
        """The registers of one lamp, or a channel's bit fields of failures."""
        question = modbus.read_question(pdu)
        if question is None:
            return modbus.refuse(pdu[0], modbus.ILLEGAL_FUNCTION)
        if not 1 <= question.count <= modbus.MAX_REGISTERS:
            return modbus.refuse(pdu[0], modbus.ILLEGAL_VALUE)
        asked = range(question.first, question.first + question.count)
        for lamp in self._lamps:
            if asked[0] - lamp.base in SIGNALS and asked[-1] - lamp.base in SIGNALS:
                if "gear_gone" in lamp.faults:
                    return modbus.refuse(pdu[0], modbus.TARGET_SILENT)
                return give(question.function, asked, registers(lamp, now_s))
        channel, first = divmod(asked[0], PER_CHANNEL)
        if first + question.count <= WORDS_OF_FAILURES:
            return give(question.function, asked, self._failures(channel))
        return modbus.refuse(pdu[0], modbus.ILLEGAL_ADDRESS)

    def _failures(self, channel: int) -> Iterator[Value]:
        bits = 0
        for lamp in self._lamps:
            failed = "lamp_failed" in lamp.faults or "gear_failed" in lamp.faults
            if lamp.channel == channel and failed:
                bits |= 1 << lamp.short_address
        for number in range(WORDS_OF_FAILURES):
            word = bits >> 16 * number & 0xFFFF
            yield Value(first=PER_CHANNEL * channel + number, words=(word,))


def registers(lamp: DaliLamp, now_s: float) -> Iterator[Value]:
    """What the gateway keeps of one lamp, recorded under the lamp's asset."""
    level = lamp.level_at(now_s)
    yield whole(lamp.base + STATUS, f"status {lamp.asset}", lamp.status_at(now_s))
    yield whole(lamp.base + LEVEL, f"light_level {lamp.asset}", level)
    yield Value(first=lamp.base + DEVICE_TYPE, words=(LED,))
    for signal, value in LIMITS.items():
        yield Value(first=lamp.base + signal, words=(value,))
    yield Value(first=lamp.base + ARC_POWER, words=(level,))
    failures = OPEN_CIRCUIT if "lamp_failed" in lamp.faults else 0
    yield Value(first=lamp.base + LED_FAILURES, words=(failures,))
