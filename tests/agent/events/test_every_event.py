"""Every event begins after its hold, ends by an easier threshold, and survives a restart."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest

from agent.errors import (
    AgentError,
    DeviceRefused,
    DeviceSilent,
    LoginRefused,
    ServiceClosed,
    Unpowered,
)
from contract.devices import Device
from contract.event_types import EventType
from contract.identity import AssetId, Kind
from contract.limits import Bin, Feeder, Lamp
from tests.agent.events.watching import DAY, NIGHT, Watching, device, words

_T = EventType
Values = Mapping[str, float]
ASSET = "X-01"


def lamp(**more: object) -> Device:
    return device(ASSET, Kind.STREETLIGHT, lamp=Lamp(rated_w=90, **more))  # type: ignore[arg-type]


LAMP = lamp()
DALI = lamp(gear="dali")
FEEDER = device(ASSET, Kind.CABINET, feeder=Feeder(lamps=20, lamp_w=90))
PANEL = device(ASSET, Kind.CABINET)
BIN = device(ASSET, Kind.WASTE_BIN, bin=Bin(empty_mm=1_200, full_mm=200))
CAMERA = device(ASSET, Kind.CAMERA)
POINT = device(ASSET, Kind.ACCESS_POINT)


def meter(watts: float, *, volts: float = 222.0, factor: float = 0.95) -> Values:
    return {
        "voltage": volts, "current": watts / 222 / 0.95, "active_power": watts,
        "power_factor": factor,
    }  # fmt: skip


STREAM = {"rtsp_status": 200.0, "video_streams": 1.0}
STORAGE = STREAM | {"storage_state": 0.0}
PICTURE = STREAM | {"picture_luma": 90.0, "picture_change": 4.0, "picture_sharpness": 80.0}


@dataclass(frozen=True, kw_only=True)
class Case:
    """`begins` and `ends` are the minutes for which it must be there, and gone.

    `between` neither begins nor ends it; empty for what has no threshold.
    """

    type: EventType
    device: Device
    bad: Values
    good: Values
    between: Values = field(default_factory=dict)
    begins: int
    ends: int
    sun_deg: float = NIGHT
    settled: int = 1  # minutes of good values before


CASES = (
    Case(type=_T.LAMP_FAILURE, device=LAMP, bad=meter(0), between=meter(22), good=meter(90),
         begins=10, ends=1),
    Case(type=_T.LAMP_UNEXPECTED_ON, device=LAMP, bad=meter(90), between=meter(6), good=meter(0),
         begins=15, ends=1, sun_deg=DAY),
    Case(type=_T.LAMP_UNEXPECTED_ON, device=FEEDER, bad=meter(90), between=meter(30),
         good=meter(0), begins=15, ends=1, sun_deg=DAY),
    Case(type=_T.CONTROL_GEAR_FAILURE, device=DALI, bad={"control_gear_failure": 1.0},
         good={"control_gear_failure": 0.0}, begins=1, ends=1),
    Case(type=_T.POWER_FACTOR_TOO_LOW, device=LAMP, bad=meter(90, factor=0.6),
         between=meter(90, factor=0.86), good=meter(90), begins=10, ends=1),
    Case(type=_T.SUPPLY_LOSS, device=LAMP, bad=meter(0, volts=0), between=meter(60, volts=120),
         good=meter(90), begins=1, ends=1),
    Case(type=_T.CONTACTOR_ERROR, device=PANEL,
         bad={"contactor_command": 1.0, "contactor_closed": 0.0},
         good={"contactor_command": 1.0, "contactor_closed": 1.0}, begins=1, ends=1),
    Case(type=_T.CABINET_DOOR_OPEN, device=PANEL, bad={"door_open": 1.0}, good={"door_open": 0.0},
         begins=0, ends=1),
    Case(type=_T.LAMPS_OUT, device=FEEDER, bad=meter(15 * 90), between=meter(18.5 * 90),
         good=meter(20 * 90), begins=10, ends=10, settled=17),
    Case(type=_T.OPEN_CIRCUIT, device=FEEDER, bad=meter(6 * 90), between=meter(11.5 * 90),
         good=meter(20 * 90), begins=1, ends=1, settled=2),
    Case(type=_T.BIN_FULL, device=BIN, bad={"filling_level": 0.81},
         between={"filling_level": 0.75}, good={"filling_level": 0.69}, begins=1, ends=0),
    Case(type=_T.BIN_FIRE, device=BIN, bad={"temperature": 61.0}, good={"temperature": 59.0},
         begins=0, ends=10),
    Case(type=_T.BIN_TILTED, device=BIN, bad={"tilted": 1.0}, good={"tilted": 0.0},
         begins=0, ends=0),
    Case(type=_T.BATTERY_LOW, device=BIN, bad={"battery_level": 19.0},
         between={"battery_level": 25.0}, good={"battery_level": 31.0}, begins=0, ends=1),
    Case(type=_T.BATTERY_LOW, device=BIN, bad={"battery_voltage": 3.1},
         between={"battery_voltage": 3.3}, good={"battery_voltage": 3.5}, begins=0, ends=1),
    Case(type=_T.CAMERA_STREAM_FAULT, device=CAMERA, bad=STREAM | {"video_streams": 0.0},
         good=STREAM, begins=1, ends=1),
    Case(type=_T.CAMERA_PICTURE_FAULT, device=CAMERA, bad=PICTURE | {"picture_luma": 5.0},
         between=PICTURE | {"picture_luma": 8.0}, good=PICTURE, begins=20, ends=1),
    Case(type=_T.CAMERA_PICTURE_FAULT, device=CAMERA, bad=PICTURE | {"picture_change": 0.1},
         between=PICTURE | {"picture_change": 0.6}, good=PICTURE, begins=20, ends=1),
    Case(type=_T.CAMERA_PICTURE_FAULT, device=CAMERA, bad=PICTURE | {"picture_sharpness": 1.0},
         between=PICTURE | {"picture_sharpness": 4.0}, good=PICTURE, begins=20, ends=1),
    Case(type=_T.CAMERA_CLOCK_FAULT, device=CAMERA, bad=STREAM | {"clock_drift": -61.0},
         between=STREAM | {"clock_drift": 45.0}, good=STREAM | {"clock_drift": 1.0},
         begins=10, ends=1),
    Case(type=_T.CAMERA_STORAGE_FAULT, device=CAMERA, bad=STORAGE | {"storage_state": 2.0},
         good=STORAGE, begins=20, ends=0, between={}),
    Case(type=_T.ACCESS_POINT_NO_INTERNET, device=POINT, bad={"internet_ok": 0.0},
         good={"internet_ok": 1.0}, begins=1, ends=1),
    Case(type=_T.CAPTIVE_PORTAL_BROKEN, device=POINT, bad={"captive_portal": 1.0},
         good={"captive_portal": 0.0}, begins=1, ends=1),
    Case(type=_T.ACCESS_POINT_DEGRADED, device=POINT, bad={"response_time": 1_200.0},
         between={"response_time": 700.0}, good={"response_time": 80.0}, begins=1, ends=1),
)  # fmt: skip
JUDGED = pytest.mark.parametrize("case", CASES, ids=lambda case: case.type)
LOST: tuple[tuple[EventType, Device, AgentError], ...] = (
    (_T.DEVICE_UNREACHABLE, LAMP, DeviceSilent("unit 1 gave no answer")),
    (_T.CONTROL_GEAR_COMM_FAILURE, DALI, DeviceRefused("gateway target does not answer")),
    (_T.CAMERA_POWER_FAULT, CAMERA, Unpowered("the switch's port 5 is searching")),
    (_T.CAMERA_NETWORK_FAULT, CAMERA, DeviceSilent("no answer within 3000 ms")),
    (_T.CAMERA_SERVICE_FAULT, CAMERA, ServiceClosed("nothing listens on port 554")),
    (_T.CAMERA_AUTH_FAULT, CAMERA, LoginRefused("the camera refuses the user and password")),
    (_T.ACCESS_POINT_DOWN, POINT, DeviceSilent("no answer within 2000 ms")),
)
ELSEWHERE = {_T.CYCLING_FAILURE, _T.BIN_COLLECTED, _T.LINE_UNREACHABLE}  # each has its own below


def watching(case: Case) -> Watching:
    made = Watching(case.device, sun_deg=case.sun_deg)
    assert made.see(ASSET, minutes=case.settled, **case.good) == []
    return made


def begun(case: Case) -> Watching:
    made = watching(case)
    assert made.see(ASSET, minutes=case.begins + 1, **case.bad) == [f"+{case.type} {ASSET}"]
    return made


def test_no_event_is_left_out() -> None:
    assert {one.type for one in CASES} | {one for one, _, _ in LOST} | ELSEWHERE == set(EventType)


@JUDGED
def test_it_begins_once_when_it_was_there_for_so_long(case: Case) -> None:
    made = watching(case)
    assert made.see(ASSET, minutes=case.begins, **case.bad) == []
    assert made.see(ASSET, minutes=5, **case.bad) == [f"+{case.type} {ASSET}"]


@JUDGED
def test_what_lies_between_the_thresholds_neither_begins_nor_ends_it(case: Case) -> None:
    if case.between:
        told = watching(case).see(ASSET, minutes=60, **case.between)
        assert f"+{case.type} {ASSET}" not in told
        assert begun(case).see(ASSET, minutes=60, **case.between) == []


@JUDGED
def test_it_ends_when_it_was_gone_for_so_long(case: Case) -> None:
    made = begun(case)
    assert made.see(ASSET, minutes=case.ends, **case.good) == []
    assert made.see(ASSET, minutes=5, **case.good) == [f"-{case.type} {ASSET}"]


@JUDGED
def test_it_survives_a_restart_and_ends_under_its_id(case: Case) -> None:
    made = begun(case)
    made.restart()
    assert made.see(ASSET, minutes=60, **case.bad) == []
    assert made.see(ASSET, minutes=60, **case.good) == [f"-{case.type} {ASSET}"]
    assert len({event.id for event in made.told}) == 1


@JUDGED
def test_a_restart_in_the_middle_only_begins_the_wait_anew(case: Case) -> None:
    made = watching(case)
    made.see(ASSET, minutes=case.begins, **case.bad)
    made.restart()
    assert made.see(ASSET, minutes=case.begins, **case.bad) == []
    if case.type is not _T.OPEN_CIRCUIT:  # that the current fell at once, nobody knows any more
        more = case.settled + case.begins
        assert made.see(ASSET, minutes=more, **case.bad) == [f"+{case.type} {ASSET}"]


@JUDGED
def test_a_wait_does_not_outlast_a_device_that_was_gone(case: Case) -> None:
    made = watching(case)
    made.see(ASSET, minutes=case.begins, **case.bad)
    made.miss(ASSET, DeviceSilent("no answer"), minutes=30)
    told = made.see(ASSET, minutes=1, **case.bad)
    assert f"+{case.type} {ASSET}" not in told or case.begins == 0


@pytest.mark.parametrize(("kind", "asset", "error"), LOST, ids=[str(one[0]) for one in LOST])
def test_what_gives_nothing_is_told_once_over_a_restart_and_ends_when_it_speaks(
    kind: EventType, asset: Device, error: AgentError
) -> None:
    made = Watching(asset)
    assert made.miss(ASSET, error, minutes=9) == [f"+{kind} {ASSET}"]
    made.restart()
    assert made.watch.is_lost(AssetId(ASSET))
    assert made.miss(ASSET, error, minutes=9) == []
    assert made.see(ASSET, uptime=1.0) == [f"-{kind} {ASSET}"]
    assert len({event.id for event in made.told}) == 1


def test_a_cycling_lamp_is_told_once_over_a_restart_and_ends_after_a_quiet_window() -> None:
    made = Watching(LAMP)
    told = [word for n in range(10) for word in made.see(ASSET, minutes=4, **meter(90 * (n % 2)))]
    assert told == [f"+cyclingFailure {ASSET}"]
    made.restart()
    assert made.see(ASSET, minutes=30, **meter(90)) == []
    assert made.see(ASSET, minutes=2, **meter(90)) == [f"-cyclingFailure {ASSET}"]


def test_a_collection_is_told_once_though_the_agent_restarts_in_it() -> None:
    made = Watching(BIN)
    made.see(ASSET, minutes=5, distance=500.0)
    made.restart()
    told = made.see(ASSET, minutes=30, distance=1_180.0)
    assert told == [f"+binCollected {ASSET}", f"-binCollected {ASSET}"]


def test_a_dead_line_is_told_once_over_a_restart() -> None:
    made = Watching(LAMP)
    for _ in range(2):
        made.watch.line_dead("pju", [AssetId(ASSET)], "no device answers", made.now_ms)
        made.restart()
    assert made.watch.line_alive("pju", [AssetId(ASSET)], made.now_ms)
    assert words(made.told) == ["+lineUnreachable bb-0001", "-lineUnreachable bb-0001"]
