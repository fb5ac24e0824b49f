"""What hangs on each gateway, as the simulator plays it and as the agent reads it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from contract.identity import AssetId, City, GatewayId, Kind
from contract.inventory import AssetEntry, GatewayEntry
from contract.network_devices import NetworkDevice, RtspCamera, SnmpAccessPoint
from contract.registry import Registry
from contract.serial_devices import A02yyuw, Pzem004t, SerialDevice
from contract.settings import NetworkLine, SerialLine
from scripts.district.toml_document import Table

BAUD: Final = 9600
# A busy machine may play its meters late; an answer that is given must count.
PATIENCE_MS: Final = 1_500
CAMERA_AUTHS = ("digest-md5", "basic")
CAMERA_PATH = "/Streaming/Channels/101"
# mtxrWlApClientCount of the radio at ifIndex 2 (MIKROTIK-MIB)
CLIENTS_OID = "1.3.6.1.4.1.14988.1.1.1.3.1.6.2"
SOME_FAULTS: Table = {"lose": 0.005, "flip": 0.005, "stray": 0.005, "half": 0.005}
SENSOR_FAULTS: Table = {"flip": 0.005, "stray": 0.005}
NETWORK_FAULTS: Table = {"lose": 0.005}


@dataclass(frozen=True, slots=True, kw_only=True)
class Equipment:
    """How much hangs on each gateway."""

    lamps: int = 8
    bins: int = 4
    cameras: int = 2
    access_points: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One gateway's equipment with its inventory numbers; `number` counts gateways from 1."""

    number: int
    equipment: Equipment

    @property
    def gateway(self) -> GatewayId:
        """bb-0001 for the first."""
        return GatewayId(f"bb-{self.number:04}")

    @property
    def lamps(self) -> list[AssetId]:
        """Streetlights, in the order of their Modbus addresses from 1."""
        return self._assets("PJU", self.equipment.lamps)

    @property
    def bins(self) -> list[AssetId]:
        """Waste bins, each on a serial line of its own."""
        return self._assets("TPS", self.equipment.bins)

    @property
    def cameras(self) -> list[AssetId]:
        """Cameras on the gateway's network."""
        return self._assets("CAM", self.equipment.cameras)

    @property
    def access_points(self) -> list[AssetId]:
        """Wi-Fi access points on the gateway's network."""
        return self._assets("WIFI", self.equipment.access_points)

    def _assets(self, prefix: str, count: int) -> list[AssetId]:
        first = (self.number - 1) * count + 1
        return [AssetId(f"{prefix}-{number:04}") for number in range(first, first + count)]


def simulated(places: list[Place], *, seed: int, faults: bool) -> Table:
    """The simulator's district file; with `faults`, a few answers in a hundred go wrong."""
    return {
        "seed": seed,
        "clock": "night",
        "line": [line for place in places for line in _simulated_lines(place, faults=faults)],
        "camera": [
            {
                "asset": asset,
                "path": CAMERA_PATH,
                "auth": _auth(at),
                **_faulty(NETWORK_FAULTS, faults),
            }
            for place in places
            for at, asset in enumerate(place.cameras)
        ],
        "access_point": [
            {"asset": asset, **_faulty(NETWORK_FAULTS, faults)}
            for place in places
            for asset in place.access_points
        ],
    }


def _simulated_lines(place: Place, *, faults: bool) -> list[Table]:
    meters: list[Table] = [
        {"type": "pzem004t", "asset": asset, "address": address, **_faulty(SOME_FAULTS, faults)}
        for address, asset in enumerate(place.lamps, start=1)
    ]
    bus: list[Table] = [{**_port(place, "rs485"), "device": meters}] if meters else []
    return bus + [
        {
            **_port(place, f"bin-{number}"),
            "device": [{"type": "a02yyuw", "asset": asset, **_faulty(SENSOR_FAULTS, faults)}],
        }
        for number, asset in enumerate(place.bins, start=1)
    ]


def _port(place: Place, name: str) -> Table:
    """The line's key in the simulator's ready message is also its path below its folder."""
    return {"name": f"{place.gateway}/{name}", "port": f"{place.gateway}/{name}", "baud": BAUD}


def _auth(at: int) -> str:
    return CAMERA_AUTHS[at % len(CAMERA_AUTHS)]


def _faulty(faults: Table, wanted: bool) -> Table:
    return {"faults": faults} if wanted else {}


def serial_lines(place: Place, *, devices: Path, read_interval_s: float) -> list[SerialLine]:
    """The agent's serial lines; `devices` is the simulator's folder."""
    ports = devices / place.gateway
    lines: list[SerialLine] = []
    if place.lamps:
        meters = [
            Pzem004t(asset=asset, address=address, timeout_ms=PATIENCE_MS)
            for address, asset in enumerate(place.lamps, start=1)
        ]
        lines.append(_line("rs485", ports, list(meters), read_interval_s))
    for number, asset in enumerate(place.bins, start=1):
        lines.append(_line(f"bin-{number}", ports, [A02yyuw(asset=asset)], read_interval_s))
    return lines


def _line(
    name: str, ports: Path, devices: list[SerialDevice], read_interval_s: float
) -> SerialLine:
    return SerialLine(
        name=name,
        port=str(ports / name),
        baud=BAUD,
        read_interval_s=read_interval_s,
        device=devices,
    )


def network_lines(
    place: Place, *, addresses: Mapping[str, str], read_interval_s: float
) -> list[NetworkLine]:
    """The agent's network line; `addresses` are the simulator's, host:port by asset."""
    devices: list[NetworkDevice] = [_camera(asset, addresses[asset]) for asset in place.cameras]
    devices += [_access_point(asset, addresses[asset]) for asset in place.access_points]
    if not devices:
        return []
    return [NetworkLine(name="lan", read_interval_s=read_interval_s, device=devices)]


def _camera(asset: AssetId, address: str) -> RtspCamera:
    host, port = address.rsplit(":", 1)
    return RtspCamera(
        asset=asset,
        host=host,
        port=int(port),
        path=CAMERA_PATH,
        user="nadi",
        password="rahasia",
    )


def _access_point(asset: AssetId, address: str) -> SnmpAccessPoint:
    host, port = address.rsplit(":", 1)
    return SnmpAccessPoint(asset=asset, host=host, port=int(port), clients_oid=CLIENTS_OID)


def registered(city: City, places: list[Place], *, now: datetime) -> Registry:
    """The city's list of all this, as the bridge takes it."""
    assets = [
        AssetEntry(kind=kind, id=asset, gateway=place.gateway)
        for place in places
        for kind, ids in (
            (Kind.STREETLIGHT, place.lamps),
            (Kind.WASTE_BIN, place.bins),
            (Kind.CAMERA, place.cameras),
            (Kind.ACCESS_POINT, place.access_points),
        )
        for asset in ids
    ]
    gateways = [GatewayEntry(id=place.gateway) for place in places]
    return Registry(city=city, number=1, published_at=now, gateways=gateways, assets=assets)
