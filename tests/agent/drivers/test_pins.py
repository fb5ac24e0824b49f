import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from gpiozero.pins.mock import MockFactory, MockTriggerPin

from agent.drivers import echo, pillar
from agent.drivers.driver import Driver
from agent.drivers.pin_bank import PinBank, load_factory
from agent.drivers.place import PinPlace
from agent.errors import FrameError, LineGone
from contract.document import load_document
from contract.errors import SettingsError
from contract.identity import AssetId
from contract.pin_devices import Contact, Echo, Pillar
from contract.settings import PinsLine

FRAMES = Path(__file__).parents[2] / "fixtures" / "frames"
PILLAR = Pillar(
    asset=AssetId("PANEL-01"),
    contactor_command=Contact(pin=17),
    contactor_closed=Contact(pin=27),
    photocell_dark=Contact(pin=23, active="high"),
    door_open=Contact(pin=22),
    bounce_s=0,
)


@pytest.fixture
def factory() -> Iterator[Any]:
    made = MockFactory()
    yield made
    made.reset()


@pytest.fixture
async def bank(factory: Any) -> Any:
    made = PinBank(lambda: factory)
    yield made
    await made.close()


def vectors() -> list[dict[str, Any]]:
    return tomllib.loads((FRAMES / "pillar.toml").read_text())["good"]  # type: ignore[no-any-return]


@pytest.mark.parametrize("vector", vectors(), ids=lambda vector: str(vector["name"]))
async def test_the_levels_of_the_pins_are_the_states_of_the_contacts(
    vector: dict[str, Any], factory: Any, bank: PinBank
) -> None:
    driver = pillar.build(PILLAR, PinPlace(bank=bank))
    await driver.read()
    for number, level in vector["levels"].items():
        pin = factory.pin(int(number))
        pin.drive_high() if level else pin.drive_low()
    await driver.read()
    assert {one.quantity: one.value for one in await driver.read()} == vector["values"]


async def test_a_door_that_blinked_between_two_reads_was_open_once(
    factory: Any, bank: PinBank
) -> None:
    driver = pillar.build(PILLAR, PinPlace(bank=bank))
    await driver.read()
    factory.pin(22).drive_low()
    factory.pin(22).drive_high()
    doors = [
        {one.quantity: one.value for one in await driver.read()}["door_open"] for _ in range(2)
    ]
    assert doors == [1.0, 0.0]


async def test_a_pin_that_is_taken_is_said_in_words(bank: PinBank) -> None:
    await pillar.build(PILLAR, PinPlace(bank=bank)).read()
    other = Echo(asset=AssetId("TPS-1"), echo_pin=22, trigger_pin=5)
    with pytest.raises(LineGone, match=r"pin \(22, 5\) cannot be used") as error:
        await echo.build(other, PinPlace(bank=bank)).read()
    assert "1-Wire uses pin 4" in error.value.hint


def test_a_factory_without_its_hardware_fails_loudly_and_no_other_is_tried() -> None:
    with pytest.raises(LineGone, match="the pins cannot be used by rpigpio"):
        load_factory(PinsLine(name="pins", factory="rpigpio", device=[PILLAR]))


def echo_after(factory: Any, bank: PinBank, seconds: float) -> Driver:
    """A sensor whose echo comes so long after its trigger; sound goes 34 cm in a millisecond."""
    settings = Echo(asset=AssetId("TPS-1"), echo_pin=24, trigger_pin=25, samples=1, max_mm=2_000)
    echoes = factory.pin(24)
    factory.pin(25, pin_class=MockTriggerPin, echo_pin=echoes, echo_time=seconds)
    return echo.build(settings, PinPlace(bank=bank))


async def test_an_echo_is_a_distance(factory: Any, bank: PinBank) -> None:
    (seen,) = await echo_after(factory, bank, 0.004).read()
    assert seen.quantity == "distance"
    assert seen.value == pytest.approx(686, rel=0.2)  # as busy as this machine is


async def test_an_echo_from_beyond_its_reach_is_none(factory: Any, bank: PinBank) -> None:
    with pytest.raises(FrameError, match="no echo within 2000 mm"):
        await echo_after(factory, bank, 0.02).read()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('driver = "pillar"\nasset = "P"', "needs at least one contact"),
        ('driver = "pillar"\nasset = "P"\ndoor_open = { pin = 99 }', "pin"),
        ('driver = "echo"\nasset = "T"\necho_pin = 4\ntrigger_pin = 4', "pin 4 is used twice"),
    ],
)
def test_impossible_pins_are_refused_in_words(text: str, words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        load_document(PinsLine, f'name = "pins"\n[[device]]\n{text}\n', name="agent.toml")
