from collections.abc import Sequence
from itertools import chain, repeat

import pytest

from agent.drivers.driver import Observation
from agent.drivers.hotspot import Met, observe
from agent.errors import (
    AgentError,
    DeviceSilent,
    FrameError,
    LoginRefused,
    ServiceClosed,
    Unpowered,
)
from agent.events.line_watch import LineWatch
from agent.reachability import Reachability
from contract.devices import Device
from contract.identity import AssetId, Kind
from contract.limits import Feeder
from contract.serial_devices import ModbusMap
from contract.settings import SerialLine, judged_names
from tests.agent.events.watching import Watching, device, words

CAMERA = device("CAM-01", Kind.CAMERA, fed_by="SW-01")
SWITCH = device("SW-01", Kind.SWITCH)
POINT = device("WIFI-01", Kind.ACCESS_POINT)
SILENT = DeviceSilent("no answer within 3000 ms")
HEARD = (Observation(quantity="response_time", value=4.0),)
WELL = {"rtsp_status": 200.0, "video_streams": 1.0, "clock_drift": 0.4}


def lost(error: AgentError) -> list[str]:
    watching = Watching(CAMERA)
    watching.watch.lost(AssetId("CAM-01"), error, str(error), 1_000)
    return words(watching.told)


def test_a_camera_is_told_by_its_cause() -> None:
    assert lost(SILENT) == ["+cameraNetworkFault CAM-01"]
    assert lost(Unpowered("the port is searching")) == ["+cameraPowerFault CAM-01"]
    assert lost(ServiceClosed("nothing listens")) == ["+cameraServiceFault CAM-01"]
    assert lost(FrameError("not an RTSP answer")) == ["+cameraServiceFault CAM-01"]
    assert lost(LoginRefused("refused")) == ["+cameraAuthFault CAM-01"]


def test_a_camera_has_one_cause_at_a_time() -> None:
    watching = Watching(CAMERA)
    watching.see("CAM-01", **WELL)
    assert watching.see("CAM-01", minutes=3, **(WELL | {"video_streams": 0.0})) == [
        "+cameraStreamFault CAM-01"
    ]
    watching.watch.lost(AssetId("CAM-01"), SILENT, str(SILENT), watching.now_ms)
    assert words(watching.told[1:]) == [
        "+cameraNetworkFault CAM-01",
        "-cameraStreamFault CAM-01",
    ]


def test_a_wrong_clock_is_told_after_ten_minutes() -> None:
    watching = Watching(CAMERA)
    assert watching.see("CAM-01", minutes=12, **(WELL | {"clock_drift": -7_200.0})) == [
        "+cameraClockFault CAM-01"
    ]
    assert watching.told[0].detail == "-7200 s"


def test_an_access_point_says_what_its_people_lack() -> None:
    watching = Watching(POINT)
    assert watching.see("WIFI-01", minutes=3, internet_ok=0.0, captive_portal=0.0, dns_ok=0.0) == [
        "+accessPointNoInternet WIFI-01"
    ]
    assert watching.told[0].detail == "no name is found"
    assert Watching(POINT).see("WIFI-01", minutes=3, internet_ok=0.0, captive_portal=1.0) == [
        "+captivePortalBroken WIFI-01"
    ]
    assert Watching(POINT).see("WIFI-01", minutes=3, interface_up=0.0) == [
        "+accessPointDegraded WIFI-01"
    ]


def hotspot(met: Met, *, page_ms: int = 40) -> dict[str, float]:
    """What the probe's finding says."""
    return {one.quantity: one.value for one in observe(met, dns_ms=9, page_ms=page_ms)}


@pytest.mark.parametrize(
    ("met", "expects", "told", "words"),
    [
        (Met.OK, "internet", [], ""),
        (Met.DNS_FAIL, "internet", ["+accessPointNoInternet WIFI-01"], "no name is found"),
        (Met.NO_ROUTE, "internet", ["+accessPointNoInternet WIFI-01"], "no page answers"),
        (Met.INTERCEPTED, "internet", ["+accessPointNoInternet WIFI-01"], "somebody else"),
        (Met.PORTAL, "internet", ["+captivePortalBroken WIFI-01"], "a login page stands"),
        (Met.PORTAL, "portal", [], ""),
        (Met.OK, "portal", ["+captivePortalBroken WIFI-01"], "no login page"),
        (Met.DNS_FAIL, "portal", ["+accessPointNoInternet WIFI-01"], "no name is found"),
    ],
)
def test_what_a_guest_meets_is_one_event(
    met: Met, expects: str, told: list[str], words: str
) -> None:
    point = device("WIFI-01", Kind.ACCESS_POINT, access_point={"expects": expects})
    watching = Watching(point)
    assert watching.see("WIFI-01", minutes=4, **hotspot(met)) == told
    assert all(words in event.detail for event in watching.told)


