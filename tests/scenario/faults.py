"""What can happen in a district, what it must be called, and how soon it must be told."""

import random
from dataclasses import dataclass
from typing import Literal

from contract.event_types import EventType

_T = EventType
MINUTE = 1
UNREACHABLE_MIN = 4  # three rounds in a row, and the one it fell into
GATEWAY = "bb-0001"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """`sets` are the district's switches; exactly one event must tell of it, in time."""

    sets: tuple[str, ...]
    asset: str
    event: EventType
    within_min: int
    lasts_min: tuple[int, int] = (60, 240)
    when: Literal["any", "night", "day"] = "any"
    lamps: int = 0
    says: str = ""


def _lamp(sets: str, event: EventType, within: int, **more: object) -> Fault:
    return Fault(sets=(sets,), asset="PJU-01", event=event, within_min=within, **more)  # type: ignore[arg-type]


def _camera(sets: str, event: EventType, within: int = UNREACHABLE_MIN) -> Fault:
    return Fault(sets=(sets,), asset="CAM-01", event=event, within_min=within)


FAULTS: dict[str, Fault] = {
    "a dead lamp": _lamp("lamp dead", _T.LAMP_FAILURE, 12, when="night"),
    "a cycling lamp": _lamp("cycling", _T.CYCLING_FAILURE, 32, when="night", lasts_min=(90, 200)),
    "a day burner": _lamp("burning by day", _T.LAMP_UNEXPECTED_ON, 17, when="day"),
    "a dying capacitor": _lamp("bad capacitor", _T.POWER_FACTOR_TOO_LOW, 12, when="night"),
    "a failed lamp behind DALI": Fault(
        sets=("gear lamp failed",), asset="PJU-02", event=_T.LAMP_FAILURE, within_min=12
    ),
    "a failed control gear": Fault(
        sets=("gear failed",), asset="PJU-02", event=_T.CONTROL_GEAR_FAILURE, within_min=3
    ),
    "a control gear that is gone": Fault(
        sets=("refused PJU-02",), asset="PJU-02", event=_T.CONTROL_GEAR_COMM_FAILURE,
        within_min=UNREACHABLE_MIN,
    ),
    "a power cut of the street": Fault(
        sets=("outage", "silent PJU-01", "refused PJU-02"), asset="FDR-01", event=_T.SUPPLY_LOSS,
        within_min=3,
    ),
    "a contactor that does not close": Fault(
        sets=("contactor open",), asset="PANEL-01", event=_T.CONTACTOR_ERROR, within_min=3,
        when="night",
    ),
    "a welded contactor": Fault(
        sets=("contactor welded",), asset="PANEL-01", event=_T.CONTACTOR_ERROR, within_min=3,
        when="day",
    ),
    "a broken photocell": Fault(
        sets=("photocell stuck",), asset="FDR-01", event=_T.LAMP_UNEXPECTED_ON, within_min=17,
        when="day",
    ),
    "a stolen cable": Fault(
        sets=("cable cut",), asset="FDR-01", event=_T.OPEN_CIRCUIT, within_min=3, when="night"
    ),
    "an open pillar": Fault(
        sets=("door",), asset="PANEL-01", event=_T.CABINET_DOOR_OPEN, within_min=2
    ),
    "a full bin": Fault(
        sets=("full TPS-01",), asset="TPS-01", event=_T.BIN_FULL, within_min=8
    ),
    "a burning bin": Fault(sets=("fire",), asset="TPS-02", event=_T.BIN_FIRE, within_min=22),
    "a tilted bin": Fault(sets=("tilted",), asset="TPS-02", event=_T.BIN_TILTED, within_min=22),
    "an empty battery": Fault(
        sets=("battery",), asset="TPS-02", event=_T.BATTERY_LOW, within_min=22
    ),
    "a dead bin sensor": Fault(
        sets=("silent TPS-01",), asset="TPS-01", event=_T.DEVICE_UNREACHABLE,
        within_min=UNREACHABLE_MIN,
    ),
    "a camera without power": _camera("unpowered CAM-01", _T.CAMERA_POWER_FAULT),
    "a camera that is gone": _camera("silent CAM-01", _T.CAMERA_NETWORK_FAULT),
    "a camera without RTSP": _camera("closed CAM-01", _T.CAMERA_SERVICE_FAULT),
    "a camera's new password": _camera("login CAM-01", _T.CAMERA_AUTH_FAULT),
    "a camera without a stream": _camera("no stream", _T.CAMERA_STREAM_FAULT, 3),
    "a dark picture": _camera("dark picture", _T.CAMERA_PICTURE_FAULT, 77),
    "a frozen picture": _camera("frozen picture", _T.CAMERA_PICTURE_FAULT, 77),
    "a covered camera": _camera("covered picture", _T.CAMERA_PICTURE_FAULT, 77),
    "a camera's wrong clock": _camera("camera clock", _T.CAMERA_CLOCK_FAULT, 12),
    "an access point that is gone": Fault(
        sets=("silent WIFI-01",), asset="WIFI-01", event=_T.ACCESS_POINT_DOWN,
        within_min=UNREACHABLE_MIN,
    ),
    "an access point's dead uplink": Fault(
        sets=("uplink down",), asset="WIFI-01", event=_T.ACCESS_POINT_DEGRADED, within_min=3
    ),
    "no internet": Fault(
        sets=("no internet",), asset="WIFI-02", event=_T.ACCESS_POINT_NO_INTERNET, within_min=3
    ),
    "a login page in the way": Fault(
        sets=("portal",), asset="WIFI-02", event=_T.CAPTIVE_PORTAL_BROKEN, within_min=3
    ),
    "a dead switch": Fault(
        sets=("silent SW-01", "silent CAM-01", "silent WIFI-01"), asset="SW-01",
        event=_T.DEVICE_UNREACHABLE, within_min=UNREACHABLE_MIN,
    ),
    "a cut RS-485 cable": Fault(
        sets=("silent PJU-01", "silent FDR-01"), asset=GATEWAY, event=_T.LINE_UNREACHABLE,
        within_min=UNREACHABLE_MIN, says="pju: ",
    ),
    "a dead network": Fault(
        sets=("silent SW-01", "silent CAM-01", "silent WIFI-01", "silent WIFI-02", "silent PJU-02"),
        asset=GATEWAY, event=_T.LINE_UNREACHABLE, within_min=UNREACHABLE_MIN, says="poles: ",
    ),
}  # fmt: skip


def lamps_out(chance: random.Random) -> Fault:
    """Some other lamps of the feeder."""
    lamps = chance.randint(1, 4)
    return Fault(
        sets=(), asset="FDR-01", event=_T.LAMPS_OUT, within_min=27, when="night", lamps=lamps,
        says=f"{lamps} of 20 lamps",
    )  # fmt: skip
