"""The simulator's LoRaWAN sensors, through a real Mosquitto, into the agent's drivers."""

import asyncio
import json
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random

import pytest

from agent.clock import FakeClock
from agent.drivers import registry
from agent.drivers.driver import Driver
from agent.drivers.place import LorawanPlace
from agent.errors import FrameError
from agent.tap import Traffic
from contract.identity import AssetId
from contract.lorawan_devices import DraginoLdds, Em310Udl, Em400, LorawanSensor
from contract.settings import LorawanLine
from firmware_sim import AnswerList, District, DistrictSettings, PortError
from firmware_sim.lorawan.settings import (
    DraginoSettings,
    Em310Settings,
    Em400Settings,
    LorawanSettings,
)
from scripts.district.broker import mosquitto
from scripts.district.ports import free_port
from scripts.district.process import Program

pytestmark = pytest.mark.system
PATIENCE_S = 20.0
TOLD = {"temperature": 85.0, "tilted": 1.0, "battery_level": 8.0}
EM310, EM400, LDDS = "24e124713b000001", "24e124713b000002", "a84041000b000003"


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """A Mosquitto that lets anybody in, as ChirpStack's own does on a gateway."""
    number, folder = free_port(Random()), tmp_path_factory.mktemp("broker")
    settings = folder / "mosquitto.conf"
    settings.write_text(f"listener {number} 127.0.0.1\nallow_anonymous true\n")
    program = Program("broker", [mosquitto(), "-c", str(settings)], folder=folder)
    program.start()
    program.wait_until(lambda: _accepts(number), what="accepting", deadline_s=PATIENCE_S)
    yield number
    program.stop()


def _accepts(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def district(port: int) -> DistrictSettings:
    sensors = (
        Em310Settings(asset="TPS-1", dev_eui=EM310, interval_s=0.2),
        Em400Settings(asset="TPS-2", dev_eui=EM400, interval_s=0.2),
        DraginoSettings(asset="TPS-3", dev_eui=LDDS, interval_s=0.2, ds18b20=True),
    )
    return DistrictSettings(lorawan=(LorawanSettings(name="lora", port=port, devices=sensors),))


@asynccontextmanager
async def played(
    port: int, folder: Path, record: AnswerList, device: LorawanSensor
) -> AsyncIterator[tuple[District, Driver]]:
    """The district, and the agent's driver of one sensor."""
    settings = district(port)
    async with District(settings, directory=folder, record=record) as made:
        line = LorawanLine(
            name="lora", application=settings.lorawan[0].application, port=port, device=[device]
        )
        stack = registry.open_stack(line, FakeClock())
        place = LorawanPlace(clock=FakeClock(), stack=stack, traffic=Traffic())
        yield made, registry.build(device, place)
        await stack.close()


async def values(driver: Driver) -> dict[str, float]:
    """The next report's; raises what the driver raises."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            if seen := await driver.read():
                return {one.quantity: one.value for one in seen}
            await asyncio.sleep(0.02)


@pytest.mark.parametrize(
    ("device", "quantities"),
    [
        (Em310Udl(asset=AssetId("TPS-1"), dev_eui=EM310), {"battery_level", "distance", "tilted"}),
        (
            Em400(asset=AssetId("TPS-2"), dev_eui=EM400),
            {"battery_level", "temperature", "distance", "tilted"},
        ),
        (
            DraginoLdds(asset=AssetId("TPS-3"), dev_eui=LDDS, ds18b20=True),
            {"battery_voltage", "distance", "temperature"},
        ),
    ],
    ids=["em310_udl", "em400", "dragino_ldds"],
)
async def test_each_sensor_says_what_it_recorded(
    tmp_path: Path, port: int, device: LorawanSensor, quantities: set[str]
) -> None:
    record = AnswerList()
    async with played(port, tmp_path, record, device) as (_, driver):
        seen = await values(driver)
    assert set(seen) == {*quantities, "snr"}
    told = [answer.values for answer in record.answers if answer.asset == device.asset]
    assert seen["distance"] in {one["distance"] for one in told}


async def test_fire_tilt_and_a_low_battery_are_told(tmp_path: Path, port: int) -> None:
    device = Em400(asset=AssetId("TPS-2"), dev_eui=EM400)
    async with played(port, tmp_path, AnswerList(), device) as (made, driver):
        for name in ("burning", "tilted", "battery_low"):
            made.fault("TPS-2", name)
        async with asyncio.timeout(PATIENCE_S):
            while not TOLD.items() <= (await values(driver)).items():
                pass


@pytest.mark.parametrize(
    ("device", "fault", "words"),
    [
        (Em400(asset=AssetId("TPS-2"), dev_eui=EM400), "unknown_field", "no field known here"),
        (DraginoLdds(asset=AssetId("TPS-3"), dev_eui=LDDS), "unknown_port", "port 77"),
    ],
    ids=["unknown_field", "unknown_port"],
)
async def test_what_nobody_knows_is_refused_by_its_driver(
    tmp_path: Path, port: int, device: LorawanSensor, fault: str, words: str
) -> None:
    async with played(port, tmp_path, AnswerList(), device) as (made, driver):
        made.fault(device.asset, fault)
        with pytest.raises(FrameError, match=words):
            await _until_refused(driver)


async def _until_refused(driver: Driver) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while True:
            await values(driver)


async def test_duplicates_are_one_report_and_silence_is_none(tmp_path: Path, port: int) -> None:
    device = Em310Udl(asset=AssetId("TPS-1"), dev_eui=EM310)
    record = AnswerList()
    async with played(port, tmp_path, record, device) as (made, driver):
        made.fault("TPS-1", "duplicate")
        assert await values(driver)
        made.fault("TPS-1", "silent")
        await _until_reported(record, "TPS-2", 20)
        before = _count(record, "TPS-1")
        await _until_reported(record, "TPS-2", 30)
        assert _count(record, "TPS-1") == before


async def _until_reported(record: AnswerList, asset: str, times: int) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while True:
            if _count(record, asset) >= times:
                return
            await asyncio.sleep(0.02)


def _count(record: AnswerList, asset: str) -> int:
    return sum(answer.asset == asset for answer in record.answers)


async def test_a_broker_that_is_not_there_is_said_in_words(tmp_path: Path) -> None:
    settings = district(free_port(Random()))
    with pytest.raises(PortError, match="does not accept us") as error:
        async with District(settings, directory=tmp_path):
            pass
    assert "mosquitto -p" in error.value.hint


def test_without_a_lorawan_section_no_mqtt_library_is_loaded() -> None:
    code = "import sys, json, firmware_sim.__main__; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, timeout=60)
    loaded = set(json.loads(done.stdout))
    assert not loaded & {"aiomqtt", "paho", "gpiozero", "pydantic"}
