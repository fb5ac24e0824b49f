"""What the sensors put into a report: Milesight's fields and Dragino's eight bytes.

Layouts: Milesight-IoT/SensorDecoders em310-udl and em400 (channel, type, value, little-endian);
dragino/dragino-end-node-decoder LDDS75 (big-endian, port 2).
"""

from collections.abc import Container, Mapping
from dataclasses import dataclass

from firmware_sim.lorawan.settings import (
    DraginoSettings,
    Em310Settings,
    Em400Settings,
    ReporterSettings,
)
from firmware_sim.world.bin import BinState

MILESIGHT_PORT, DRAGINO_PORT, NOBODYS_PORT = 85, 2, 77
UNKNOWN_FIELD = bytes.fromhex("0B 99 01 02")
LOW_BATTERY = 8
FIRE_ALARM_C = 60.0
FULL_MV, EMPTY_MV = 3_600, 2_900  # of Dragino's cell, at 100 and 0 per cent


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One uplink's payload, and the numbers in it."""

    port: int
    data: bytes
    values: Mapping[str, float]


def report(settings: ReporterSettings, state: BinState, faults: Container[str]) -> Report:
    """What the sensor sends of the bin as it is."""
    battery = LOW_BATTERY if "battery_low" in faults else settings.battery
    match settings:
        case Em310Settings():
            made = em310(state, battery)
        case Em400Settings():
            made = em400(state, battery)
        case DraginoSettings():
            made = dragino(settings, state, battery, plugged="unplugged" not in faults)
        case _:
            raise AssertionError(f"no report is made for {type(settings).__name__}")
    unknown = UNKNOWN_FIELD if "unknown_field" in faults else b""
    port = NOBODYS_PORT if "unknown_port" in faults else made.port
    readable = not unknown and port == made.port
    return Report(port=port, data=unknown + made.data, values=made.values if readable else {})


def em310(state: BinState, battery: int) -> Report:
    """Battery, distance, tilt."""
    data = (
        b"\x01\x75" + bytes([battery])
        + b"\x03\x82" + state.distance_mm.to_bytes(2, "little")
        + b"\x04\x00" + bytes([state.tilted])
    )  # fmt: skip
    values = {"battery": battery, "distance": state.distance_mm, "tilted": int(state.tilted)}
    return Report(port=MILESIGHT_PORT, data=data, values=values)


def em400(state: BinState, battery: int) -> Report:
    """Battery, temperature or its alarm, distance, tilt."""
    tenths = round(state.temperature_c * 10)
    degrees = tenths.to_bytes(2, "little", signed=True)
    alarm = state.temperature_c >= FIRE_ALARM_C
    data = (
        b"\x01\x75" + bytes([battery])
        + (b"\x83\x67" + degrees + b"\x01" if alarm else b"\x03\x67" + degrees)
        + b"\x04\x82" + state.distance_mm.to_bytes(2, "little")
        + b"\x05\x00" + bytes([state.tilted])
    )  # fmt: skip
    values = {
        "battery": battery,
        "temperature": tenths / 10,
        "distance": state.distance_mm,
        "tilted": int(state.tilted),
    }
    return Report(port=MILESIGHT_PORT, data=data, values=values)


def dragino(settings: DraginoSettings, state: BinState, battery: int, *, plugged: bool) -> Report:
    """Battery in mV, distance, no interrupt, temperature, and whether its head is there."""
    millivolts = EMPTY_MV + (FULL_MV - EMPTY_MV) * battery // 100
    tenths = round(state.temperature_c * 10) if settings.ds18b20 else 0
    distance_mm = state.distance_mm if plugged else 0
    data = (
        millivolts.to_bytes(2, "big")
        + distance_mm.to_bytes(2, "big")
        + b"\x00"
        + tenths.to_bytes(2, "big", signed=True)
        + bytes([plugged])
    )
    values: dict[str, float] = {"battery_mv": millivolts}
    values |= {"distance": distance_mm} if plugged else {}
    values |= {"temperature": tenths / 10} if settings.ds18b20 else {}
    return Report(port=DRAGINO_PORT, data=data, values=values)
