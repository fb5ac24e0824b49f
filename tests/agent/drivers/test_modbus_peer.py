"""The register map driver reads what an independent Modbus implementation serves."""

import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from agent.drivers.driver import Driver
from agent.drivers.modbus_map import build
from agent.errors import DeviceRefused
from contract.identity import AssetId, Kind
from contract.network_devices import ModbusTcpMap
from tests.agent.drivers.placing import network_place

MAPS = Path(__file__).parents[3] / "configs" / "modbus"
FIRST = [230.5, 0.0, 0.0, 0.5, 0.0, 0.0, 115.25, 0.0, 0.0, 120.0, 0.0, 0.0, -8.5, 0.0, 0.0, 0.75]
SECOND = [50.0, 12.5, 0.25]


@pytest.fixture
async def port() -> AsyncIterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        number = int(free.getsockname()[1])
    meter = SimDevice(
        1,
        simdata=[
            SimData(0x0000, values=FIRST, datatype=DataType.FLOAT32),
            SimData(0x0046, values=SECOND, datatype=DataType.FLOAT32),
        ],
    )
    server = ModbusTcpServer(meter, address=("127.0.0.1", number))
    await server.serve_forever(background=True)
    yield number
    await server.shutdown()  # type: ignore[no-untyped-call]


def meter(port: int, name: str) -> Driver:
    settings = ModbusTcpMap(
        asset=AssetId("PJU-0001"), kind=Kind.STREETLIGHT, map=str(MAPS / name), host="127.0.0.1",
        port=port, address=1, timeout_ms=5_000,
    )  # fmt: skip
    return build(settings, network_place())


async def test_an_eastron_map_reads_a_meter_that_another_library_serves(port: int) -> None:
    seen = {one.quantity: one.value for one in await meter(port, "eastron-sdm120.toml").read()}
    assert seen == {
        "voltage": 230.5,
        "current": 0.5,
        "active_power": 115.25,
        "apparent_power": 120.0,
        "reactive_power": -8.5,
        "power_factor": 0.75,
        "frequency": 50.0,
        "active_energy": 12_500.0,
        "exported_energy": 250.0,
    }


async def test_registers_that_the_meter_does_not_have_are_refused_in_words(port: int) -> None:
    with pytest.raises(DeviceRefused, match="unit 1 refuses: illegal data address"):
        await meter(port, "eastron-sdm630.toml").read()
