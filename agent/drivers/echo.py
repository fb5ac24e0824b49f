"""An ultrasonic sensor whose echo the gateway itself times, through gpiozero's DistanceSensor."""

import asyncio
from typing import Any

from agent.drivers.driver import Driver, Observation
from agent.drivers.pin_bank import MM_PER_M, PinBank
from agent.drivers.place import PinPlace
from agent.errors import DeviceSilent, FrameError
from contract.pin_devices import Echo

ECHO_S = 0.5  # a ping each 60 ms, and up to 150 ms for one that gets lost


class EchoDriver:
    """One sensor; gpiozero takes the median of its last echoes."""

    def __init__(self, settings: Echo, bank: PinBank) -> None:
        self._settings = settings
        self._bank = bank
        self._sensor: Any = None

    async def read(self) -> tuple[Observation, ...]:
        """The distance; raises DeviceSilent without echoes, FrameError beyond reach, LineGone."""
        if self._sensor is None:
            self._sensor = self._bank.echo(self._settings)
        await self._await_echoes(self._sensor)
        distance_mm = round(self._sensor.distance * MM_PER_M)
        if distance_mm >= self._settings.max_mm:
            raise FrameError(
                f"no echo within {self._settings.max_mm} mm",
                hint="check trigger, echo and its divider, or set max_mm",
            )
        if distance_mm < self._settings.min_mm:
            raise FrameError(
                f"an echo from {distance_mm} mm, nearer than the sensor sees",
                hint="clean the sensor and look for what hangs before it, or set min_mm",
            )
        return (Observation(quantity="distance", value=float(distance_mm)),)

    async def _await_echoes(self, sensor: Any) -> None:
        """One that is newer than this question; at first, and after a silence, all its samples."""
        sensor.heard.clear()
        while True:
            if not await asyncio.to_thread(sensor.heard.wait, ECHO_S):
                sensor.echoes = 0
                raise DeviceSilent(
                    "no echo came back", hint="check the sensor's 5 V, trigger, echo and divider"
                )
            if sensor.echoes >= self._settings.samples:
                return
            sensor.heard.clear()


def build(settings: Echo, place: PinPlace) -> Driver:
    """The driver of one sensor."""
    return EchoDriver(settings, place.bank)
