"""What can happen in a district, what it must be called, and how soon it must be told."""

import random
from dataclasses import dataclass
from typing import Literal

from contract.event_types import EventType

_T = EventType
UNREACHABLE_MIN = 4  # three rounds in a row, and the one it fell into
REPORT_MIN = 22  # a LoRaWAN sensor's report, and two rounds
MISSING_MIN = 64  # three reports, and then three rounds
GATEWAY = "bb-0001"

Area = Literal["street", "bins", "network"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """`sets` are the district's switches; exactly one event must tell of it, in time.

    Two faults never share an area. Events of `early` may be told first, if they are then ended as
    explained by this one. `by_sun` is one that only the sun shows, `at_once` one that is known by
    the moment when it happens, so that a gateway that starts then sees only what follows from it.
    """

    sets: tuple[str, ...]
    areas: tuple[Area, ...]
    asset: str
    event: EventType
    within_min: int
    lasts_min: tuple[int, int] = (60, 240)
    when: Literal["any", "night", "day"] = "any"
    lamps: int = 0
    says: str = ""
    early: tuple[str, ...] = ()
    by_sun: bool = False
    at_once: bool = False


def _street(asset: str, sets: str, event: EventType, within: int, **more: object) -> Fault:
    return Fault(
        sets=tuple(sets.split(", ")), areas=("street",), asset=asset, event=event,
        within_min=within, **more,  # type: ignore[arg-type]
    )  # fmt: skip


def _bin(asset: str, sets: str, event: EventType, within: int = REPORT_MIN) -> Fault:
    return Fault(sets=(sets,), areas=("bins",), asset=asset, event=event, within_min=within)


def _node(asset: str, sets: str, event: EventType, within: int = UNREACHABLE_MIN) -> Fault:
    return Fault(sets=(sets,), areas=("network",), asset=asset, event=event, within_min=within)


FAULTS: dict[str, Fault] = {
    "a dead lamp": _street("PJU-01", "lamp dead", _T.LAMP_FAILURE, 12, when="night"),
    "a cycling lamp": _street(
        "PJU-01", "cycling", _T.CYCLING_FAILURE, 32, when="night", lasts_min=(90, 200)
    ),
    "a day burner": _street("PJU-01", "burning by day", _T.LAMP_UNEXPECTED_ON, 17, when="day"),
    "a dying capacitor": _street(
        "PJU-01", "bad capacitor", _T.POWER_FACTOR_TOO_LOW, 12, when="night"
    ),
    "a brownout at one lamp": _street("PJU-01", "brownout", _T.SUPPLY_LOSS, 12, when="night"),
    "a failed lamp behind DALI": _street("PJU-02", "gear lamp failed", _T.LAMP_FAILURE, 12),
    "a failed control gear": _street("PJU-02", "gear failed", _T.CONTROL_GEAR_FAILURE, 3),
    "a control gear that is gone": _street(
        "PJU-02", "refused PJU-02", _T.CONTROL_GEAR_COMM_FAILURE, UNREACHABLE_MIN
    ),
    "a dead DALI gateway": _street(
        "PJU-02", "silent PJU-02", _T.DEVICE_UNREACHABLE, UNREACHABLE_MIN
    ),
    "a dead meter behind the contactor": _street(
        "PJU-03", "silent PJU-03", _T.DEVICE_UNREACHABLE, UNREACHABLE_MIN, when="night"
    ),
    "a power cut of the street": _street(
        "FDR-01", "outage, silent PJU-01, refused PJU-02", _T.SUPPLY_LOSS, 3
    ),
    "a contactor that does not close": _street(
        "PANEL-01", "contactor open", _T.CONTACTOR_ERROR, 3, when="night"
    ),
    "a welded contactor": _street(
        "PANEL-01", "contactor welded", _T.CONTACTOR_ERROR, 3, when="day"
    ),
    "a broken photocell": _street(
        "FDR-01", "photocell stuck", _T.LAMP_UNEXPECTED_ON, 17, when="day", by_sun=True
    ),
    "a stolen cable": _street(
        "FDR-01", "cable cut", _T.OPEN_CIRCUIT, 3, when="night", at_once=True
    ),
    "an open pillar": _street("PANEL-01", "door", _T.CABINET_DOOR_OPEN, 2),
    "a pillar without its pins": _street(
        GATEWAY, "gone PANEL-01", _T.LINE_UNREACHABLE, UNREACHABLE_MIN, says="pins: "
    ),
    "a dead feeder meter": _street(
        "FDR-01", "silent FDR-01", _T.DEVICE_UNREACHABLE, UNREACHABLE_MIN, when="night"
    ),
    "a cut RS-485 cable": _street(
        GATEWAY, "silent PJU-01, silent FDR-01, silent PJU-03", _T.LINE_UNREACHABLE,
        UNREACHABLE_MIN, says="pju: ",
    ),
    "a full bin": _bin("TPS-01", "full TPS-01", _T.BIN_FULL, 8),
    "a full bin that reports rarely": _bin("TPS-02", "full TPS-02", _T.BIN_FULL, 4 * REPORT_MIN),
    "a burning bin": _bin("TPS-02", "fire", _T.BIN_FIRE),
    "a smouldering bin": _bin("TPS-03", "smouldering", _T.BIN_FIRE),
    "a tilted bin": _bin("TPS-02", "tilted", _T.BIN_TILTED),
    "an empty battery": _bin("TPS-02", "battery", _T.BATTERY_LOW),
    "a weak cell": _bin("TPS-03", "weak cell", _T.BATTERY_LOW),
    "a dead bin sensor": _bin("TPS-01", "silent TPS-01", _T.DEVICE_UNREACHABLE, UNREACHABLE_MIN),
    "a LoRaWAN sensor that is gone": _bin(
        "TPS-02", "silent TPS-02", _T.DEVICE_UNREACHABLE, MISSING_MIN
    ),
    "a dead LoRaWAN gateway": Fault(
        sets=("silent TPS-02", "silent TPS-03"), areas=("bins",), asset=GATEWAY,
        event=_T.LINE_UNREACHABLE, within_min=MISSING_MIN + REPORT_MIN, lasts_min=(120, 300),
        says="lorawan: ", early=("TPS-02", "TPS-03"),
    ),
    "a camera without power": _node("CAM-01", "unpowered CAM-01", _T.CAMERA_POWER_FAULT),
    "a camera that is gone": _node("CAM-01", "silent CAM-01", _T.CAMERA_NETWORK_FAULT),
    "a camera without RTSP": _node("CAM-01", "closed CAM-01", _T.CAMERA_SERVICE_FAULT),
    "a camera's new password": _node("CAM-01", "login CAM-01", _T.CAMERA_AUTH_FAULT),
    "a camera without a stream": _node("CAM-01", "no stream", _T.CAMERA_STREAM_FAULT, 3),
    "a dark picture": _node("CAM-01", "dark picture", _T.CAMERA_PICTURE_FAULT, 47),
    "a frozen picture": _node("CAM-01", "frozen picture", _T.CAMERA_PICTURE_FAULT, 47),
    "a covered camera": _node("CAM-01", "covered picture", _T.CAMERA_PICTURE_FAULT, 47),
    "a camera's wrong clock": _node("CAM-01", "camera clock", _T.CAMERA_CLOCK_FAULT, 12),
    "a camera's broken card": _node("CAM-01", "broken card", _T.CAMERA_STORAGE_FAULT, 47),
    "an access point that is gone": _node("WIFI-01", "silent WIFI-01", _T.ACCESS_POINT_DOWN),
    "an access point's dead uplink": _node("WIFI-01", "uplink down", _T.ACCESS_POINT_DEGRADED, 3),
    "a slow access point": _node("WIFI-01", "slow", _T.ACCESS_POINT_DEGRADED, 3),
    "no internet": _node("WIFI-02", "no internet", _T.ACCESS_POINT_NO_INTERNET, 3),
    "no names": _node("WIFI-02", "no names", _T.ACCESS_POINT_NO_INTERNET, 3),
    "a login page in the way": _node("WIFI-02", "portal", _T.CAPTIVE_PORTAL_BROKEN, 3),
    "a login page that is missing": _node("WIFI-03", "no portal", _T.CAPTIVE_PORTAL_BROKEN, 3),
    "a dead switch": Fault(
        sets=("silent SW-01", "silent CAM-01", "silent WIFI-01"), areas=("network",),
        asset="SW-01", event=_T.DEVICE_UNREACHABLE, within_min=UNREACHABLE_MIN,
    ),
    "a dead network": Fault(
        sets=("silent SW-01", "silent CAM-01", "silent WIFI-01", "silent WIFI-02",
              "silent WIFI-03", "silent PJU-02"),
        areas=("network", "street"), asset=GATEWAY, event=_T.LINE_UNREACHABLE,
        within_min=UNREACHABLE_MIN, says="poles: ",
    ),
}  # fmt: skip
LAMPS_OUT = "lamps out"
NAMES = (*FAULTS, LAMPS_OUT)


def fault_of(name: str, chance: random.Random) -> Fault:
    """One of them; of the feeder's lamps some."""
    return FAULTS[name] if name in FAULTS else lamps_out(chance.randint(1, 4))


def lamps_out(lamps: int) -> Fault:
    """So many other lamps of the feeder."""
    return Fault(
        sets=(), areas=("street",), asset="FDR-01", event=_T.LAMPS_OUT, within_min=43,
        when="night", lamps=lamps, says=f"{lamps} of 20 lamps",
    )  # fmt: skip
