"""Dragino LDDS and DDS: eight bytes, big-endian (dragino-end-node-decoder)."""

from agent.drivers.chirpstack import Uplink
from agent.drivers.driver import Driver, Observation
from agent.drivers.lorawan import LorawanDriver
from agent.drivers.place import LorawanPlace
from agent.errors import FrameError
from contract.lorawan_devices import DraginoLdds

READINGS_PORT, PAYLOAD_LEN = 2, 8
OTHER_PORTS = {3: "records of its log", 5: "what it is"}
SEVERAL_SAMPLES = 0x10  # in the first byte
BATTERY_MASK = 0x3FFF
POWER_ON_TENTHS = 850  # what a DS18B20 says before its first conversion (its datasheet, table 1)


def build(settings: DraginoLdds, place: LorawanPlace) -> Driver:
    """The driver of one sensor."""
    return LorawanDriver(settings, place, decode=lambda uplink: decode(uplink, settings))


def decode(uplink: Uplink, settings: DraginoLdds) -> tuple[Observation, ...]:
    """Battery, distance and, if it is plugged in, temperature; nothing of other ports' messages.

    Raises FrameError.
    """
    if uplink.port in OTHER_PORTS:
        return ()
    data = uplink.data
    if uplink.port != READINGS_PORT or len(data) != PAYLOAD_LEN:
        raise FrameError(f"port {uplink.port}, {len(data)} bytes: {data[:40].hex(' ')}")
    if data[0] & SEVERAL_SAMPLES:
        raise FrameError(
            "the sensor sends several samples at once", hint="set it to a single sample"
        )
    return _values(data, settings)


def _values(data: bytes, settings: DraginoLdds) -> tuple[Observation, ...]:
    volts = (int.from_bytes(data[0:2]) & BATTERY_MASK) / 1_000
    seen = [Observation(quantity="battery_voltage", value=volts)]
    distance_mm, is_plugged = int.from_bytes(data[2:4]), data[7] == 1
    if is_plugged and distance_mm not in settings.invalid_mm:
        seen.append(Observation(quantity="distance", value=float(distance_mm)))
    if settings.ds18b20:
        tenths = int.from_bytes(data[5:7], signed=True)
        unsure = tenths == POWER_ON_TENTHS
        seen.append(Observation(quantity="temperature", value=tenths / 10, suspect=unsure))
    return tuple(seen)
