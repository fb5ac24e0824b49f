"""Rounds of readings as a gateway would read them from the simulator's small city, by a seed."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random

from contract.identity import AssetId, Kind
from contract.quantities import is_plausible
from contract.readings import Reading
from firmware_sim.world.bin import Bin
from firmware_sim.world.lamp import Lamp
from firmware_sim.world.wifi import Hotspot
from scripts.district.equipment import Equipment, Place

ROUND_MS = 10_000
LAMP_TURN_MS = 62.0  # question, turnaround, answer and silence at 9600 baud
VALUES_OF = {"lamp": 7, "bin": 1, "camera": 3, "access_point": 5}

# What 200 and 50 values a round are made of.
FULL = Equipment(lamps=24, bins=12, cameras=5, access_points=1)
SMALL = Equipment(lamps=5, bins=4, cameras=2, access_points=1)

Values = tuple[tuple[str, float], ...]
Answer = Callable[[float], Values]


def values_a_round(equipment: Equipment) -> int:
    """How many readings each round has."""
    return (
        equipment.lamps * VALUES_OF["lamp"]
        + equipment.bins * VALUES_OF["bin"]
        + equipment.cameras * VALUES_OF["camera"]
        + equipment.access_points * VALUES_OF["access_point"]
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Device:
    asset: AssetId
    kind: Kind
    answer: Answer
    delay_ms: Callable[[], float]  # from the start of the round to its answer

    def readings(self, start_ms: int) -> list[Reading]:
        at_ms = start_ms + round(self.delay_ms())
        return [
            Reading(
                asset=self.asset,
                kind=self.kind,
                quantity=quantity,
                at_ms=at_ms,
                value=value,
                suspect=not is_plausible(quantity, value),
            )
            for quantity, value in self.answer(at_ms / 1_000)
        ]


class Rounds:
    """One gateway's endless rounds; the same seed gives the same readings."""

    def __init__(
        self,
        equipment: Equipment = FULL,
        *,
        gateway: int = 1,
        seed: int = 1,
        start_ms: int = 90_000,
    ) -> None:
        self._place = Place(number=gateway, equipment=equipment)
        self._random = Random(f"{seed}/{gateway}")
        self._next_ms = start_ms
        self._devices = [*self._lamps(), *self._bins(), *self._cameras(), *self._access_points()]

    def take(self) -> list[Reading]:
        """The next round, in the order in which its devices answered."""
        start_ms, self._next_ms = self._next_ms, self._next_ms + ROUND_MS
        answered = [device.readings(start_ms) for device in self._devices]
        answered.sort(key=lambda readings: readings[0].at_ms)
        return [reading for readings in answered for reading in readings]

    def _lamps(self) -> Iterator[_Device]:
        for turn, asset in enumerate(self._place.lamps, start=1):
            lamp = Lamp(
                rated_w=self._random.choice((60.0, 90.0, 120.0)),
                power_factor=0.95,
                is_dark=lambda _now_s: True,
                start_s=0.0,
                seed=self._seed(asset),
            )
            yield _Device(
                asset=asset,
                kind=Kind.STREETLIGHT,
                answer=_meter(lamp),
                delay_ms=self._about(turn * LAMP_TURN_MS, 4.0),
            )

    def _bins(self) -> Iterator[_Device]:
        for asset in self._place.bins:
            bin_ = Bin(depth_mm=1400, fill_per_h=0.05, start_s=0.0, seed=self._seed(asset))
            yield _Device(
                asset=asset,
                kind=Kind.WASTE_BIN,
                answer=_sensor(bin_),
                delay_ms=lambda: self._random.uniform(4, 104),  # a frame each 100 ms, unasked
            )

    def _cameras(self) -> Iterator[_Device]:
        for asset in self._place.cameras:
            took_ms = self._about(28.0, 5.0)
            yield _Device(asset=asset, kind=Kind.CAMERA, answer=_camera(took_ms), delay_ms=took_ms)

    def _access_points(self) -> Iterator[_Device]:
        for asset in self._place.access_points:
            hotspot = Hotspot(start_s=0.0, seed=self._seed(asset))
            yield _Device(
                asset=asset,
                kind=Kind.ACCESS_POINT,
                answer=_access_point(hotspot),
                delay_ms=self._about(12.0, 2.0),
            )

    def _about(self, mean: float, deviation: float) -> Callable[[], float]:
        return lambda: max(1.0, self._random.gauss(mean, deviation))

    def _seed(self, asset: AssetId) -> str:
        return f"{asset}/{self._random.random()}"


def _meter(lamp: Lamp) -> Answer:
    """A PZEM-004T's registers, in units."""

    def answer(now_s: float) -> Values:
        state = lamp.at(now_s)
        return (
            ("voltage", round(state.voltage_v * 10) / 10),
            ("current", round(state.current_a * 1_000) / 1_000),
            ("active_power", round(state.power_w * 10) / 10),
            ("active_energy", float(int(state.energy_wh))),
            ("frequency", round(state.frequency_hz * 10) / 10),
            ("power_factor", round(state.power_factor * 100) / 100),
            ("power_alarm", 0.0),
        )

    return answer


def _sensor(bin_: Bin) -> Answer:
    return lambda now_s: (("distance", float(bin_.distance_mm(now_s))),)


def _camera(took_ms: Callable[[], float]) -> Answer:
    return lambda _now_s: (
        ("rtsp_status", 200.0),
        ("video_streams", 1.0),
        ("response_time", float(round(took_ms()))),
    )


def _access_point(hotspot: Hotspot) -> Answer:
    def answer(now_s: float) -> Values:
        state = hotspot.at(now_s)
        return (
            ("uptime", round(state.uptime_s * 100) / 100),
            ("interface_up", 1.0),
            ("received_bytes", float(state.in_octets)),
            ("sent_bytes", float(state.out_octets)),
            ("connected_clients", float(state.clients)),
        )

    return answer
