import random

from agent.events.fill import FillFilter
from contract.identity import Kind
from contract.limits import Bin
from tests.agent.events.watching import Watching, device

GEOMETRY = Bin(empty_mm=1_200, full_mm=200)
BIN = device("TPS-01", Kind.WASTE_BIN, bin=GEOMETRY)


def levels(*distances_mm: float, every_ms: int = 60_000) -> list[float | None]:
    fills = FillFilter(GEOMETRY)
    seen = [fills.see(mm, at * every_ms) for at, mm in enumerate(distances_mm)]
    return [None if one is None else round(one.level, 2) for one in seen]


def test_a_level_is_the_share_between_the_empty_and_the_full_bin() -> None:
    assert levels(700, 700, 700) == [None, 0.5, 0.5]  # the first waits for a second that agrees
    assert levels(1_200, 1_200)[-1] == 0.0
    assert levels(90, 90)[-1] == 1.0


def test_a_single_echo_from_elsewhere_changes_nothing() -> None:
    assert set(levels(*[700] * 6, 80, *[700] * 6)[1:]) == {0.5}
    assert levels(*[700] * 6, 80, 700, 700, every_ms=1_200_000)[6:] == [None, 0.5, 0.5]


def test_an_open_lid_is_no_empty_bin() -> None:
    assert levels(700, 700, 1_900, 1_900, 1_900, 700)[2:5] == [None, None, None]


def test_noise_of_a_real_sensor_stays_within_a_percent() -> None:
    chance = random.Random(7)
    seen = levels(*(700 + chance.gauss(0, 6) for _ in range(200)))
    assert all(one is None or abs(one - 0.5) <= 0.02 for one in seen)


def test_a_bin_is_full_once_and_collected_once() -> None:
    watching = Watching(BIN)
    watching.see("TPS-01", minutes=10, distance=700.0)
    assert watching.see("TPS-01", minutes=30, distance=260.0) == ["+binFull TPS-01"]
    assert watching.see("TPS-01", minutes=30, distance=1_180.0) == [
        "+binCollected TPS-01",
        "-binCollected TPS-01",
        "-binFull TPS-01",
    ]


def test_a_tilted_bin_is_neither_collected_nor_empty() -> None:
    watching = Watching(BIN)
    watching.see("TPS-01", minutes=10, distance=400.0, tilted=0.0)
    assert watching.see("TPS-01", minutes=30, distance=1_190.0, tilted=1.0) == ["+binTilted TPS-01"]
    assert watching.see("TPS-01", minutes=5, distance=400.0, tilted=0.0) == ["-binTilted TPS-01"]


def test_fire_is_told_at_once_by_heat_or_by_its_rise() -> None:
    watching = Watching(BIN)
    assert watching.see("TPS-01", temperature=30.0) == []
    assert watching.see("TPS-01", temperature=41.0) == ["+binFire TPS-01"]
    assert Watching(BIN).see("TPS-01", temperature=62.0) == ["+binFire TPS-01"]


def test_a_battery_is_judged_by_per_cent_or_by_volts() -> None:
    assert Watching(BIN).see("TPS-01", battery_level=19.0) == ["+batteryLow TPS-01"]
    assert Watching(BIN).see("TPS-01", battery_voltage=3.1) == ["+batteryLow TPS-01"]
    assert Watching(BIN).see("TPS-01", battery_voltage=3.4) == []


def test_a_bin_that_fills_fast_is_followed_and_not_doubted_away() -> None:
    """By 7 % with each report of twenty minutes, as by day on a market; and by 25 %."""
    slow = levels(1_100, 1_100, *range(1_030, 480, -70), every_ms=1_200_000)
    assert None not in slow[1:]
    fast = levels(1_100, 1_100, 850, 600, 350, 350, every_ms=1_200_000)
    assert fast[2:4] == [None, 0.6]


def test_two_echoes_from_elsewhere_that_disagree_change_nothing() -> None:
    assert levels(*[700] * 6, 80, 650, 700, 700, every_ms=60_000)[6:] == [0.5] * 4
    assert levels(*[700] * 6, 1_100, 80, 700, every_ms=1_200_000)[6:] == [None, None, 0.5]


def test_an_emptied_bin_that_is_filled_again_at_once_was_collected() -> None:
    fills = FillFilter(GEOMETRY, level=0.9)
    seen = [fills.see(mm, at * 1_200_000) for at, mm in enumerate((300, 300, 1_190, 1_110, 1_040))]
    assert [one.collected for one in seen if one] == [False, False, True, False]


def test_a_report_that_does_not_say_so_leaves_a_tilted_bin_tilted() -> None:
    watching = Watching(BIN)
    watching.see("TPS-01", minutes=10, distance=400.0, tilted=0.0)
    watching.see("TPS-01", distance=1_190.0, tilted=1.0)
    assert watching.see("TPS-01", minutes=30, distance=1_190.0) == []
    watching.restart()
    assert watching.see("TPS-01", minutes=30, distance=1_190.0) == []
