"""One gateway's district at one-minute rounds: what every device says, and what it does not."""

import math
import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from astral import Observer
from astral.sun import elevation

from agent.drivers.driver import Observation
from agent.errors import (
    DeviceError,
    DeviceRefused,
    DeviceSilent,
    LoginRefused,
    ServiceClosed,
    Unpowered,
)

MINUTE_MS = 60_000
START = datetime(2026, 11, 1, tzinfo=UTC)
HERE = Observer(-5.47, 122.63, 0)
LAMPS, LAMP_W = 20, 90.0
EMPTY_MM, FULL_MM = 1_200.0, 200.0
REPORT_MIN = 20
ERRORS: Mapping[str, DeviceError] = {
    "silent": DeviceSilent("no answer within 300 ms"),
    "refused": DeviceRefused("the unit answers: gateway target failed to respond"),
    "unpowered": Unpowered("the switch's port 5 is searching"),
    "closed": ServiceClosed("nothing listens on port 554"),
    "login": LoginRefused("the camera refuses the user and password"),
}

Answer = tuple[Observation, ...] | DeviceError


@dataclass(slots=True)
class Bin:
    """A bin that fills and is emptied; `emptied_ms` is when that was last."""

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
        self.bins = {
            "TPS-01": Bin(self.random.uniform(0, 0.5), self.random.uniform(0.5, 2) / 60 / 100),
            "TPS-02": Bin(self.random.uniform(0, 0.5), self.random.uniform(0.5, 2) / 60 / 100),
        }
        self._cycle_min = self.random.randint(3, 6)
        self._switches_deg = -1.0
        self._day = -1
        self._minute = 0
        self.sun_deg = 0.0
        self.on = False

    def step(self, minute: int) -> None:
        """Move to this minute."""
        self._minute = minute
        at_ms = minute * MINUTE_MS
        self.sun_deg = elevation(
            HERE,
            datetime.fromtimestamp(START.timestamp() + minute * 60, UTC),
            with_refraction=False,
        )
        if minute // 1_440 != self._day:
            self._day = minute // 1_440
            self._switches_deg = self.random.uniform(-5, 0)  # clouds move the photocell's dusk
        self.on = self.sun_deg < self._switches_deg
        for name, one in self.bins.items():
            one.step(at_ms, hold=f"full {name}" in self.faults)

    def mend(self, faults: Iterable[str], at_ms: int) -> None:
        """End these; a full bin is emptied."""
        for name in faults:
            self.faults.discard(name)
            if name.startswith("full "):
                self.bins[name.removeprefix("full ")].empty(at_ms)
        self.lamps_out = 0

    def answer(self, asset: str) -> Answer:
        """What the device says in this round."""
        for name, error in ERRORS.items():
            if f"{name} {asset}" in self.faults:
                return error
        if asset not in ("PANEL-01", "TPS-02") and self.random.random() < 0.005:
            return ERRORS["silent"]
        values = getattr(self, "_" + asset.replace("-", "_").lower())()
        return tuple(Observation(quantity=name, value=value) for name, value in values.items())

    @property
    def _command(self) -> bool:
        if "outage" in self.faults:
            return False
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
        slow = 4 * math.sin(self._minute / 90)
        return 222 + slow + self.random.gauss(0, 0.6)

    def _panel_01(self) -> dict[str, float]:
        return {
            "contactor_command": float(self._command),
            "contactor_closed": float(self._closed),
            "photocell_dark": float(self.on),
            "door_open": float("door" in self.faults),
        }

    def _fdr_01(self) -> dict[str, float]:
        burning = float(LAMPS - self.lamps_out) if self._closed else 0.0
        if "cable cut" in self.faults:
            burning *= 0.35
        noise = self.random.gauss(1, 0.004)
        return self._meter(self._volts, burning * LAMP_W * noise, 0.95)

    def _pju_01(self) -> dict[str, float]:
        fed = self._closed and "cable cut" not in self.faults
        on = fed and "lamp dead" not in self.faults
        if "cycling" in self.faults and self._minute // self._cycle_min % 2:
            on = False
        if "burning by day" in self.faults:
            on = True
        factor = 0.6 if "bad capacitor" in self.faults else 0.95
        volts = 0.0 if "cable cut" in self.faults else self._volts
        return self._meter(volts, LAMP_W * self.random.gauss(1, 0.01) if on else 0.0, factor)

    def _meter(self, volts: float, watts: float, factor: float) -> dict[str, float]:
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
        return {"distance": self._distance("TPS-01", spikes=0.01)}

    def _tps_02(self) -> dict[str, float]:
        if self._minute % REPORT_MIN:
            return {}
        tilted = "tilted" in self.faults
        heat = 55.0 if "fire" in self.faults else 0.0
        warm = 29 + 4 * math.sin((self._minute % 1_440) / 1_440 * math.tau)
        return {
            "distance": 1_900.0 if tilted else self._distance("TPS-02", spikes=0.0),
            "temperature": warm + heat + self.random.gauss(0, 0.3),
            "tilted": float(tilted),
            "battery_level": 12.0 if "battery" in self.faults else 88.0,
        }

    def _distance(self, name: str, *, spikes: float) -> float:
        if self.random.random() < spikes:
            return self.random.uniform(30, EMPTY_MM)
        one = self.bins[name]
        fill = max(one.fill, 0.93) if f"full {name}" in self.faults else one.fill
        return EMPTY_MM - fill * (EMPTY_MM - FULL_MM) + self.random.gauss(0, 6)

    def _sw_01(self) -> dict[str, float]:
        return {"uptime": float(self._minute * 60), "response_time": 4.0}

    def _cam_01(self) -> dict[str, float]:
        values = {
            "rtsp_status": 200.0,
            "video_streams": 0.0 if "no stream" in self.faults else 1.0,
            "clock_drift": 3_600.0 if "camera clock" in self.faults else self.random.gauss(0, 0.6),
        }
        if self._minute % 15 == 0:
            values |= self._picture()
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
        return {
            "interface_up": 0.0 if "uplink down" in self.faults else 1.0,
            "connected_clients": float(self.random.randrange(40)),
        }

    def _wifi_02(self) -> dict[str, float]:
        portal = "portal" in self.faults
        works = not portal and "no internet" not in self.faults
        return {"internet_ok": float(works), "captive_portal": float(portal), "dns_ok": 1.0}