def test_a_slow_page_is_told_and_stays_told_between_two_probes() -> None:
    watching = Watching(POINT)
    slow = hotspot(Met.OK, page_ms=2_500)
    for _ in range(3):
        watching.see("WIFI-01", **slow, interface_up=1.0)
        watching.see("WIFI-01", interface_up=1.0)
    assert words(watching.told) == ["+accessPointDegraded WIFI-01"]
    watching.see("WIFI-01", minutes=6, **hotspot(Met.OK), interface_up=1.0)
    assert words(watching.told)[1:] == ["-accessPointDegraded WIFI-01"]


def test_no_internet_is_the_only_event_also_in_the_rounds_between_two_probes() -> None:
    watching = Watching(POINT)
    for _ in range(4):
        watching.see("WIFI-01", **hotspot(Met.NO_ROUTE), interface_up=0.0)
        watching.see("WIFI-01", minutes=2, interface_up=0.0)
    assert words(watching.told) == ["+accessPointNoInternet WIFI-01"]


class Lines:
    """A line of silent devices, round by round."""

    def __init__(
        self,
        *assets: tuple[str, Kind],
        controllers: Sequence[str] = (),
        watched: Sequence[Device] = (),
    ) -> None:
        watched = watched or [device(*one) for one in assets]
        self.watching = Watching(*watched, CAMERA, SWITCH)
        self.devices = [
            Reachability(
                asset=AssetId(asset),
                kind=kind,
                unreachable_after=3,
                interval_ms=10_000,
                controller=controller,
            )
            for (asset, kind), controller in zip(
                assets, chain(controllers, repeat("")), strict=False
            )
        ]
        self.line = LineWatch("pju", self.devices, self.watching.watch)

    def rounds(self, *silent: str) -> list[str]:
        """Several, one after the other."""
        return [word for one in silent for word in self.round(one)]

    def round(self, silent: str) -> list[str]:
        """A character for each device: x is silence."""
        before, at_ms = len(self.watching.told), self.watching.now_ms + 10_000
        self.watching.now_ms = at_ms
        for one, heard in zip(self.devices, silent, strict=True):
            if heard == "x":
                one.failed(SILENT, str(SILENT), tick_ms=at_ms)
            else:
                one.answered()
                self.watching.watch.saw(one.asset, HEARD, at_ms)
        self.line.round_ended(at_ms)
        return words(self.watching.told[before:])


METERS = tuple((f"PJU-{number}", Kind.STREETLIGHT) for number in "123")


def test_a_cable_that_is_cut_in_the_middle_of_a_round_is_one_event_of_the_line() -> None:
    lines = Lines(*METERS)
    told = [
        word
        for silent in ("...", ".xx", "xxx", "xxx", "xxx", "xxx")
        for word in lines.round(silent)
    ]
    assert told == ["+lineUnreachable bb-0001"]
    assert lines.watching.told[0].detail.startswith("pju: no device answers")
    assert lines.watching.told[0].detail.endswith("3 devices hang on it")


def test_a_line_that_comes_back_slowly_blames_none_of_its_devices() -> None:
    lines = Lines(*METERS)
    for _ in range(5):
        lines.round("xxx")
    told = lines.rounds("xx.", "x..", "...")
    assert told == ["-lineUnreachable bb-0001"]


def test_a_dead_meter_among_living_ones_is_its_own_event() -> None:
    lines = Lines(*METERS)
    told = lines.rounds(*[".x."] * 6)
    assert told == ["+deviceUnreachable PJU-2"]


def test_in_a_power_cut_two_lost_answers_of_the_only_meter_left_kill_no_line() -> None:
    feeder = device("FDR-01", Kind.CABINET, feeder=Feeder(lamps=20, lamp_w=90))
    lamps = [device(asset, kind, fed_by="FDR-01") for asset, kind in METERS]
    lines = Lines(("FDR-01", Kind.CABINET), *METERS, watched=(feeder, *lamps))
    assert lines.watching.see("FDR-01", minutes=3, voltage=0.0, current=0.0) == [
        "+supplyLoss FDR-01"
    ]
    assert lines.rounds(*[".xxx"] * 6, "xxxx", "xxxx", ".xxx") == []
    assert lines.rounds(*["xxxx"] * 3) == ["+lineUnreachable bb-0001"]


