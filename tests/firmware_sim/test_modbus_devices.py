import asyncio
from pathlib import Path

import pytest
from pymodbus.client import AsyncModbusTcpClient

from agent.clock import FakeClock
from agent.drivers import registry
from agent.drivers.driver import Driver
from agent.drivers.modbus_rtu import RtuMaster
from agent.drivers.place import SerialPlace
from agent.errors import DeviceRefused, DeviceSilent
from agent.serial_port import SerialPort
from contract.identity import AssetId, Kind
from contract.network_devices import ModbusTcpMap
from contract.serial_devices import ModbusMap, Pzem004t
from firmware_sim import AnswerList, District, DistrictSettings, LampMeterSettings, LineSettings
from firmware_sim.modbus.settings import (
    DaliGatewaySettings,
    DaliLampSettings,
    ModbusTcpSettings,
    Sdm120Settings,
    Sdm630Settings,
    Sen0492Settings,
    UnitSettings,
    Urm13Settings,
)
from tests.agent.drivers.placing import network_place

MAPS = Path(__file__).parents[2] / "configs" / "modbus"
LAMP = DaliLampSettings(asset="PJU-5", short_address=5)
UNITS: tuple[UnitSettings, ...] = (
    Sdm120Settings(asset="PJU-2", address=2),
    Sdm630Settings(asset="FDR-3", address=3),
    DaliGatewaySettings(asset="DALI-4", address=4, lamps=(LAMP,)),
    Urm13Settings(asset="TPS-11", address=0x0B),
    Sen0492Settings(asset="TPS-80", address=0x50),
)
BITS = dict.fromkeys(("lamp_on", "lamp_failure", "control_gear_failure"), "")
# map, unit, base, and what the simulator recorded under another name or unit
READS: tuple[tuple[str, int, int, dict[str, str]], ...] = (
    ("eastron-sdm120.toml", 2, 0, {"active_energy": "energy_kwh", "exported_energy": ""}),
    ("eastron-sdm630.toml", 3, 0, {"active_energy": "energy_kwh", "exported_energy": ""}),
    ("intesis-dali.toml", 4, 500, {"light_level": "light_level PJU-5", **BITS}),
    ("dfrobot-sen0310.toml", 0x0B, 0, {}),
    ("dfrobot-sen0492.toml", 0x50, 0, {}),
)  # fmt: skip


def bus() -> DistrictSettings:
    meter = LampMeterSettings(asset="PJU-1", address=1)
    line = LineSettings(name="bus", port="bus", pace=False, devices=(meter, *UNITS))
    return DistrictSettings(lines=(line,))


def tcp() -> DistrictSettings:
    return DistrictSettings(modbus_tcp=(ModbusTcpSettings(name="net", devices=UNITS),))


async def agrees(driver: Driver, record: AnswerList, renamed: dict[str, str]) -> None:
    """What the driver reads is what the simulator wrote down."""
    record.answers.clear()
    seen = {one.quantity: one.value for one in await driver.read()}
    told = {name: value for answer in record.answers for name, value in answer.values.items()}
    for quantity, value in seen.items():
        name = renamed.get(quantity, quantity)
        if name:
            scale = 1_000 if quantity == "active_energy" else 1
            assert value == pytest.approx(told[name] * scale, rel=1e-6), quantity
    assert seen


async def test_a_line_of_many_makes_is_read_by_the_shipped_maps(
    tmp_path: Path, record: AnswerList
) -> None:
    async with District(bus(), directory=tmp_path, record=record) as district:
        port = SerialPort(district.places.lines["bus"], baud=9_600)
        clock = FakeClock()
        master = RtuMaster(port, baud=9_600, clock=clock)
        place = SerialPlace(port=port, master=master, clock=clock)
        meter = Pzem004t(asset=AssetId("PJU-1"), address=1, timeout_ms=5_000)
        await agrees(registry.build(meter, place), record, {"power_alarm": "", "active_energy": ""})
        for name, address, base, renamed in READS:
            settings = ModbusMap(
                asset=AssetId("A-1"), kind=Kind.STREETLIGHT, map=str(MAPS / name),
                address=address, base=base, timeout_ms=5_000,
            )  # fmt: skip
            await agrees(registry.build(settings, place), record, renamed)
        await port.close()


def reading(address: str, name: str, unit: int, base: int, *, timeout_ms: int = 5_000) -> Driver:
    host, port = address.split(":")
    settings = ModbusTcpMap(
        asset=AssetId("A-1"), kind=Kind.STREETLIGHT, map=str(MAPS / name), host=host,
        port=int(port), address=unit, base=base, timeout_ms=timeout_ms,
    )  # fmt: skip
    place = network_place()
    return registry.build(settings, place)


async def test_the_same_units_answer_over_tcp(tmp_path: Path, record: AnswerList) -> None:
    async with District(tcp(), directory=tmp_path, record=record) as district:
        for name, unit, base, renamed in READS:
            driver = reading(district.places.modbus_tcp["net"], name, unit, base)
            await agrees(driver, record, renamed)


async def test_over_tcp_a_stranger_is_refused_and_a_silent_unit_hangs(tmp_path: Path) -> None:
    async with District(tcp(), directory=tmp_path) as district:
        at = district.places.modbus_tcp["net"]
        with pytest.raises(DeviceRefused):
            await reading(at, "eastron-sdm120.toml", 9, 0).read()
        district.fault("PJU-2", "silent")
        with pytest.raises(DeviceSilent):
            await reading(at, "eastron-sdm120.toml", 2, 0, timeout_ms=200).read()
        district.mend("PJU-2", "silent")
        assert await reading(at, "eastron-sdm120.toml", 2, 0).read()


async def test_another_librarys_client_reads_the_same_singles(
    tmp_path: Path, record: AnswerList
) -> None:
    async with District(tcp(), directory=tmp_path, record=record) as district:
        host, port = district.places.modbus_tcp["net"].split(":")
        client = AsyncModbusTcpClient(host, port=int(port))
        assert await client.connect()
        answer = await client.read_input_registers(0, count=32, device_id=2)
        volts = client.convert_from_registers(answer.registers[:2], client.DATATYPE.FLOAT32)
        client.close()
    assert volts == record.answers[0].values["voltage"]


async def test_garbage_on_the_tcp_port_ends_only_its_own_connection(tmp_path: Path) -> None:
    async with District(tcp(), directory=tmp_path) as district:
        host, port = district.places.modbus_tcp["net"].split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(b"GET / HTTP/1.1\r\n\r\n")
        assert await asyncio.wait_for(reader.read(), 5) == b""
        writer.close()
        driver = reading(f"{host}:{port}", "eastron-sdm120.toml", 2, 0)
        assert await driver.read()
