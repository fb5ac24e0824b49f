"""A camera's power, stream, picture, clock and storage, in the order of what explains what."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Protocol

from agent.drivers import rtsp_camera
from agent.drivers.account import Account
from agent.drivers.camera_storage import CameraStorage
from agent.drivers.camera_web import CameraWeb
from agent.drivers.driver import Driver, Observation
from agent.drivers.onvif_clock import OnvifClock
from agent.drivers.onvif_information import OnvifInformation
from agent.drivers.picture import StillPicture
from agent.drivers.place import NetworkPlace
from agent.errors import DeviceError, Unpowered
from agent.tap import Note, Traffic
from contract.network_devices import RtspCamera

if TYPE_CHECKING:
    from agent.drivers.poe_port import PoePort


class Information(Protocol):
    """What a camera says of itself."""

    async def read(self) -> tuple[Note, ...]:
        """Each thing by its name; raises DeviceError."""
        ...


class CameraDriver:
    """The stream's driver with the checks that the settings name; only its own failure counts.

    Why a check gives nothing, and what the camera is, is told to whoever listens.
    """

    def __init__(
        self,
        stream: Driver,
        *,
        power: "PoePort | None" = None,
        checks: dict[str, Driver] | None = None,
        information: Information | None = None,
        traffic: Traffic | None = None,
    ) -> None:
        self._stream = stream
        self._power = power
        self._checks = checks or {}
        self._information = information
        self._traffic = traffic or Traffic()

    async def read(self) -> tuple[Observation, ...]:
        """What the stream's driver and the checks give; raises DeviceError.

        Unpowered if the camera says nothing and its switch says why.
        """
        try:
            seen = await self._stream.read()
        except DeviceError as error:
            raise await self._first_cause(error) from error
        for name, check in self._checks.items():
            seen += await self._look(name, check)
        await self._tell()
        return seen

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

    async def _look(self, name: str, check: Driver) -> tuple[Observation, ...]:
        try:
            return await check.read()
        except DeviceError as error:
            self._traffic.tell(f"no {name}", str(error))
            return ()  # a camera without it still shows its stream

    async def _tell(self) -> None:
        if self._information is None or not self._traffic.is_heard:
            return
        try:
            for note in await self._information.read():
                self._traffic.tell(note.name, note.text)
        except DeviceError as error:
            self._traffic.tell("no information", str(error))


def build(settings: RtspCamera, place: NetworkPlace) -> Driver:
    """The driver of one camera."""
    user, password = settings.user, settings.password
    account = place.accounts.of(settings.host, settings.port, user, password)
    return CameraDriver(
        rtsp_camera.build(settings, place),
        power=_power(settings, place),
        checks=dict(_checks(settings, place, account)),
        information=_information(settings, place),
        traffic=place.traffic,
    )


def _power(settings: RtspCamera, place: NetworkPlace) -> "PoePort | None":
    if settings.poe is None:
        return None
    from agent.drivers.poe_port import PoePort  # noqa: PLC0415 SNMP, only where a port is named

    return PoePort(settings.poe, place)


def _checks(
    settings: RtspCamera, place: NetworkPlace, account: Account | None
) -> Iterator[tuple[str, Driver]]:
    host, picture, onvif, storage = (
        settings.host, settings.picture, settings.onvif, settings.storage,
    )  # fmt: skip
    if picture is not None:
        web = CameraWeb("picture", host, picture, place, account=account)
        yield "picture", StillPicture(web, picture.path, place.picture_turn)
    if onvif is not None:
        web = CameraWeb("ONVIF", host, onvif, place)
        yield "clock", OnvifClock(web, onvif.path, place.clock)
    if storage is not None:
        web = CameraWeb("storage", host, storage, place, account=account)
        yield "storage", CameraStorage(web, storage)


def _information(settings: RtspCamera, place: NetworkPlace) -> Information | None:
    onvif = settings.onvif
    if onvif is None:
        return None
    user, password = onvif.user or settings.user, onvif.password or settings.password
    account = place.accounts.of(settings.host, settings.port, user, password)
    web = CameraWeb("ONVIF", settings.host, onvif, place, account=account)
    return OnvifInformation(web, onvif.path, place.clock)
