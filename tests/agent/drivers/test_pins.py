import configparser
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from gpiozero import InputDevice
from gpiozero.pins.mock import MockFactory, MockPin

from agent.drivers import echo, pillar
from agent.drivers.driver import Driver
from agent.drivers.pin_bank import PinBank, load_factory
from agent.drivers.place import PinPlace
from agent.errors import DeviceSilent, FrameError, LineGone
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


def vectors(device: str, kind: str) -> list[dict[str, Any]]:
    return tomllib.loads((FRAMES / f"{device}.toml").read_text())[kind]  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    "vector", vectors("pillar", "good"), ids=lambda vector: str(vector["name"])
)
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


@pytest.mark.parametrize(
    ("factory", "remedy"),
    [("lgpio", "install the extra gpio"), ("rpigpio", 'set factory = "lgpio"')],
)
def test_a_factory_without_its_hardware_fails_loudly_and_no_other_is_tried(
    factory: str, remedy: str
) -> None:
    text = f"""name = "pins"\nfactory = "{factory}"\n
    [[device]]\ndriver = "pillar"\nasset = "P"\ndoor_open = {{ pin = 22 }}\n"""
    line = load_document(PinsLine, text, name="agent.toml")
    with pytest.raises(LineGone, match=f"the pins cannot be used by {factory}: ") as failed:
        load_factory(line)
    assert remedy in failed.value.hint


def test_rpi_gpio_is_in_an_extra_of_its_own_and_in_no_lock() -> None:
    root = Path(__file__).parents[3]
    extras = configparser.ConfigParser()
    extras.read(root / "setup.cfg")
    named = {name for name, lines in extras["options.extras_require"].items() if "RPi" in lines}
    assert named == {"rpigpio"}
    assert "lgpio" in extras["options.extras_require"]["gpio"]
    for lock in (root / "requirements").glob("*.lock"):
        pinned = re.findall(r"^([a-z0-9._-]+)==", lock.read_text().lower(), flags=re.MULTILINE)
        assert not {"rpi.gpio", "rpi-gpio", "rpi_gpio"} & set(pinned)


@pytest.mark.parametrize("vector", vectors("pillar", "bad"), ids=lambda one: str(one["name"]))
async def test_contacts_that_must_not_be_read_are_refused_in_words(
    vector: dict[str, Any], factory: Any, bank: PinBank
) -> None:
    held = [InputDevice(pin, pin_factory=factory) for pin in vector.get("taken", ())]
    with pytest.raises((LineGone, ValueError), match=re.escape(vector["why"])):
        await read_pillar(vector["contacts"], bank)
    for one in held:
        one.close()


async def read_pillar(contacts: dict[str, Any], bank: PinBank) -> None:
    settings = Pillar(asset=AssetId("PANEL-01"), **contacts)
    PinsLine(name="pins", device=[settings])
    await pillar.build(settings, PinPlace(bank=bank)).read()


class PingPin(MockPin):  # type: ignore[misc]  # gpiozero has no types
    """A trigger whose ping comes back as the edges of a vector, at exactly their times."""

    def __init__(self, factory: Any, info: Any, *, echo_pin: Any, edges: list[list[int]]) -> None:
        super().__init__(factory, info)
        self._echo_pin = echo_pin
        self._edges = edges

    def _set_state(self, value: Any) -> None:
        super()._set_state(value)
        for at_us, level in self._edges if value else ():
            self._echo_pin._state = bool(level)
            self._echo_pin._last_change = at_us / 1_000_000
            self._echo_pin._call_when_changed()


def sensor(vector: dict[str, Any], factory: Any, bank: PinBank) -> Driver:
    settings = Echo(asset=AssetId("TPS-1"), echo_pin=24, trigger_pin=25, samples=3)
    echoes = factory.pin(24)
    factory.pin(25, pin_class=PingPin, echo_pin=echoes, edges=vector["edges"])
    echoes._state = bool(vector.get("level"))
    return echo.build(settings, PinPlace(bank=bank))


@pytest.mark.parametrize("vector", vectors("echo", "good"), ids=lambda one: str(one["name"]))
async def test_an_echo_is_a_distance(vector: dict[str, Any], factory: Any, bank: PinBank) -> None:
    seen = await sensor(vector, factory, bank).read()
    assert {one.quantity: one.value for one in seen} == vector["values"]


@pytest.mark.parametrize("vector", vectors("echo", "bad"), ids=lambda one: str(one["name"]))
async def test_an_echo_that_says_nothing_is_no_distance(
    vector: dict[str, Any], factory: Any, bank: PinBank
) -> None:
    with pytest.raises((DeviceSilent, FrameError)):
        await sensor(vector, factory, bank).read()


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
