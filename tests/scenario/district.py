"""One gateway's district at one-minute rounds: what every device says, and what it does not."""

import math
import random
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from agent.drivers.driver import Observation
from agent.errors import (
    AgentError,
    DeviceRefused,
    DeviceSilent,
    LineGone,
    LoginRefused,
    ServiceClosed,
    Unpowered,
)
from tests.scenario.sun import sun_deg

MINUTE_MS = 60_000
START = datetime(2026, 11, 1, tzinfo=UTC)
LAMPS, LAMP_W = 20, 90.0
EMPTY_MM, FULL_MM = 1_200.0, 200.0
REPORT_MIN = 20
PICTURE_MIN, CAMERA = 15, "CAM-01"
ERRORS: Mapping[str, AgentError] = {
    "silent": DeviceSilent("no answer within 300 ms"),
    "refused": DeviceRefused("the unit answers: gateway target failed to respond"),
    "unpowered": Unpowered("the switch's port 5 is searching"),
    "closed": ServiceClosed("nothing listens on port 554"),
    "login": LoginRefused("the camera refuses the user and password"),
    "gone": LineGone("the pins cannot be used by lgpio"),
}
NEVER_MISSED = ("PANEL-01",)  # its pins do not lose an answer
RADIO = ("TPS-02", "TPS-03")
MISSED, SPIKE, GLITCH = 0.005, 0.01, 1 / 3_000

Answer = tuple[Observation, ...] | AgentError


@dataclass(slots=True)
class Bin:
    """A bin that fills and is emptied; `emptied_ms` is when that was."""

    fill: float
    per_min: float
    emptied_ms: list[int] = field(default_factory=list)

    def step(self, at_ms: int, *, hold: bool) -> None:
        if not hold:
            self.fill += self.per_min
        if self.fill > 0.75 and not hold:
            self.empty(at_ms)

    def empty(self, at_ms: int) -> None:
        self.fill = 0.02
        self.emptied_ms.append(at_ms)


