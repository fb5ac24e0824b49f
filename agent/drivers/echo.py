"""An ultrasonic sensor whose echo the gateway itself times, through gpiozero's DistanceSensor."""

import asyncio
from typing import Any

from agent.drivers.driver import Driver, Observation
from agent.drivers.pin_bank import MM_PER_M, PinBank
from agent.drivers.place import PinPlace
from agent.errors import FrameError
from contract.pin_devices import Echo


class EchoDriver:
    """One sensor; gpiozero takes the median of its last echoes."""

    def __init__(self, settings: Echo, bank: PinBank) -> None:
        self._settings = settings
        self._bank = bank
        self._sensor: Any = None

    async def read(self) -> tuple[Observation, ...]:
        """The distance; raises FrameError while nothing is in reach, LineGone."""
        if self._sensor is None:
            self._sensor = self._bank.echo(self._settings)
        # Until its first echoes are there, gpiozero waits for them.
        distance_m = await asyncio.to_thread(getattr, self._sensor, "distance")
        distance_mm = round(distance_m * MM_PER_M)
        if distance_mm >= self._settings.max_mm:
            raise FrameError(
                f"no echo within {self._settings.max_mm} mm",
                hint="check trigger, echo and its divider, or set max_mm",
            )
        return (Observation(quantity="distance", value=float(distance_mm)),)


def build(settings: Echo, place: PinPlace) -> Driver:
    """The driver of one sensor."""
    return EchoDriver(settings, place.bank)
