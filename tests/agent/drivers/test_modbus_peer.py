"""Every shipped register map reads what an independent Modbus implementation serves."""

import asyncio
import socket
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from pymodbus.framer import FramerType
from pymodbus.server import ModbusSerialServer, ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from agent.clock import KernelClock
from agent.drivers.driver import Driver
from agent.drivers.modbus_map import build
from agent.drivers.modbus_rtu import RtuMaster
from agent.drivers.place import SerialPlace
from agent.errors import DeviceRefused
from agent.serial_port import SerialPort
from contract.identity import AssetId, Kind
from contract.network_devices import ModbusTcpMap
from contract.serial_devices import ModbusMap
from firmware_sim.serial.pty_port import PtyPort
from tests.agent.drivers.placing import network_place

MAPS = Path(__file__).parents[3] / "configs" / "modbus"
BAUD = 9_600
PATIENCE_MS = 5_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """A device as pymodbus serves it, and what its map must make of it."""

    map: str
    unit: int
    holds: tuple[SimData, ...]
    values: Mapping[str, float]
    base: int = field(default=0)


def singles(address: int, *values: float) -> SimData:
    return SimData(address, values=[float(one) for one in values], datatype=DataType.FLOAT32)


def words(address: int, *values: int) -> SimData:
    return SimData(address, values=list(values), datatype=DataType.UINT16)


PEERS = (
    Peer(
        map="eastron-sdm120.toml", unit=1,
        holds=(
            singles(0x00, 230.5, 0, 0, 0.5, 0, 0, 115.25, 0, 0, 120, 0, 0, -8.5, 0, 0, 0.75),
            singles(0x46, 50, 12.5, 0.25),
        ),
        values={
            "voltage": 230.5, "current": 0.5, "active_power": 115.25, "apparent_power": 120,
            "reactive_power": -8.5, "power_factor": 0.75, "frequency": 50,
            "active_energy": 12_500, "exported_energy": 250,
        },
    ),
    Peer(
        map="eastron-sdm630.toml", unit=2,
        holds=(
            singles(0x00, 229.5, 230.5, 231.5, 1.5, 2.5, 3.5, 300.25, 500.5, 700.75),
            singles(0x34, 1501.5, 0, 1600, 0, -550.5, 0.9375),
            singles(0x46, 49.5, 1234.5, 0),
        ),
        values={
            "voltage_l1": 229.5, "voltage_l2": 230.5, "voltage_l3": 231.5,
            "current_l1": 1.5, "current_l2": 2.5, "current_l3": 3.5,
            "active_power_l1": 300.25, "active_power_l2": 500.5, "active_power_l3": 700.75,
            "total_active_power": 1501.5, "apparent_power": 1600, "reactive_power": -550.5,
            "power_factor": 0.9375, "frequency": 49.5, "active_energy": 1_234_500,
            "exported_energy": 0,
        },
    ),
    Peer(
        map="intesis-dali.toml", unit=3, base=7_300,
        holds=(words(7_305, 0b110, 55),),
        values={
            "control_gear_failure": 0, "lamp_failure": 1, "lamp_on": 1, "light_level": 55,
        },
    ),
    Peer(
        map="dfrobot-sen0310.toml", unit=0x0B,
        holds=(words(5, 123, 0xFFF6),),
        values={"distance": 1_230, "temperature": -1},
    ),
    Peer(
        map="dfrobot-sen0492.toml", unit=0x50,
        holds=(words(0x34, 1_803),),
        values={"distance": 1_803},
    ),
)  # fmt: skip
BY_MAP = pytest.mark.parametrize("peer", PEERS, ids=lambda peer: str(peer.map))


def devices() -> list[SimDevice]:
    return [SimDevice(peer.unit, simdata=list(peer.holds)) for peer in PEERS]


async def read(driver: Driver) -> dict[str, float]:
    return {one.quantity: one.value for one in await driver.read()}


@pytest.fixture
async def port() -> AsyncIterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        number = int(free.getsockname()[1])
    server = ModbusTcpServer(devices(), address=("127.0.0.1", number))
    await server.serve_forever(background=True)
    yield number
    await server.shutdown()  # type: ignore[no-untyped-call]


def over_tcp(port: int, peer: Peer, *, name: str = "") -> Driver:
    settings = ModbusTcpMap(
        asset=AssetId("A-1"), kind=Kind.STREETLIGHT, map=str(MAPS / (name or peer.map)),
        host="127.0.0.1", port=port, address=peer.unit, base=peer.base, timeout_ms=PATIENCE_MS,
    )  # fmt: skip
    return build(settings, network_place())


@BY_MAP
async def test_a_map_reads_over_tcp_what_another_library_serves(port: int, peer: Peer) -> None:
    assert await read(over_tcp(port, peer)) == pytest.approx(peer.values)


async def test_registers_that_the_meter_does_not_have_are_refused_in_words(port: int) -> None:
    with pytest.raises(DeviceRefused, match="unit 1 refuses: illegal data address"):
        await over_tcp(port, PEERS[0], name="eastron-sdm630.toml").read()


@pytest.fixture
async def line(tmp_path: Path) -> AsyncIterator[str]:
    """One end of a wire of two ptys; pymodbus's units are on the other."""
    ours, theirs = PtyPort(tmp_path / "ours"), PtyPort(tmp_path / "theirs")
    wire = [asyncio.create_task(_carry(*ends)) for ends in ((ours, theirs), (theirs, ours))]
    server = ModbusSerialServer(
        devices(), framer=FramerType.RTU, port=str(theirs.path), baudrate=BAUD
    )
    await server.serve_forever(background=True)
    yield str(ours.path)
    await server.shutdown()  # type: ignore[no-untyped-call]
    for task in wire:
        task.cancel()
    await asyncio.gather(*wire, return_exceptions=True)
    ours.close()
    theirs.close()


async def _carry(source: PtyPort, target: PtyPort) -> None:
    while True:
        target.write(await source.read())


@BY_MAP
async def test_a_map_reads_on_a_serial_line_what_another_library_serves(
    line: str, peer: Peer
) -> None:
    port, clock = SerialPort(line, baud=BAUD), KernelClock(trusted=True)
    place = SerialPlace(port=port, master=RtuMaster(port, baud=BAUD, clock=clock), clock=clock)
    settings = ModbusMap(
        asset=AssetId("A-1"), kind=Kind.STREETLIGHT, map=str(MAPS / peer.map),
        address=peer.unit, base=peer.base, timeout_ms=PATIENCE_MS,
    )  # fmt: skip
    try:
        assert await read(build(settings, place)) == pytest.approx(peer.values)
    finally:
        await port.close()


def test_every_shipped_map_has_a_peer() -> None:
    assert {peer.map for peer in PEERS} == {path.name for path in MAPS.glob("*.toml")}
