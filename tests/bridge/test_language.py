"""People read the city's time with its zone named, its days, and numbers as they write them."""

from datetime import date
from zoneinfo import ZoneInfo

import pytest

from broker_bridge import language

NEW_YEARS_EVE_MS = 1_798_732_800_000  # 2026-12-31T16:00:00Z


@pytest.mark.parametrize(
    ("spoken", "zone", "moment", "number"),
    [
        ("en", "Asia/Makassar", "1 Jan 2027 00:00 WITA", "1,204,551"),
        ("id", "Asia/Makassar", "1 Jan 2027 00.00 WITA", "1.204.551"),
        ("id", "Asia/Jakarta", "31 Des 2026 23.00 WIB", "1.204.551"),
        ("id", "Asia/Jayapura", "1 Jan 2027 01.00 WIT", "1.204.551"),
    ],
)
def test_a_moment_is_the_citys_and_a_number_is_as_it_is_written(
    spoken: str, zone: str, moment: str, number: str
) -> None:
    language.use(spoken, ZoneInfo(zone))
    assert language.moment(NEW_YEARS_EVE_MS) == moment
    assert language.number(1_204_551) == number


def test_a_day_is_the_citys_day() -> None:
    language.use("en", ZoneInfo("Asia/Makassar"))
    first_ms, next_ms = language.bounds_ms(date(2027, 1, 1))
    assert (first_ms, next_ms - first_ms) == (NEW_YEARS_EVE_MS, 86_400_000)


def test_a_day_of_a_zone_with_summer_time_is_as_long_as_it_is() -> None:
    language.use("en", ZoneInfo("Europe/Berlin"))
    first_ms, next_ms = language.bounds_ms(date(2026, 10, 25))
    assert next_ms - first_ms == 25 * 3_600_000


@pytest.mark.parametrize("at_ms", [-(2**62), 2**62])
def test_a_moment_that_no_calendar_has_is_the_nearest_it_has(at_ms: int) -> None:
    assert "UTC" in language.moment(at_ms)


@pytest.mark.parametrize(
    ("switch", "environ", "setting", "spoken"),
    [
        ("id", {"NADI_LANG": "en"}, "en", "id"),
        (None, {"NADI_LANG": "id"}, "en", "id"),
        (None, {"NADI_LANG": "xx"}, "id", "id"),
        (None, {}, "id", "id"),
    ],
)
def test_the_nearest_wish_is_spoken(
    switch: str | None, environ: dict[str, str], setting: str, spoken: str
) -> None:
    assert language.chosen(switch, environ, setting) == spoken


@pytest.mark.parametrize(
    ("count", "said"), [(512, "0.5 kB"), (14_800_000, "14.8 MB"), (2_000_000_000_000, "2,000.0 GB")]
)
def test_a_size_is_in_the_units_of_a_disk(count: int, said: str) -> None:
    assert language.size(count) == said
