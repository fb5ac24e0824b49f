"""What looks like a fault and is none, or is another's, wakes nobody."""

from agent.errors import DeviceRefused, DeviceSilent, FrameError
from contract.identity import AssetId, Kind
from contract.limits import Feeder, Lamp
from tests.agent.events.test_lamps import CLOSED, GOOD, OUT, fed
from tests.agent.events.watching import DAY, NIGHT, Watching, device

SILENT = DeviceSilent("no answer within 300 ms")
REFUSED = DeviceRefused("unit 1 refuses: gateway target does not answer (exception 0x0b)")
DEAD = {"voltage": 0.0, "current": 0.0, "active_power": 0.0, "power_factor": 0.0}
OPENED = {"contactor_command": 0.0, "contactor_closed": 0.0}

PANEL = device("PANEL-01", Kind.CABINET)
FEEDER = device("FDR-01", Kind.CABINET, fed_by="PANEL-01", feeder=Feeder(lamps=20, lamp_w=90))
LAMP = device("PJU-01", Kind.STREETLIGHT, fed_by="FDR-01", lamp=Lamp(rated_w=90))
GEAR = device("PJU-02", Kind.STREETLIGHT, fed_by="FDR-01", lamp=Lamp(rated_w=90, gear="dali"))
BEHIND = device("PJU-01", Kind.STREETLIGHT, fed_by="PANEL-01", switched=True, lamp=Lamp(rated_w=90))
SWITCH = device("SW-01", Kind.SWITCH)
CAMERA = device("CAM-01", Kind.CAMERA, fed_by="SW-01")


def dead_line(watching: Watching, *assets: str) -> None:
    named = [AssetId(asset) for asset in assets]
    watching.watch.line_dead("pju", named, "no device answers", watching.now_ms)


def test_a_dead_switch_explains_whatever_device_hangs_on_it() -> None:
    behind = device("PJU-01", Kind.STREETLIGHT, fed_by="SW-01", lamp=Lamp(rated_w=90, gear="dali"))
    watching = Watching(SWITCH, behind, CAMERA)
    assert watching.miss("SW-01", SILENT) == ["+deviceUnreachable SW-01"]
    assert watching.told[0].detail.endswith("explains what hangs on it (2)")
    for error in (SILENT, REFUSED):
        assert watching.miss("PJU-01", error, minutes=5) == []
    assert watching.miss("CAM-01", SILENT, minutes=5) == []


def test_a_silent_cabinet_explains_silent_lamps_and_no_dark_one() -> None:
    watching = Watching(FEEDER, LAMP, GEAR)
    watching.miss("FDR-01", SILENT)
    assert watching.miss("PJU-02", REFUSED, minutes=5) == []
    assert watching.see("PJU-01", minutes=12, **OUT) == ["+lampFailure PJU-01"]


def test_a_dead_line_explains_what_its_devices_feed_by_another_line() -> None:
    watching = Watching(SWITCH, CAMERA)
    dead_line(watching, "SW-01")
    assert watching.told[0].detail.endswith("2 devices hang on it")
    assert watching.miss("CAM-01", SILENT, minutes=5) == []
    watching.restart()
    dead_line(watching, "SW-01")
    assert watching.miss("CAM-01", SILENT, minutes=5) == []
    watching.watch.line_alive("pju", [AssetId("SW-01")], watching.now_ms)
    assert watching.miss("CAM-01", SILENT) == ["+cameraNetworkFault CAM-01"]


def test_what_was_told_just_before_its_line_died_is_ended_as_explained() -> None:
    watching = Watching(SWITCH, CAMERA)
    watching.miss("CAM-01", SILENT)
    dead_line(watching, "SW-01")
    assert watching.told[-1].detail == "explained by lineUnreachable"


def test_a_dead_line_hides_no_fault_that_it_does_not_explain() -> None:
    watching = Watching(FEEDER, GEAR)
    watching.watch.failed(AssetId("FDR-01"), gone=False)
    dead_line(watching, "FDR-01")
    told = watching.see("PJU-02", minutes=12, lamp_failure=1.0)
    assert told == ["+lampFailure PJU-02"]


def test_one_missed_answer_of_a_feeder_only_makes_its_lamps_wait() -> None:
    watching = Watching(FEEDER, LAMP)
    watching.see("FDR-01", minutes=17, **fed(20))
    watching.see("PJU-01", minutes=10, **OUT)
    watching.watch.failed(AssetId("FDR-01"), gone=False)
    assert watching.see("PJU-01", minutes=1, **OUT) == []
    watching.see("FDR-01", **fed(20))
    assert watching.see("PJU-01", minutes=1, **OUT) == ["+lampFailure PJU-01"]


def test_a_brownout_is_one_event_and_kills_no_lamp() -> None:
    watching = Watching(LAMP)
    watching.see("PJU-01", minutes=5, **GOOD)
    assert watching.see("PJU-01", minutes=5, **DEAD) == ["+supplyLoss PJU-01"]
    assert watching.see("PJU-01", minutes=60, **(DEAD | {"voltage": 120.0})) == []
    assert watching.see("PJU-01", minutes=5, **GOOD) == ["-supplyLoss PJU-01"]


def test_a_meter_behind_an_open_contactor_may_be_without_voltage_or_silent() -> None:
    watching = Watching(PANEL, BEHIND, sun_deg=DAY)
    told = list[str]()
    for _ in range(30):
        told += watching.see("PANEL-01", **OPENED)
        told += watching.see("PJU-01", **DEAD)
        told += watching.miss("PJU-01", SILENT)
    assert told == []
    watching.sun_deg = NIGHT
    watching.see("PANEL-01", **CLOSED)
    assert watching.miss("PJU-01", SILENT) == ["+deviceUnreachable PJU-01"]
    assert watching.see("PJU-01", minutes=2, **DEAD)[1:] == ["+supplyLoss PJU-01"]


