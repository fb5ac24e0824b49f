"""A camera is asked in the order of what can be wrong with it: its power, its stream, its clock."""

from agent.drivers import rtsp_camera
from agent.drivers.driver import Driver, Observation
from agent.drivers.onvif_clock import OnvifClock
from agent.drivers.place import NetworkPlace
from agent.drivers.poe_port import PoePort
from agent.errors import DeviceError, Unpowered
from contract.network_devices import RtspCamera


class CameraDriver:
    """The stream's driver with the checks that the settings name; only its own failure counts."""

    def __init__(
        self, stream: Driver, *, power: PoePort | None = None, clock: OnvifClock | None = None
    ) -> None:
        self._stream = stream
        self._power = power
        self._clock = clock

    async def read(self) -> tuple[Observation, ...]:
        """What the stream's driver gives, and the clock's drift; raises DeviceError.

        Unpowered if the camera says nothing and its switch says why.
        """
        try:
            seen = await self._stream.read()
        except DeviceError as error:
            raise await self._first_cause(error) from error
        return (*seen, *(await self._drift()))

    async def _first_cause(self, error: DeviceError) -> DeviceError:
        if self._power is None:
            return error
        try:
            await self._power.require()
        except Unpowered as unpowered:
            return unpowered
        except DeviceError:
            return error  # the switch says nothing of it
        return error

    async def _drift(self) -> tuple[Observation, ...]:
        if self._clock is None:
            return ()
        try:
            return await self._clock.read()
        except DeviceError:
            return ()  # a camera without ONVIF still shows its stream


def build(settings: RtspCamera, place: NetworkPlace) -> Driver:
    """The driver of one camera."""
    stream = rtsp_camera.build(settings, place)
    power = PoePort(settings.poe, place) if settings.poe else None
    clock = OnvifClock(settings.host, settings.onvif, place) if settings.onvif else None
    return CameraDriver(stream, power=power, clock=clock)
