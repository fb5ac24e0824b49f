"""What stands on a gateway's pins now: a level for each contact, and an echo for each ping."""

from collections.abc import Callable, Container
from dataclasses import dataclass

from firmware_sim.pins.settings import NOT_WIRED, EchoSettings, Level, PillarSettings
from firmware_sim.world.bin import Bin
from firmware_sim.world.pillar import Pillar

SOUND_M_S = 343.26  # as gpiozero takes it, at 20 degrees Celsius


@dataclass(frozen=True, slots=True, kw_only=True)
class Echo:
    """The answer to a ping: a pulse as long as the sound was on its way."""

    pin: int
    asset: str
    distance_mm: int

    @property
    def pulse_s(self) -> float:
        """There and back."""
        return 2 * self.distance_mm / 1_000 / SOUND_M_S


@dataclass(frozen=True, slots=True, kw_only=True)
class _Contact:
    pin: int
    made: Level
    is_made: Callable[[float], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rangefinder:
    settings: EchoSettings
    waste_bin: Bin
    faults: Container[str]


class Board:
    """The pins of one gateway."""

    def __init__(self) -> None:
        self._contacts: list[_Contact] = []
        self._rangefinders: dict[int, _Rangefinder] = {}

    def add_pillar(self, settings: PillarSettings, pillar: Pillar) -> None:
        """Its contacts."""
        for pin, made, is_made in (
            (settings.command_pin, settings.contact_level, pillar.is_commanded),
            (settings.closed_pin, settings.contact_level, pillar.is_closed),
            (settings.photocell_pin, settings.photocell_level, pillar.sees_dark),
            (settings.door_pin, settings.contact_level, pillar.is_door_open),
        ):
            if pin != NOT_WIRED:
                self._contacts.append(_Contact(pin=pin, made=made, is_made=is_made))

    def add_echo(self, settings: EchoSettings, waste_bin: Bin, faults: Container[str]) -> None:
        """A sensor over a bin."""
        finder = _Rangefinder(settings=settings, waste_bin=waste_bin, faults=faults)
        self._rangefinders[settings.trigger_pin] = finder

    def levels(self, now_s: float) -> dict[int, int]:
        """1 is 3.3 V, for every contact that is wired."""
        return {one.pin: int(one.is_made(now_s) == (one.made == "high")) for one in self._contacts}

    def ping(self, trigger_pin: int, now_s: float) -> Echo | None:
        """What comes back, if a sensor hangs there and anything comes."""
        finder = self._rangefinders.get(trigger_pin)
        if finder is None or "no_echo" in finder.faults:
            return None
        return Echo(
            pin=finder.settings.echo_pin,
            asset=finder.settings.asset,
            distance_mm=finder.waste_bin.distance_mm(now_s),
        )