GEARS = ("address 7", "address 7", "")


def test_a_dead_dali_gateway_beside_a_living_meter_is_one_event_for_all_its_gears() -> None:
    lines = Lines(*METERS, controllers=GEARS)
    told = lines.rounds(*["xx."] * 6, "...")
    assert told == ["+lineUnreachable bb-0001", "-lineUnreachable bb-0001"]
    assert lines.watching.told[0].detail == (
        "pju address 7: nothing behind it answers; check its power and its connection;"
        " 2 devices hang on it"
    )


def test_a_dead_dali_gateway_is_no_new_event_after_a_restart() -> None:
    line = SerialLine(name="pju", port="/dev/ttyUSB0", device=[gear(1), gear(2)])
    watching = Watching(*line.device)
    for at_ms in (1_000, 2_000):
        watching.watch.line_dead(
            "pju address 7", [AssetId("PJU-1"), AssetId("PJU-2")], "nothing answers", at_ms
        )
        watching.restart(judged_names([line]))
    assert words(watching.told) == ["+lineUnreachable bb-0001"]


def gear(number: int) -> ModbusMap:
    return ModbusMap(
        asset=AssetId(f"PJU-{number}"), kind=Kind.STREETLIGHT, address=7, base=100 * number,
        map="/etc/nadi/modbus/intesis-dali2-gear.toml",
    )  # fmt: skip


def test_a_gear_that_alone_is_silent_behind_its_gateway_is_its_own_event() -> None:
    lines = Lines(*METERS, controllers=GEARS)
    assert lines.rounds(*[".x."] * 6) == ["+deviceUnreachable PJU-2"]


def test_a_dead_line_explains_its_dali_gateway_too() -> None:
    lines = Lines(*METERS, controllers=GEARS)
    assert lines.rounds(*["xxx"] * 6, "...") == [
        "+lineUnreachable bb-0001",
        "-lineUnreachable bb-0001",
    ]
    assert lines.watching.told[0].detail.startswith("pju: ")


def test_a_dead_switch_explains_the_dali_gateway_that_hangs_on_it() -> None:
    gears = (device(f"PJU-{number}", Kind.STREETLIGHT, fed_by="SW-01") for number in "12")
    lines = Lines(
        ("SW-01", Kind.SWITCH), *METERS,
        controllers=("", "10.0.0.5:502", "10.0.0.5:502", ""), watched=(*gears, device(*METERS[2])),
    )  # fmt: skip
    assert lines.rounds(*["xxx."] * 6) == ["+deviceUnreachable SW-01"]


def test_one_lost_answer_beside_a_dead_device_kills_no_line() -> None:
    lines = Lines(*METERS[:2])
    told = lines.rounds("x.", "x.", "x.", "x.", "xx", "x.")
    assert told == ["+deviceUnreachable PJU-1"]


def test_a_dead_switch_explains_its_cameras() -> None:
    lines = Lines(("POLE-1", Kind.STREETLIGHT))
    switch, camera, lamp = (
        Reachability(asset=AssetId(name), kind=kind, unreachable_after=3, interval_ms=10_000)
        for name, kind in (
            ("SW-01", Kind.SWITCH), ("CAM-01", Kind.CAMERA), ("POLE-1", Kind.STREETLIGHT),
        )
    )  # fmt: skip
    lines.devices = [camera, switch, lamp]
    lines.line = LineWatch("poles", lines.devices, lines.watching.watch)
    told = [
        word
        for silent in ("x..", "xx.", "xx.", "xx.", "xx.", "x..", "...")
        for word in lines.round(silent)
    ]
    assert told == ["+deviceUnreachable SW-01", "-deviceUnreachable SW-01"]


def test_a_camera_tells_its_storage_last_and_in_its_words() -> None:
    watching = Watching(CAMERA)
    assert watching.see("CAM-01", minutes=22, **(WELL | {"storage_state": 1.0})) == [
        "+cameraStorageFault CAM-01"
    ]
    assert watching.told[0].detail == "full"
    assert watching.see("CAM-01", minutes=12, storage_state=1.0, clock_drift=90.0) == [
        "+cameraClockFault CAM-01",
        "-cameraStorageFault CAM-01",
    ]


def test_a_word_about_storage_that_nobody_knows_is_no_fault() -> None:
    assert Watching(CAMERA).see("CAM-01", minutes=60, **(WELL | {"storage_state": 4.0})) == []
