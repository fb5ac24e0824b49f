"""Which fault explains which: what a device's silence means, and what hangs on what."""

from collections.abc import Iterable, Mapping

from agent.errors import DeviceRefused, FrameError, LoginRefused, Unpowered
from contract.event_types import EventType
from contract.identity import AssetId, Kind

MAX_DEPTH = 8

LOST = (
    EventType.DEVICE_UNREACHABLE,
    EventType.CONTROL_GEAR_COMM_FAILURE,
    EventType.CAMERA_POWER_FAULT,
    EventType.CAMERA_NETWORK_FAULT,
    EventType.CAMERA_SERVICE_FAULT,
    EventType.CAMERA_AUTH_FAULT,
    EventType.ACCESS_POINT_DOWN,
)
EXCLUSIVE = (Kind.CAMERA, Kind.ACCESS_POINT)  # told by their first cause only

_LAMP = frozenset(
    {
        EventType.LAMP_FAILURE,
        EventType.LAMP_UNEXPECTED_ON,
        EventType.CYCLING_FAILURE,
        EventType.CONTROL_GEAR_FAILURE,
        EventType.CONTROL_GEAR_COMM_FAILURE,
        EventType.POWER_FACTOR_TOO_LOW,
        EventType.LAMPS_OUT,
        EventType.OPEN_CIRCUIT,
    }
)
_FED = _LAMP | {EventType.SUPPLY_LOSS, EventType.DEVICE_UNREACHABLE}
_UNHEARD = frozenset(
    {
        EventType.DEVICE_UNREACHABLE,
        EventType.CONTROL_GEAR_COMM_FAILURE,
        EventType.CAMERA_POWER_FAULT,
        EventType.CAMERA_NETWORK_FAULT,
        EventType.ACCESS_POINT_DOWN,
        EventType.ACCESS_POINT_NO_INTERNET,
        EventType.CAPTIVE_PORTAL_BROKEN,
        EventType.ACCESS_POINT_DEGRADED,
    }
)
COVERING: Mapping[EventType, frozenset[EventType]] = {
    EventType.SUPPLY_LOSS: _FED,
    EventType.OPEN_CIRCUIT: _FED,
    EventType.CONTACTOR_ERROR: _LAMP,
    EventType.LAMP_UNEXPECTED_ON: frozenset({EventType.LAMP_UNEXPECTED_ON}),
    EventType.DEVICE_UNREACHABLE: _UNHEARD,
    EventType.LINE_UNREACHABLE: _UNHEARD,
}
UNFED = frozenset({EventType.DEVICE_UNREACHABLE, EventType.CONTROL_GEAR_COMM_FAILURE})
EXPLAINED = frozenset[EventType]().union(*COVERING.values())


class Topology:
    """What feeds what, by the settings' `fed_by`."""

    def __init__(self, fed_by: Mapping[AssetId, AssetId]) -> None:
        self._above = {asset: tuple(_climb(asset, fed_by)) for asset in fed_by}
        self._below: dict[AssetId, tuple[AssetId, ...]] = {}
        for asset, above in self._above.items():
            for one in above:
                self._below[one] = (*self._below.get(one, ()), asset)

    def above(self, asset: AssetId, *, own: bool = False) -> tuple[AssetId, ...]:
        """What feeds it, the nearest first; with `own` it comes first itself."""
        above = self._above.get(asset, ())
        return (asset, *above) if own else above

    def below(self, asset: AssetId) -> tuple[AssetId, ...]:
        """Everything it feeds."""
        return self._below.get(asset, ())


def cause_of(kind: Kind, error: Exception, *, gear: bool = False) -> EventType:
    """The event a failing device makes; `gear` is a control gear behind a gateway that answers."""
    if kind is Kind.ACCESS_POINT:
        return EventType.ACCESS_POINT_DOWN
    if kind is Kind.CAMERA:
        return _camera_cause(error)
    if gear and isinstance(error, DeviceRefused):
        return EventType.CONTROL_GEAR_COMM_FAILURE
    return EventType.DEVICE_UNREACHABLE


def _camera_cause(error: Exception) -> EventType:
    if isinstance(error, Unpowered):
        return EventType.CAMERA_POWER_FAULT
    if isinstance(error, LoginRefused):
        return EventType.CAMERA_AUTH_FAULT
    if isinstance(error, DeviceRefused | FrameError):
        return EventType.CAMERA_SERVICE_FAULT
    return EventType.CAMERA_NETWORK_FAULT


def _climb(asset: AssetId, fed_by: Mapping[AssetId, AssetId]) -> Iterable[AssetId]:
    for _ in range(MAX_DEPTH):
        above = fed_by.get(asset)
        if above is None:
            return
        yield above
        asset = above
