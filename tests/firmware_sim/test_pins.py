import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from agent.drivers import echo, pillar
from agent.drivers.driver import Driver
from agent.drivers.pin_bank import PinBank, load_factory
from agent.drivers.place import PinPlace
from agent.errors import DeviceSilent, LineGone
from contract.identity import AssetId
from contract.pin_devices import Contact, Echo, Pillar
from contract.settings import PinsLine
from firmware_sim import AnswerList, District, DistrictSettings
from firmware_sim.pins.settings import EchoSettings, PillarSettings, PinsSettings
from firmware_sim.world.sky import SunMode

PATIENCE_S = 10.0
PILLAR = Pillar(
    asset=AssetId("PANEL-1"),
    contactor_command=Contact(pin=17),
    contactor_closed=Contact(pin=27),
    photocell_dark=Contact(pin=23, active="high"),
    door_open=Contact(pin=22),
    bounce_s=0,
)
ECHO = Echo(asset=AssetId("TPS-1"), echo_pin=24, trigger_pin=25, samples=3)
QUANTITIES = ("contactor_command", "contactor_closed", "photocell_dark", "door_open")


def settings(sky: SunMode) -> DistrictSettings:
    devices = (PillarSettings(asset="PANEL-1"), EchoSettings(asset="TPS-1"))
    return DistrictSettings(
        clock=sky, pins=(PinsSettings(name="gpio", socket="gpio", devices=devices),)
    )


@asynccontextmanager
async def district(
    folder: Path, record: AnswerList, *, sky: SunMode = "night"
) -> AsyncIterator[tuple[District, PinBank]]:
    """A district, and the pins as an agent in another process would open them."""
    async with District(settings(sky), directory=folder, record=record) as made:
        line = PinsLine(
            name="gpio", factory="simulated", simulator=made.places.pins["gpio"],
            device=[PILLAR, ECHO],
        )  # fmt: skip
        factory = await asyncio.to_thread(load_factory, line)
        bank = PinBank(lambda: factory)
        yield made, bank
        await bank.close()


async def until(driver: Driver, wanted: tuple[float, ...]) -> None:
    """Reads until the pillar says this."""
    said: tuple[float, ...] = ()
    async with asyncio.timeout(PATIENCE_S):
        while said != wanted:
            with contextlib.suppress(OSError):  # the simulator is not there yet
                seen = {one.quantity: one.value for one in await driver.read()}
                said = tuple(seen[name] for name in QUANTITIES)
            await asyncio.sleep(0)


async def read_for_ever(driver: Driver) -> None:
    """Until it raises."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            await driver.read()
            await asyncio.sleep(0)


@pytest.mark.parametrize(
    ("sky", "fault", "wanted"),
    [
        ("night", "", (1, 1, 1, 0)),
        ("day", "", (0, 0, 0, 0)),
        ("day", "contactor_welded", (0, 1, 0, 0)),
        ("night", "contactor_open", (1, 0, 1, 0)),
        ("day", "photocell_stuck", (1, 1, 1, 0)),
        ("day", "door_open", (0, 0, 0, 1)),
        ("night", "supply_loss", (0, 0, 1, 0)),
    ],
)
async def test_the_pillar_driver_reads_the_simulated_pillar_and_its_faults(
    tmp_path: Path, record: AnswerList, sky: SunMode, fault: str, wanted: tuple[float, ...]
) -> None:
    async with district(tmp_path, record, sky=sky) as (made, bank):
        driver = pillar.build(PILLAR, PinPlace(bank=bank))
        await driver.read()
        if fault:
            made.fault("PANEL-1", fault)
        await until(driver, wanted)
        if fault:
            made.mend("PANEL-1", fault)
        await until(driver, (1, 1, 1, 0) if sky == "night" else (0, 0, 0, 0))


async def test_the_echo_driver_times_the_simulated_echo_to_the_millimetre(
    tmp_path: Path, record: AnswerList
) -> None:
    async with district(tmp_path, record) as (_, bank):
        (seen,) = await echo.build(ECHO, PinPlace(bank=bank)).read()
    told_mm = [answer.values["distance"] for answer in record.answers]
    assert min(told_mm) - 1 <= seen.value <= max(told_mm) + 1


async def test_an_echo_that_never_returns_is_silence_and_not_the_last_distance(
    tmp_path: Path, record: AnswerList
) -> None:
    async with district(tmp_path, record) as (made, bank):
        driver = echo.build(ECHO, PinPlace(bank=bank))
        assert await driver.read()
        made.fault("TPS-1", "no_echo")
        with pytest.raises(DeviceSilent, match="no echo came back"):
            await read_for_ever(driver)
        made.mend("TPS-1", "no_echo")
        assert await driver.read()


async def test_a_sensor_that_never_echoed_is_silent_within_its_time(
    tmp_path: Path, record: AnswerList
) -> None:
    async with district(tmp_path, record) as (made, bank):
        made.fault("TPS-1", "no_echo")
        with pytest.raises(DeviceSilent):
            await echo.build(ECHO, PinPlace(bank=bank)).read()


async def test_pins_whose_simulator_left_tell_nothing_and_come_back_with_it(
    tmp_path: Path, record: AnswerList
) -> None:
    async with district(tmp_path, record) as (made, bank):
        driver = pillar.build(PILLAR, PinPlace(bank=bank))
        await driver.read()
        await made.__aexit__(None, None, None)
        with pytest.raises(OSError, match="is gone"):
            await read_for_ever(driver)
        async with District(settings("day"), directory=tmp_path):
            await until(driver, (0, 0, 0, 0))


def test_no_pins_are_simulated_by_chance() -> None:
    line = PinsLine(name="p", factory="simulated", simulator="/nowhere/gpio", device=[PILLAR])
    with pytest.raises(LineGone, match="no simulator at /nowhere/gpio") as error:
        load_factory(line)
    assert "start nadi-sim" in error.value.hint


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"factory": "simulated"}, "write simulator = its socket"),
        ({"simulator": "/tmp/gpio"}, "lgpio reads real pins"),
    ],
)
def test_simulated_pins_are_asked_for_twice(given: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        PinsLine(name="p", device=[PILLAR], **given)
