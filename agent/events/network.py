"""Faults of cameras and access points that answer; each hides those after it."""

from agent.events.condition import above
from agent.events.lamp import CLEAR, STEADY_MS, hold
from agent.events.rule import ABSENT, UNKNOWN, Rule, Seen, Verdict
from contract.event_types import EventType
from contract.limits import AccessPointLimits, CameraLimits

RTSP_OK = 200
STORAGE_WORDS = {0: "ok", 1: "full", 2: "error", 3: "absent"}


def camera_rules(limits: CameraLimits) -> tuple[Rule, ...]:
    """The stream before its picture, then the clock, and the storage last."""
    return (NoStream(limits), BadPicture(limits), WrongClock(limits), NoStorage(limits))


def access_point_rules(limits: AccessPointLimits) -> tuple[Rule, ...]:
    """No internet before a strange portal, and slowness last."""
    return (NoInternet(limits), PortalBroken(limits), Degraded(limits))


class NoStream:
    """It answers, and describes no video."""

    type = EventType.CAMERA_STREAM_FAULT

    def __init__(self, limits: CameraLimits) -> None:
        self.hold = hold(limits.stream_after_s, STEADY_MS)

    def judge(self, seen: Seen) -> Verdict | None:
        """By the status and the streams of a DESCRIBE."""
        status = seen.values.get("rtsp_status")
        if status is None:
            return None
        if status != RTSP_OK:
            return Verdict(True, f"RTSP status {status:.0f}")
        return Verdict(seen.values.get("video_streams", 0) < 1, "no video in its description")


class BadPicture:
    """Dark at any hour, frozen, or covered."""

    type = EventType.CAMERA_PICTURE_FAULT

    def __init__(self, limits: CameraLimits) -> None:
        self.hold = hold(limits.picture_after_s, STEADY_MS)
        self._limits = limits

    def judge(self, seen: Seen) -> Verdict | None:
        """By the still picture's figures."""
        luma = seen.values.get("picture_luma")
        if luma is None:
            return None
        limits, change = self._limits, seen.values.get("picture_change", 255)
        sharpness = seen.values.get("picture_sharpness", CLEAR * limits.covered_sharpness)
        figures = (
            (luma, limits.dark_luma, f"dark: {luma:.0f} of 255"),
            (change, limits.frozen_change, "frozen"),
            (sharpness, limits.covered_sharpness, "covered or out of focus"),
        )
        for figure, least, words in figures:
            if figure < least:
                return Verdict(True, words)
        clear = all(figure >= CLEAR * least for figure, least, _ in figures)
        return ABSENT if clear else UNKNOWN


class WrongClock:
    """Its recordings are misdated."""

    type = EventType.CAMERA_CLOCK_FAULT

    def __init__(self, limits: CameraLimits) -> None:
        self.hold = hold(limits.clock_after_s, STEADY_MS)
        self._limits = limits

    def judge(self, seen: Seen) -> Verdict | None:
        """By its distance from the gateway's clock."""
        drift_s = seen.values.get("clock_drift")
        if drift_s is None:
            return None
        present = above(abs(drift_s), self._limits.clock_s, self._limits.clock_s / 2)
        return Verdict(present, f"{drift_s:+.0f} s")


class NoStorage:
    """Nothing is recorded, or soon will be."""

    type = EventType.CAMERA_STORAGE_FAULT

    def __init__(self, limits: CameraLimits) -> None:
        self.hold = hold(limits.storage_after_s, 0)

    def judge(self, seen: Seen) -> Verdict | None:
        """By what the camera says; a word nobody knows says nothing."""
        state = STORAGE_WORDS.get(int(seen.values.get("storage_state", -1)))
        return None if state is None else Verdict(state != "ok", state)


class NoInternet:
    """The public network reaches no internet, and no portal explains it."""

    type = EventType.ACCESS_POINT_NO_INTERNET

    def __init__(self, limits: AccessPointLimits) -> None:
        self.hold = hold(limits.after_s, round(limits.after_s * 1_000))
        self._last: Verdict | None = None  # a page is asked for more rarely than the rest

    def judge(self, seen: Seen) -> Verdict | None:
        """By a name that is found and a page that answers."""
        works = seen.values.get("internet_ok")
        if works is not None:
            portal = seen.values.get("captive_portal", 0) >= 0.5
            self._last = ABSENT if portal else Verdict(works < 0.5, _lack(seen))
        return self._last


class PortalBroken:
    """A login page where there should be none, or none where there should be one."""

    type = EventType.CAPTIVE_PORTAL_BROKEN

    def __init__(self, limits: AccessPointLimits) -> None:
        self.hold = hold(limits.after_s, round(limits.after_s * 1_000))
        self._expected = limits.expects == "portal"
        self._last: Verdict | None = None

    def judge(self, seen: Seen) -> Verdict | None:
        """By who answers instead of the page."""
        portal = seen.values.get("captive_portal")
        if portal is not None:
            words = "no login page" if self._expected else "a login page stands before the internet"
            self._last = Verdict((portal >= 0.5) != self._expected, words)
        return self._last


class Degraded:
    """Its uplink is down, or its guests get pages slowly."""

    type = EventType.ACCESS_POINT_DEGRADED

    def __init__(self, limits: AccessPointLimits) -> None:
        self.hold = hold(limits.after_s, STEADY_MS)
        self._slow_ms = limits.slow_ms
        self._took_ms: float | None = None  # seen last; a page is asked for more rarely

    def judge(self, seen: Seen) -> Verdict | None:
        """By its interface and its answering time."""
        up = seen.values.get("interface_up")
        if "internet_ok" in seen.values or "response_time" in seen.values:
            self._took_ms = seen.values.get("response_time")
        if up is not None and up < 0.5:
            return Verdict(True, "the interface is down")
        if self._took_ms is None:
            return None if up is None else ABSENT
        words = f"answers in {self._took_ms:.0f} ms"
        return Verdict(above(self._took_ms, self._slow_ms, self._slow_ms / 2), words)


def _lack(seen: Seen) -> str:
    if seen.values.get("dns_ok", 1) < 0.5:
        return "no name is found"
    strange = seen.values.get("intercepted", 0) >= 0.5
    return "somebody else answers for the page" if strange else "no page answers"
