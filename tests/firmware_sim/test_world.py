from datetime import datetime
from itertools import pairwise

import pytest

from firmware_sim.world.bin import Bin
from firmware_sim.world.lamp import Lamp
from firmware_sim.world.sky import Sky, SunMode
from firmware_sim.world.wifi import Hotspot


def at(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def lamp(*, dark: bool) -> Lamp:
    return Lamp(rated_w=90, power_factor=0.95, is_dark=lambda now_s: dark, start_s=0, seed="7/a")


@pytest.mark.parametrize(
    ("time", "dark"),
    [
        ("2026-06-21T05:54:00+08:00", True),
        ("2026-06-21T06:00:00+08:00", False),  # sunrise 05:57:13
        ("2026-06-21T17:42:00+08:00", False),
        ("2026-06-21T17:48:00+08:00", True),  # sunset 17:45:13
    ],
)
def test_the_real_sky_follows_the_sun_over_baubau(time: str, dark: bool) -> None:
    assert Sky("real", origin_unix_s=at(time) - 50).is_dark(50) is dark


@pytest.mark.parametrize(("mode", "dark"), [("night", True), ("day", False)])
def test_a_fixed_sky_stays(mode: SunMode, dark: bool) -> None:
    assert {Sky(mode, origin_unix_s=0).is_dark(hour * 3600) for hour in range(24)} == {dark}


def test_a_lit_lamp_draws_its_rated_power_and_counts_it() -> None:
    burning = lamp(dark=True)
    states = [burning.at(minute * 60) for minute in range(601)]
    assert states[-1].energy_wh - states[0].energy_wh == pytest.approx(900, rel=0.01)
    for state in states:
        assert 220 <= state.voltage_v <= 231
        assert state.power_w == pytest.approx(90, rel=0.03)
        apparent_va = state.voltage_v * state.current_a
        assert state.power_w == pytest.approx(apparent_va * state.power_factor)


def test_a_dark_lamp_draws_nothing_and_counts_nothing() -> None:
    resting = lamp(dark=False)
    first, last = resting.at(0), resting.at(3600)
    assert (last.power_w, last.current_a, last.power_factor) == (0, 0, 0)
    assert first.energy_wh == last.energy_wh


def test_two_answers_can_be_told_apart() -> None:
    burning = lamp(dark=True)
    assert len({burning.at(0) for _ in range(100)}) == 100


def test_the_same_seed_is_the_same_lamp() -> None:
    one, same = lamp(dark=True), lamp(dark=True)
    assert [one.at(second) for second in range(9)] == [same.at(second) for second in range(9)]


def test_a_bin_fills_until_it_is_collected() -> None:
    waste_bin = Bin(depth_mm=1200, fill_per_h=0.1, start_s=0, seed="7/b")
    seen_mm = [waste_bin.distance_mm(quarter * 900) for quarter in range(200)]
    steps_mm = [after - before for before, after in pairwise(seen_mm)]
    assert max(steps_mm) > 900
    assert sum(step < 0 for step in steps_mm) > 190
    assert all(30 <= distance <= 1210 for distance in seen_mm)


def test_octets_only_grow_and_people_come_and_go() -> None:
    hotspot = Hotspot(start_s=0, seed="7/c")
    states = [hotspot.at(second * 10) for second in range(500)]
    for before, after in pairwise(states):
        assert after.in_octets > before.in_octets
        assert after.out_octets > before.out_octets
        assert after.uptime_s == pytest.approx(before.uptime_s + 10)
    assert len({state.clients for state in states}) > 5
