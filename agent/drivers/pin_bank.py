"""The gateway's pins through gpiozero, with the factory that the settings name and no other."""

import importlib
import logging
import warnings
from collections.abc import Callable
from importlib.metadata import entry_points
from typing import Any

from agent.errors import LineGone
from agent.language import _, mark
from contract.pin_devices import Contact, Echo
from contract.settings import PinsLine

LOG = logging.getLogger("nadi.pins")
FACTORIES = {
    "lgpio": ("gpiozero.pins.lgpio", "LGPIOFactory"),
    "rpigpio": ("gpiozero.pins.rpigpio", "RPiGPIOFactory"),
}
SIMULATED = "nadi_simulated"  # its name among gpiozero's entry points, where nadi-sim puts it
REMEDIES = {
    "lgpio": mark(
        "install the extra gpio; with Python 3.13 also apt-get install python3-lgpio, in an"
        " environment with --system-site-packages; and add the user to the group gpio"
    ),
    "rpigpio": mark(
        "RPi.GPIO runs on a Pi 4 and older only: there install the extra rpigpio, else set factory"
        ' = "lgpio"'
    ),
    "simulated": mark("start nadi-sim with [[pins]], or name its socket in simulator"),
}
MM_PER_M = 1_000

OpenFactory = Callable[[], Any]


def load_factory(line: PinsLine) -> Any:
    """gpiozero's pin factory that the line names; raises LineGone, never falls back to another."""
    try:
        return _simulated(line) if line.factory == "simulated" else _real(line)
    except Exception as error:  # each library fails in its own way
        words = str(error) or type(error).__name__
        raise LineGone(
            _("the pins cannot be used by {factory}: {why}").format(
                factory=line.factory, why=words[:120]
            ),
            hint=_(REMEDIES[line.factory]),
        ) from error


def _real(line: PinsLine) -> Any:
    module, factory = FACTORIES[line.factory]
    return getattr(importlib.import_module(module), factory)()


def _simulated(line: PinsLine) -> Any:
    (entry,) = entry_points(group="gpiozero_pin_factories", name=SIMULATED)
    LOG.warning("the pins are SIMULATED, not this gateway's simulator=%s", line.simulator)
    return entry.load()(line.simulator)


class PinBank:
    """Opens the factory at the first use; gives every pin back when it is closed."""

    def __init__(self, open_factory: OpenFactory) -> None:
        self._open_factory = open_factory
        self._factory: Any = None
        self._devices: list[Any] = []

    def contact(self, contact: Contact, *, bounce_s: float) -> Any:
        """gpiozero's DigitalInputDevice; raises LineGone if the pin is taken."""
        from gpiozero import DigitalInputDevice  # noqa: PLC0415 only a gateway with pins has it

        return self._open(
            DigitalInputDevice,
            contact.pin,
            pull_up=contact.active == "low",
            bounce_time=bounce_s or None,
        )

    def echo(self, settings: Echo) -> Any:
        """A CountedSensor; raises LineGone if a pin is taken."""
        from gpiozero import GPIOZeroWarning  # noqa: PLC0415 only a gateway with pins has it

        from agent.drivers.counted_sensor import CountedSensor  # noqa: PLC0415 loads gpiozero

        # It would warn at each missing echo, and of a better factory that no Pi 5 can run.
        warnings.simplefilter("ignore", GPIOZeroWarning)
        return self._open(
            CountedSensor,
            echo=settings.echo_pin,
            trigger=settings.trigger_pin,
            max_distance=settings.max_mm / MM_PER_M,
            queue_len=settings.samples,
            partial=True,
        )

    async def close(self) -> None:
        """Give the pins back; the next use opens them again."""
        for device in self._devices:
            device.close()
        self._devices.clear()
        if self._factory is not None:
            self._factory.close()
            self._factory = None

    def _open(self, kind: Callable[..., Any], *pins: int, **options: Any) -> Any:
        if self._factory is None:
            self._factory = self._open_factory()
        try:
            device = kind(*pins, pin_factory=self._factory, **options)
        except Exception as error:  # gpiozero's and its libraries' own errors share no base
            raise LineGone(
                _("pin {pin} cannot be used: {why}").format(
                    pin=pins or (options["echo"], options["trigger"]), why=error
                ),
                hint=_("see that no other program and no overlay (1-Wire uses pin 4) holds it"),
            ) from error
        self._devices.append(device)
        return device