class District:
    """Everything the gateway's devices measure; `faults` are names of what is wrong now."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.faults: set[str] = set()
        self.lamps_out = 0
        self.spoilt: list[tuple[int, str]] = []  # reads that say nothing, or something else
        self.bins = {
            name: Bin(self.random.uniform(0, 0.5), self.random.uniform(0.5, 2) / 60 / 100)
            for name in ("TPS-01", "TPS-02", "TPS-03")
        }
        self._says: Mapping[str, Callable[[], dict[str, float] | None]] = {
            "PANEL-01": self._panel_01, "FDR-01": self._fdr_01, "PJU-01": self._pju_01,
            "PJU-02": self._pju_02, "PJU-03": self._pju_03, "TPS-01": self._tps_01,
            "SW-01": self._sw_01, "CAM-01": self._cam_01, "WIFI-01": self._wifi_01,
            "WIFI-02": self._wifi_02, "WIFI-03": self._wifi_03,
        }  # fmt: skip
        self._cycle_min = self.random.randint(3, 6)
        self._switches_deg = -1.0
        self._day = -1
        self.minute = 0
        self.sun_deg = 0.0
        self.on = False

    def step(self, minute: int) -> None:
        """Move to this minute."""
        self.minute = minute
        self.sun_deg = sun_deg(START.timestamp() + minute * 60)
        if minute // 1_440 != self._day:
            self._day = minute // 1_440
            self._switches_deg = self.random.uniform(-5, 0)  # clouds move the photocell's dusk
        self.on = self.sun_deg < self._switches_deg
        for name, one in self.bins.items():
            one.step(minute * MINUTE_MS, hold=f"full {name}" in self.faults)

    def mend(self, faults: Iterable[str]) -> None:
        """End these; a full bin is emptied."""
        for name in faults:
            self.faults.discard(name)
            if name.startswith("full "):
                self.bins[name.removeprefix("full ")].empty(self.minute * MINUTE_MS)

    def answer(self, asset: str) -> Answer:
        """What a device that is asked says in this round."""
        for name, error in ERRORS.items() if self.faults else ():
            if f"{name} {asset}" in self.faults:
                return error
        if asset not in NEVER_MISSED and self.random.random() < MISSED:
            self.not_read(asset)
            return ERRORS["silent"]
        values = self._says[asset]()
        if values is None:
            return ERRORS["silent"]
        return tuple(Observation(quantity=name, value=value) for name, value in values.items())

    def not_read(self, *assets: str) -> None:
        """Nobody learns what these would have said in this minute; the camera's picture counts."""
        if self.minute % PICTURE_MIN == 0 and CAMERA in assets:
            self.spoilt.append((self.minute, CAMERA))

    def report(self, asset: str) -> bytes | None:
        """The payload that a LoRaWAN sensor sends in this minute, if it does."""
        at_min = REPORT_MIN // 3 * RADIO.index(asset)
        if self.minute % REPORT_MIN != at_min or f"silent {asset}" in self.faults:
            return None
        return self._em400() if asset == "TPS-02" else self._ldds75()

    @property
    def _command(self) -> bool:
        return "outage" not in self.faults and self._dark

    @property
    def _dark(self) -> bool:
        return "photocell stuck" in self.faults or self.on

    @property
    def _closed(self) -> bool:
        if "outage" in self.faults or "contactor open" in self.faults:
            return False
        return "contactor welded" in self.faults or self._command

    @property
    def _volts(self) -> float:
        if "outage" in self.faults:
            return 0.0
        slow = 4 * math.sin(self.minute / 90)
        return 222 + slow + self.random.gauss(0, 0.6)

    def _panel_01(self) -> dict[str, float]:
        return {
            "contactor_command": float(self._command),
            "contactor_closed": float(self._closed),
            "photocell_dark": float(self._dark),
            "door_open": float("door" in self.faults),
        }

    def _fdr_01(self) -> dict[str, float]:
        burning = float(LAMPS - self.lamps_out) if self._closed else 0.0
        if "cable cut" in self.faults:
            burning *= 0.35
        watts = burning * LAMP_W * self.random.gauss(1, 0.004)
        return self._meter("FDR-01", self._volts, watts, 0.95)

    def _pju_01(self) -> dict[str, float]:
        fed = self._closed and "cable cut" not in self.faults
        on = fed and "lamp dead" not in self.faults
        if "cycling" in self.faults and self.minute // self._cycle_min % 2:
            on = False
        if "burning by day" in self.faults:
            on = True
        factor = 0.6 if "bad capacitor" in self.faults else 0.95
        volts = 0.0 if "cable cut" in self.faults else self._volts
        if "brownout" in self.faults:
            volts, on = 60.0 + self.random.uniform(0, 80) * (self.minute % 2), False
        watts = LAMP_W * self.random.gauss(1, 0.01) if on else 0.0
        return self._meter("PJU-01", volts, watts, factor)

    def _pju_03(self) -> dict[str, float] | None:
        """Behind the contactor: without mains this meter says nothing."""
        if not self._closed or "cable cut" in self.faults:
            return None
        return self._meter("PJU-03", self._volts, LAMP_W * self.random.gauss(1, 0.01), 0.95)

    def _meter(self, asset: str, volts: float, watts: float, factor: float) -> dict[str, float]:
        if self.random.random() < GLITCH:
            self.spoilt.append((self.minute, asset))
            volts, watts = self.random.choice(((0.0, watts), (volts, 0.0), (6_553.5, watts)))
        factor = min(1.0, factor + self.random.gauss(0, 0.004)) if watts else 0.0
        return {
            "voltage": max(0.0, volts),
            "current": watts / max(1.0, volts) / factor if watts else 0.0,
            "active_power": watts,
            "power_factor": factor,
        }

    def _pju_02(self) -> dict[str, float]:
        return {
            "lamp_failure": float("gear lamp failed" in self.faults),
            "control_gear_failure": float("gear failed" in self.faults),
            "light_level": 100.0 if self._closed else 0.0,
        }

    def _tps_01(self) -> dict[str, float]:
        return {"distance": self._distance("TPS-01")}

    def _em400(self) -> bytes:
        tilted = "tilted" in self.faults
        tenths = round(10 * (self._warmth() + (55 if "fire" in self.faults else 0)))
        distance_mm = 1_900 if tilted else round(self._distance("TPS-02"))
        battery = 12 if "battery" in self.faults else 88
        return (
            bytes((0x01, 0x75, battery, 0x03, 0x67))
            + tenths.to_bytes(2, "little", signed=True)
            + b"\x04\x82"
            + distance_mm.to_bytes(2, "little")
            + bytes((0x05, 0x00, tilted))
        )

    def _ldds75(self) -> bytes:
        millivolts = 3_050 if "weak cell" in self.faults else 3_560
        distance_mm = round(self._distance("TPS-03"))
        tenths = 850 if self.random.random() < 0.01 else round(10 * self._warmth())
        if "smouldering" in self.faults:
            tenths = 712
        return (
            millivolts.to_bytes(2)
            + distance_mm.to_bytes(2)
            + b"\0"
            + tenths.to_bytes(2, signed=True)
            + b"\x01"
        )

    def _warmth(self) -> float:
        daily = 4 * math.sin((self.minute % 1_440) / 1_440 * math.tau)
        return 29 + daily + self.random.gauss(0, 0.3)

    def _distance(self, name: str) -> float:
        if self.random.random() < SPIKE:
            if name in RADIO:  # the next report is a while away
                self.spoilt.append((self.minute, name))
            return self.random.uniform(30, EMPTY_MM)
        one = self.bins[name]
        fill = max(one.fill, 0.93) if f"full {name}" in self.faults else one.fill
        return EMPTY_MM - fill * (EMPTY_MM - FULL_MM) + self.random.gauss(0, 6)

    def _sw_01(self) -> dict[str, float]:
        return {"uptime": float(self.minute * 60), "response_time": 4.0}

    def _cam_01(self) -> dict[str, float]:
        values = {
            "rtsp_status": 200.0,
            "video_streams": 0.0 if "no stream" in self.faults else 1.0,
            "clock_drift": 3_600.0 if "camera clock" in self.faults else self.random.gauss(0, 0.6),
        }
        if self.minute % PICTURE_MIN == 0:
            values |= self._picture()
            values["storage_state"] = 2.0 if "broken card" in self.faults else 0.0
        return values

    def _picture(self) -> dict[str, float]:
        return {
            "picture_luma": 2.0 if "dark picture" in self.faults else self.random.uniform(40, 150),
            "picture_change": 0.0 if "frozen picture" in self.faults else self.random.uniform(2, 9),
            "picture_sharpness": 1.0
            if "covered picture" in self.faults
            else self.random.uniform(30, 300),
        }

    def _wifi_01(self) -> dict[str, float]:
        slow = 1_500.0 if "slow" in self.faults else 0.0
        return {
            "interface_up": 0.0 if "uplink down" in self.faults else 1.0,
            "connected_clients": float(self.random.randrange(40)),
            "response_time": self.random.uniform(2, 90) + slow,
        }

    def _wifi_02(self) -> dict[str, float]:
        portal, named = "portal" in self.faults, "no names" not in self.faults
        works = not portal and named and "no internet" not in self.faults
        return {
            "internet_ok": float(works),
            "captive_portal": float(portal),
            "dns_ok": float(named),
        }

    def _wifi_03(self) -> dict[str, float]:
        """Before the internet of this one its login page is as it should be."""
        portal = "no portal" not in self.faults
        return {"internet_ok": float(not portal), "captive_portal": float(portal), "dns_ok": 1.0}
