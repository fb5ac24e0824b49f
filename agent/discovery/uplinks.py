"""A LoRaWAN sensor is proposed by what its payloads can be read as."""

from collections.abc import Callable, Sequence

from agent.drivers import dragino, milesight
from agent.drivers.chirpstack import Uplink
from agent.drivers.driver import Observation
from agent.drivers.unread import UnreadDevice
from agent.errors import FrameError
from agent.lines import Line
from contract.discovery import FoundSensor, LorawanReport, UnknownPayload
from contract.identity import AssetId, Kind
from contract.lorawan_devices import DraginoLdds

ANY_DRAGINO = DraginoLdds(asset=AssetId("any"), dev_eui="0" * 16)
DECODERS: dict[str, tuple[str, Callable[[Uplink], tuple[Observation, ...]]]] = {
    "em310_udl": ("Milesight EM310-UDL", lambda one: milesight.decode(one, milesight.EM310)),
    "em400": ("Milesight EM400", lambda one: milesight.decode(one, milesight.EM400)),
    "dragino_ldds": ("Dragino LDDS or DDS", lambda one: dragino.decode(one, ANY_DRAGINO)),
}


def report_of(lines: Sequence[Line]) -> LorawanReport:
    """What the LoRaWAN lines among `lines` could not read."""
    found = [
        described(device, line.name, str(line.eui_names.get(device.dev_eui, "")))
        for line in lines
        if line.unread is not None
        for device in line.unread.devices()
    ]
    return LorawanReport(
        lines=[line.name for line in lines if line.unread is not None], found=found
    )


def described(device: UnreadDevice, line: str, asset: str) -> FoundSensor:
    """One device with its last payloads, and a driver if they give a distance by it."""
    driver = "" if device.known else _driver(device)
    return FoundSensor(
        line=line,
        dev_eui=device.dev_eui,
        asset=asset,
        driver=driver,
        kind=Kind.WASTE_BIN if driver else None,
        what=_words(device, driver),
        count=device.count,
        payloads=[
            UnknownPayload(port=one.uplink.port, data=one.uplink.data.hex(" "), why=one.why)
            for one in device.last
        ],
    )


def _words(device: UnreadDevice, driver: str) -> str:
    if device.known:
        return "its driver does not know these payloads"
    if driver:
        return f"no setting names it; its payloads read as a {DECODERS[driver][0]}'s"
    return "no setting names it, and no driver here knows its payloads"


def _driver(device: UnreadDevice) -> str:
    for name, (_, decode) in DECODERS.items():
        if any(_gives_distance(one.uplink, decode) for one in device.last):
            return name
    return ""


def _gives_distance(uplink: Uplink, decode: Callable[[Uplink], tuple[Observation, ...]]) -> bool:
    try:
        return any(one.quantity == "distance" for one in decode(uplink))
    except FrameError:
        return False
