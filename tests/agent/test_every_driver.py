"""What is measured with every driver loaded has every driver loaded."""

from agent.clock import FakeClock
from agent.drivers import registry
from agent.lines import build_lines
from benchmarks.every_driver import known_drivers, with_every_driver
from contract.settings import AgentSettings

BARE = AgentSettings.model_validate(
    {
        "gateway": {"city": "baubau", "id": "bb-0001"},
        "broker": {"ca_file": "/none", "cert_file": "/none", "key_file": "/none"},
    }
)


def test_the_settings_of_the_figure_name_every_driver_there_is() -> None:
    named = {device.driver for device in with_every_driver(BARE).devices()}
    assert named == known_drivers() == set(registry.MODULES)


def test_every_driver_can_be_built_from_them_and_opens_nothing() -> None:
    settings = with_every_driver(BARE)
    lines = build_lines(settings, clock=FakeClock())
    assert sum(len(line.devices) for line in lines) == 1 + len(list(settings.devices()))
