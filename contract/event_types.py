"""What a gateway wakes someone for: each event's name, its meaning, and whose name it is."""

from dataclasses import dataclass
from enum import StrEnum

TALQ = "TALQ 2.7.1"
UCIFI = "uCIFI 3416"


class EventType(StrEnum):
    """The name of an event as it is sealed and told."""

    DEVICE_UNREACHABLE = "deviceUnreachable"
    LINE_UNREACHABLE = "lineUnreachable"
    LAMP_FAILURE = "lampFailure"
    LAMP_UNEXPECTED_ON = "lampUnexpectedOn"
    CYCLING_FAILURE = "cyclingFailure"
    CONTROL_GEAR_FAILURE = "controlGearFailure"
    CONTROL_GEAR_COMM_FAILURE = "controlGearCommFailure"
    POWER_FACTOR_TOO_LOW = "powerFactorTooLow"
    SUPPLY_LOSS = "supplyLoss"
    CONTACTOR_ERROR = "contactorError"
    CABINET_DOOR_OPEN = "cabinetDoorOpen"
    LAMPS_OUT = "lampsOut"
    OPEN_CIRCUIT = "openCircuit"
    BIN_FULL = "binFull"
    BIN_FIRE = "binFire"
    BIN_TILTED = "binTilted"
    BIN_COLLECTED = "binCollected"
    BATTERY_LOW = "batteryLow"
    CAMERA_POWER_FAULT = "cameraPowerFault"
    CAMERA_NETWORK_FAULT = "cameraNetworkFault"
    CAMERA_SERVICE_FAULT = "cameraServiceFault"
    CAMERA_AUTH_FAULT = "cameraAuthFault"
    CAMERA_STREAM_FAULT = "cameraStreamFault"
    CAMERA_PICTURE_FAULT = "cameraPictureFault"
    CAMERA_CLOCK_FAULT = "cameraClockFault"
    CAMERA_STORAGE_FAULT = "cameraStorageFault"
    ACCESS_POINT_DOWN = "accessPointDown"
    ACCESS_POINT_NO_INTERNET = "accessPointNoInternet"
    CAPTIVE_PORTAL_BROKEN = "captivePortalBroken"
    ACCESS_POINT_DEGRADED = "accessPointDegraded"


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What an event says, and the standard that gave it its name, if one did."""

    meaning: str
    named_by: str = ""


_T = EventType
EVENTS: dict[EventType, About] = {
    _T.DEVICE_UNREACHABLE: About(meaning="the device has not answered several times in a row"),
    _T.LINE_UNREACHABLE: About(
        meaning="no device on one of the gateway's lines answers; told for the gateway, once"
    ),
    _T.LAMP_FAILURE: About(
        meaning="the lamp should burn and draws too little, or its gear says it failed",
        named_by=f"{TALQ}, {UCIFI}/5",
    ),
    _T.LAMP_UNEXPECTED_ON: About(
        meaning="the lamp or its whole feeder burns by day", named_by=f"{TALQ}, {UCIFI}/10"
    ),
    _T.CYCLING_FAILURE: About(
        meaning="the lamp goes out and comes on again, over and over",
        named_by=f"{TALQ}, {UCIFI}/11",
    ),
    _T.CONTROL_GEAR_FAILURE: About(
        meaning="the control gear reports itself failed", named_by=f"{UCIFI}/7"
    ),
    _T.CONTROL_GEAR_COMM_FAILURE: About(
        meaning="the gateway's controller answers, the lamp's control gear does not",
        named_by=f"{TALQ}, {UCIFI}/12",
    ),
    _T.POWER_FACTOR_TOO_LOW: About(
        meaning="the lamp burns with a bad power factor; its capacitor may be dying", named_by=TALQ
    ),
    _T.SUPPLY_LOSS: About(meaning="the mains voltage is gone", named_by=TALQ),
    _T.CONTACTOR_ERROR: About(meaning="the contactor does not do what it is told", named_by=TALQ),
    _T.CABINET_DOOR_OPEN: About(meaning="the door of the feeder pillar is open", named_by=TALQ),
    _T.LAMPS_OUT: About(meaning="so many lamps of a feeder draw nothing; the detail counts them"),
    _T.OPEN_CIRCUIT: About(
        meaning="the current fell at once while the contactor is closed and the voltage there:"
        " a broken or stolen cable"
    ),
    _T.BIN_FULL: About(meaning="the bin's filling level passed its threshold"),
    _T.BIN_FIRE: About(meaning="it is too hot in the bin, or becomes hot too fast"),
    _T.BIN_TILTED: About(meaning="the bin lies down or its lid is open"),
    _T.BIN_COLLECTED: About(meaning="the bin was emptied; begins and ends at once"),
    _T.BATTERY_LOW: About(meaning="the sensor's battery is nearly empty"),
    _T.CAMERA_POWER_FAULT: About(meaning="the switch gives the camera no power"),
    _T.CAMERA_NETWORK_FAULT: About(meaning="the camera has power or none is known; no answer"),
    _T.CAMERA_SERVICE_FAULT: About(meaning="the camera's host answers, its RTSP service does not"),
    _T.CAMERA_AUTH_FAULT: About(meaning="the camera refuses the user and password"),
    _T.CAMERA_STREAM_FAULT: About(meaning="the camera answers and describes no video"),
    _T.CAMERA_PICTURE_FAULT: About(meaning="the picture is dark, frozen or covered"),
    _T.CAMERA_CLOCK_FAULT: About(
        meaning="the camera's clock is wrong: its recordings are misdated"
    ),
    _T.CAMERA_STORAGE_FAULT: About(meaning="the camera says its storage is full, broken or absent"),
    _T.ACCESS_POINT_DOWN: About(meaning="the access point does not answer"),
    _T.ACCESS_POINT_NO_INTERNET: About(meaning="the public network reaches no internet"),
    _T.CAPTIVE_PORTAL_BROKEN: About(
        meaning="a login page stands where there should be none, or is missing"
    ),
    _T.ACCESS_POINT_DEGRADED: About(meaning="the access point's uplink is down or answers slowly"),
}
