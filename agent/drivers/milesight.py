"""Milesight EM310 and EM400: channel, type and value, little-endian (Milesight SensorDecoders)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from agent.drivers.chirpstack import Uplink
from agent.drivers.driver import Driver, Observation
from agent.drivers.lorawan import LorawanDriver
from agent.drivers.place import LorawanPlace
from agent.errors import FrameError
from contract.lorawan_devices import Em310Udl, Em400

INFO = 0xFF  # what the device is, not what it measures
INFO_LEN = {0x01: 1, 0x09: 2, 0x0A: 2, 0x0B: 1, 0x0F: 1, 0x16: 8, 0xFE: 1, 0xFF: 2}


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """`length` bytes after a channel and type; no quantity if they are stepped over."""

    length: int
    quantity: str = ""
    convert: Callable[[bytes], float] = lambda _: 0.0


def _unsigned(data: bytes) -> float:
    return float(int.from_bytes(data, "little"))


def _tenths(data: bytes) -> float:
    return int.from_bytes(data[:2], "little", signed=True) / 10


def _first_two(data: bytes) -> float:
    return _unsigned(data[:2])


BATTERY = Field(length=1, quantity="battery_level", convert=_unsigned)
DISTANCE = Field(length=2, quantity="distance", convert=_unsigned)
TILTED = Field(length=1, quantity="tilted", convert=_unsigned)
Fields = Mapping[tuple[int, int], Field]

EM310: Fields = {(0x01, 0x75): BATTERY, (0x03, 0x82): DISTANCE, (0x04, 0x00): TILTED}
EM400: Fields = {
    (0x01, 0x75): BATTERY,
    (0x03, 0x67): Field(length=2, quantity="temperature", convert=_tenths),
    (0x04, 0x82): DISTANCE,
    (0x05, 0x00): TILTED,
    (0x06, 0x88): Field(length=9),  # where it is
    (0x83, 0x67): Field(length=3, quantity="temperature", convert=_tenths),  # and its alarm
    (0x84, 0x82): Field(length=3, quantity="distance", convert=_first_two),  # and its alarm
}


def build(settings: Em310Udl | Em400, place: LorawanPlace) -> Driver:
    """The driver of one sensor."""
    fields = EM310 if isinstance(settings, Em310Udl) else EM400
    return LorawanDriver(settings, place, decode=lambda uplink: decode(uplink, fields))


def decode(uplink: Uplink, fields: Fields) -> tuple[Observation, ...]:
    """The values up to the first field that is not known; raises FrameError if there is none."""
    data, at, seen, known = uplink.data, 0, list[Observation](), False
    while at + 2 <= len(data):
        field = _field(data[at], data[at + 1], fields)
        value = data[at + 2 : at + 2 + field.length] if field else b""
        if field is None or len(value) < field.length:
            break
        known = True
        if field.quantity:
            seen.append(Observation(quantity=field.quantity, value=field.convert(value)))
        at += 2 + field.length
    if not known:
        raise FrameError(f"no field known here in {len(data)} bytes: {data[:40].hex(' ')}")
    return tuple(seen)


def _field(channel: int, kind: int, fields: Fields) -> Field | None:
    if channel == INFO and kind in INFO_LEN:
        return Field(length=INFO_LEN[kind])
    return fields.get((channel, kind))
