"""Devices on a gateway's pins as a district file describes them; numbers are BCM's."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Literal, get_args

from firmware_sim.errors import SettingsError
from firmware_sim.key import SILENT, DeviceSettings, check_once, key, tables
from firmware_sim.serial.settings import BinSettings, check_relative

Level = Literal["low", "high"]
NOT_WIRED = -1


def _pin(says: str) -> Mapping[str, object]:
    return key(f"{says}, -1 = not wired", NOT_WIRED, 27)


def _level(says: str) -> Mapping[str, object]:
    return key(f"level of {says} when it is made", None, None, get_args(Level))


@dataclass(frozen=True, slots=True, kw_only=True)
class PillarSettings(DeviceSettings):
    """A feeder pillar: photocell, contactor with its feedback, and door, as contacts on pins."""

    DEVICE: ClassVar[str] = "pillar"
    FAULTS: ClassVar[dict[str, str]] = {
        "contactor_welded": "its contacts stay closed when it is told to open",
        "contactor_open": "it does not pull: its contacts stay open when it is told to close",
        "photocell_stuck": "its photocell says dark by day and by night",
        "door_open": "somebody is at it",
        "supply_loss": "it has no mains: nothing is told to close and nothing is fed",
    }

    command_pin: int = field(default=17, metadata=_pin("the coil's supply"))
    closed_pin: int = field(default=27, metadata=_pin("the auxiliary contact"))
    photocell_pin: int = field(default=23, metadata=_pin("the photocell's contact"))
    door_pin: int = field(default=22, metadata=_pin("the door's contact"))
    contact_level: Level = field(
        default="low", metadata=_level("every contact but the photocell's")
    )
    photocell_level: Level = field(default="high", metadata=_level("the photocell's"))

    def pins(self) -> Iterator[int]:
        """Every pin that is wired."""
        return (pin for pin, _ in self._contacts().values() if pin != NOT_WIRED)

    def agent_devices(self) -> Iterable[Mapping[str, object]]:
        """Its contacts that are wired."""
        contacts = {
            name: {"pin": pin, "active": level}
            for name, (pin, level) in self._contacts().items()
            if pin != NOT_WIRED
        }
        yield {"driver": self.DEVICE, "asset": self.asset, **contacts}

    def _contacts(self) -> dict[str, tuple[int, Level]]:
        return {
            "contactor_command": (self.command_pin, self.contact_level),
            "contactor_closed": (self.closed_pin, self.contact_level),
            "photocell_dark": (self.photocell_pin, self.photocell_level),
            "door_open": (self.door_pin, self.contact_level),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class EchoSettings(BinSettings):
    """An HC-SR04 or JSN-SR04T over a bin, whose echo the gateway itself times."""

    DEVICE: ClassVar[str] = "echo"
    FAULTS: ClassVar[dict[str, str]] = {
        name: words for name, words in BinSettings.FAULTS.items() if name not in SILENT
    } | {"no_echo": "its echo never returns"}

    echo_pin: int = field(default=24, metadata=key("where the echo comes back", 0, 27))
    trigger_pin: int = field(default=25, metadata=key("what starts a ping", 0, 27))

    def pins(self) -> Iterator[int]:
        """Every pin it uses."""
        return iter((self.echo_pin, self.trigger_pin))

    def agent_devices(self) -> Iterable[Mapping[str, object]]:
        """Its two pins."""
        pins = {"echo_pin": self.echo_pin, "trigger_pin": self.trigger_pin}
        yield {"driver": self.DEVICE, "asset": self.asset, **pins}


@dataclass(frozen=True, slots=True, kw_only=True)
class PinsSettings:
    """One gateway's pins, which an agent opens by `factory = "simulated"` and this socket."""

    DEVICE: ClassVar[str] = "pins"

    name: str = field(metadata=key("their name in the ready message"))
    socket: str = field(metadata=key("the socket, relative to --dir"))
    devices: tuple[PillarSettings | EchoSettings, ...] = field(
        metadata=tables("device", PillarSettings, EchoSettings, within="pins.")
    )

    def __post_init__(self) -> None:
        check_relative(self.socket)
        if not self.devices:
            raise SettingsError(f"{self.name} has no device", hint="add a [[pins.device]]")
        check_once((pin for one in self.devices for pin in one.pins()), f"{self.name}: pin")