def test_a_meter_before_the_contactor_has_no_such_excuse() -> None:
    watching = Watching(PANEL, FEEDER, sun_deg=DAY)
    watching.see("PANEL-01", **OPENED)
    assert watching.see("FDR-01", minutes=2, **DEAD) == ["+supplyLoss FDR-01"]


def test_a_contactor_of_which_nothing_was_heard_for_long_excuses_nothing() -> None:
    watching = Watching(PANEL, BEHIND, sun_deg=DAY)
    watching.see("PANEL-01", **OPENED)
    assert watching.miss("PJU-01", SILENT, minutes=10) == []
    assert watching.miss("PJU-01", SILENT, minutes=2) == ["+deviceUnreachable PJU-01"]


def test_values_that_are_suspect_begin_and_end_nothing() -> None:
    watching = Watching(LAMP)
    impossible = {"voltage": -1.0, "active_power": -1.0, "power_factor": 7.0}
    assert watching.see("PJU-01", minutes=60, **impossible) == []
    watching.see("PJU-01", minutes=12, **OUT)
    assert watching.see("PJU-01", minutes=60, **impossible) == []


def test_while_nobody_vouches_for_the_time_no_lamp_is_judged_by_the_sun() -> None:
    for sun_deg, values in ((NIGHT, OUT), (DAY, GOOD)):
        watching = Watching(LAMP, sun_deg=sun_deg)
        watching.clock.seen = None
        assert watching.see("PJU-01", minutes=120, **values) == []


def test_a_clock_that_is_lost_and_found_at_dusk_leaves_the_lamps_their_time_to_warm_up() -> None:
    watching = Watching(FEEDER)
    watching.see("FDR-01", minutes=60, **fed(20))
    watching.clock.seen, seen = None, watching.clock.seen
    watching.see("FDR-01", minutes=600, **fed(0))
    watching.clock.seen = seen
    assert watching.see("FDR-01", minutes=14, **fed(12)) == []
    assert watching.see("FDR-01", minutes=60, **fed(20)) == []


def test_a_current_that_fell_while_nobody_looked_is_no_cut_cable() -> None:
    watching = Watching(FEEDER)
    watching.see("FDR-01", minutes=5, **fed(20))
    watching.now_ms += 3_600_000
    assert "+openCircuit FDR-01" not in watching.see("FDR-01", minutes=5, **fed(8))


def test_a_pillar_that_answers_no_more_is_not_believed_when_its_lamps_go_out() -> None:
    watching = Watching(FEEDER, PANEL)
    watching.clock.seen = None
    watching.see("PANEL-01", contactor_command=1.0, contactor_closed=1.0, photocell_dark=1.0)
    watching.see("FDR-01", minutes=3, **fed(20))
    watching.watch.line_dead("pins", [AssetId("PANEL-01")], "gone", watching.now_ms)
    assert watching.see("FDR-01", minutes=5, **fed(0)) == []


def test_a_read_with_an_impossible_voltage_is_no_fall_of_the_current() -> None:
    watching = Watching(FEEDER, PANEL)
    watching.see("PANEL-01", **CLOSED)
    watching.see("FDR-01", minutes=3, **fed(20))
    told = watching.see("FDR-01", **(fed(20) | {"voltage": 6_553.5, "current": 0.29}))
    told += watching.see("FDR-01", **fed(0))  # switched off, before the pillar is asked
    told += watching.see("PANEL-01", **OPENED)
    assert told + watching.see("FDR-01", minutes=5, **fed(0)) == []


def test_a_lamp_that_goes_out_in_a_brownout_has_not_failed() -> None:
    watching = Watching(LAMP)
    watching.see("PJU-01", minutes=3, **GOOD)
    assert watching.see("PJU-01", minutes=30, **(OUT | {"voltage": 130.0})) == []


def test_a_count_that_changed_while_the_agent_was_down_is_told_anew() -> None:
    watching = Watching(FEEDER)
    watching.see("FDR-01", minutes=17, **fed(20))
    watching.see("FDR-01", minutes=12, **fed(17))
    watching.restart()
    assert watching.see("FDR-01", minutes=40, **fed(17)) == []
    watching.restart()
    watching.see("FDR-01", minutes=40, **fed(15))
    assert [event.detail for event in watching.told] == [
        "3 of 20 lamps", "now 5 of 20 lamps", "5 of 20 lamps",
    ]  # fmt: skip


def test_a_camera_is_told_by_its_first_cause_though_its_picture_is_seldom_looked_at() -> None:
    watching = Watching(CAMERA)
    stream = {"rtsp_status": 200.0, "video_streams": 1.0, "clock_drift": 3_600.0}
    told = list[str]()
    for _ in range(5):
        told += watching.see("CAM-01", **(stream | {"picture_luma": 1.0}))
        told += watching.see("CAM-01", minutes=8, **(stream | {"clock_drift": 0.0}))
    assert told == ["+cameraPictureFault CAM-01"]
    assert watching.see("CAM-01", minutes=14, **stream) == []


def test_garbage_from_a_device_is_its_own_event_and_no_dead_line() -> None:
    watching = Watching(LAMP)
    garbage = FrameError("no whole answer of unit 1 in 3 bytes: 01 04 ff")
    assert watching.miss("PJU-01", garbage, minutes=3) == ["+deviceUnreachable PJU-01"]
