"""The gateway's pins through gpiozero, with the factory that the settings name and no other."""

import importlib
import warnings
from collections.abc import Callable
from typing import Any

from agent.errors import LineGone
from contract.pin_devices import Contact, Echo

FACTORIES = {
    "lgpio": ("gpiozero.pins.lgpio", "LGPIOFactory"),
    "rpigpio": ("gpiozero.pins.rpigpio", "RPiGPIOFactory"),
}
REMEDY = (
    "on a Pi 4 or 5: apt-get install python3-lgpio, make the environment with"
    " --system-site-packages, and add the user to the group gpio"
)
MM_PER_M = 1_000

OpenFactory = Callable[[], Any]


def load_factory(name: str) -> Any:
    """gpiozero's pin factory of that name; raises LineGone, never falls back to another."""
    module, factory = FACTORIES[name]
    try:
        return getattr(importlib.import_module(module), factory)()
    except Exception as error:  # each library fails in its own way
        words = str(error) or type(error).__name__
        raise LineGone(f"the pins cannot be used by {name}: {words[:120]}", hint=REMEDY) from error


class PinBank:
    """Opens the factory at the first use; gives every pin back when it is closed."""

    def __init__(self, open_factory: OpenFactory) -> None:
        self._open_factory = open_factory
        self._factory: Any = None
        self._devices: list[Any] = []

    def contact(self, contact: Contact, *, bounce_s: float) -> Any:
        """gpiozero's DigitalInputDevice; raises LineGone if the pin is taken."""
        return self._open(
            "DigitalInputDevice",
            contact.pin,
            pull_up=contact.active == "low",
            bounce_time=bounce_s or None,
        )

    def echo(self, settings: Echo) -> Any:
        """gpiozero's DistanceSensor; raises LineGone if a pin is taken."""
        from gpiozero import GPIOZeroWarning  # noqa: PLC0415 only a gateway with pins has it

        # It would warn at each missing echo, and of a better factory that no Pi 5 can run.
        warnings.simplefilter("ignore", GPIOZeroWarning)
        return self._open(
            "DistanceSensor",
            echo=settings.echo_pin,
            trigger=settings.trigger_pin,
            max_distance=settings.max_mm / MM_PER_M,
            queue_len=settings.samples,
        )

    async def close(self) -> None:
        """Give the pins back; the next use opens them again."""
        for device in self._devices:
            device.close()
        self._devices.clear()
        if self._factory is not None:
            self._factory.close()
            self._factory = None

    def _open(self, name: str, *pins: int, **options: Any) -> Any:
        if self._factory is None:
            self._factory = self._open_factory()
        import gpiozero  # noqa: PLC0415 only a gateway with pins has it

        try:
            device = getattr(gpiozero, name)(*pins, pin_factory=self._factory, **options)
        except Exception as error:  # gpiozero's and its libraries' own errors share no base
            raise LineGone(
                f"pin {pins or (options['echo'], options['trigger'])} cannot be used: {error}",
                hint="see that no other program and no overlay (1-Wire uses pin 4) holds it",
            ) from error
        self._devices.append(device)
        return device
