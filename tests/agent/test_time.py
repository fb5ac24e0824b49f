"""Who vouches for UTC, how surely, and when a boot's origin is stated anew."""

import asyncio
import os
from pathlib import Path

import pytest

from agent.clock import FakeClock, KernelClock, Sight
from agent.dating import consider
from agent.time_service import (
    Chrony,
    ChronyWatch,
    Kernel,
    error_ms,
    read_kernel,
    read_tracking,
    timesyncd_age_ms,
)
from contract.identity import BootId
from contract.messages import Origin

HOUR = 3_600_000
BOOT = BootId("b0b1b2b3b4b5b6b7")
# chronyd 4.3, `chronyc -c tracking`, once with a server and once with nothing but its own clock.
TRACKING = (
    "C0A80001,ntp.baubau.test,3,1795630500.481735545,-0.000250000,0.000012345,0.000020000,"
    "-11.604,0.003,0.081,0.020000000,0.001500000,64.2,Normal"
)
LOCAL = (
    "7F7F0101,,10,1795630500.481735545,0.000000000,0.000000000,0.000000000,0.000,0.000,0.000,"
    "0.000000000,0.000000000,0.0,Normal"
)
UNSYNCHRONISED = (
    "00000000,,0,0.000000000,0.000000000,0.000000000,0.000000000,0.000,0.000,0.000,"
    "1.000000000,1.000000000,0.0,Not synchronised"
)


def error(
    kernel: Kernel | None = None, age_ms: int | None = None, chrony: Chrony | None = None
) -> int | None:
    return error_ms(kernel, timesyncd_age_ms=age_ms, chrony=chrony, now_ms=2 * HOUR)


def test_adjtimex_says_whether_the_kernel_is_synchronised_and_in_which_unit_it_slews() -> None:
    assert read_kernel(0, 0x0001, max_error_us=2_500, offset=-300) == Kernel(
        max_error_ms=2.5, offset_ms=-0.3
    )
    assert read_kernel(0, 0x2001, max_error_us=0, offset=3_000_000) == Kernel(
        max_error_ms=0.0, offset_ms=3.0
    )
    assert read_kernel(5, 0x0001, max_error_us=0, offset=0) is None
    assert read_kernel(-1, 0x0001, max_error_us=0, offset=0) is None
    assert read_kernel(0, 0x0041, max_error_us=0, offset=0) is None


def test_nobody_vouches_for_a_kernel_that_is_not_synchronised() -> None:
    assert error() is None
    assert error(age_ms=5_000) is None  # somebody set the clock after timesyncd did


def test_the_kernels_own_maximum_is_believed_with_what_it_still_has_to_slew() -> None:
    assert error(Kernel(max_error_ms=40.0, offset_ms=-300.0)) == 342


def test_timesyncd_tells_for_how_long_the_kernel_let_its_error_grow() -> None:
    # in an hour the kernel adds 1,800 ms, a crystal at most 180 ms
    assert error(Kernel(max_error_ms=2_300.0), age_ms=HOUR) == 782
    assert error(Kernel(max_error_ms=0.0), age_ms=0) == 102  # one exchange is no better


def test_chrony_vouches_alone_and_its_word_ages() -> None:
    word = Chrony(error_ms=12.0, at_ms=HOUR)
    assert error(chrony=word) == 12 + 180 + 2
    assert error(Kernel(max_error_ms=16_000.0), chrony=word) == 194


def test_chronys_tracking_is_its_offset_its_dispersion_and_half_its_delay() -> None:
    assert read_tracking(TRACKING, at_ms=7) == Chrony(error_ms=0.25 + 1.5 + 10.0, at_ms=7)


@pytest.mark.parametrize("line", [LOCAL, UNSYNCHRONISED, "", "506 Cannot talk", "a,b" * 6])
def test_chrony_without_a_server_does_not_vouch(line: str) -> None:
    assert read_tracking(line, at_ms=7) is None


def test_timesyncds_mark_is_as_old_as_its_last_synchronisation(tmp_path: Path) -> None:
    mark = tmp_path / "synchronized"
    assert timesyncd_age_ms(1_795_000_060_000, mark) is None
    mark.touch()
    os.utime(mark, (1_795_000_000, 1_795_000_000))
    assert timesyncd_age_ms(1_795_000_060_000, mark) == 60_000
    assert timesyncd_age_ms(1_794_999_990_000, mark) is None


def chronyc(folder: Path, script: str) -> tuple[str, ...]:
    program = folder / "chronyc"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return (str(program), "-c", "tracking")


async def heard(watch: ChronyWatch) -> None:
    running = asyncio.create_task(watch.run())
    async with asyncio.timeout(20):
        while watch.word is None and not running.done():  # noqa: ASYNC110 it tells nobody
            await asyncio.sleep(0.005)
    running.cancel()


async def test_chrony_is_asked_and_its_word_is_forgotten_when_it_is_old(tmp_path: Path) -> None:
    clock = FakeClock(boot_ms=1_000)
    watch = ChronyWatch(clock.boot_ms, chronyc(tmp_path, f"echo {TRACKING}"))
    await heard(watch)
    assert watch.word == Chrony(error_ms=11.75, at_ms=1_000)
    clock.now_ms += 200_000
    assert watch.word is None


async def test_a_gateway_without_chrony_asks_nobody(tmp_path: Path) -> None:
    watch = ChronyWatch(FakeClock().boot_ms, (str(tmp_path / "chronyc"),))
    await watch.run()
    assert watch.word is None


def test_the_system_clock_is_seen_within_what_it_says() -> None:
    clock = KernelClock(trusted=True)
    sight = clock.sight()
    assert sight is not None
    assert sight.uncertainty_ms > 0
    assert clock.boot_ms() + sight.origin_ms > 1_700_000_000_000


# When an origin is stated anew.


def known(uncertainty_ms: int = 20, seen_ms: int = 0) -> Origin:
    return Origin(
        boot=BOOT, origin_ms=1_000_000, uncertainty_ms=uncertainty_ms, revision=4, seen_ms=seen_ms
    )


def stated(sight: Sight | None, before: Origin | None, *, at_ms: int = 0) -> Origin | None:
    return consider(BOOT, sight, before, at_ms=at_ms)


def test_an_origin_is_stated_once_somebody_vouches_and_never_before() -> None:
    assert stated(None, None) is None
    first = stated(Sight(origin_ms=5, uncertainty_ms=9), None, at_ms=77)
    assert first == Origin(boot=BOOT, origin_ms=5, uncertainty_ms=9, revision=1, seen_ms=77)


def test_a_step_of_the_clock_is_a_new_absolute_origin() -> None:
    stepped = stated(Sight(origin_ms=1_017_000, uncertainty_ms=20), known())
    assert stepped
    assert (stepped.origin_ms, stepped.revision) == (1_017_000, 5)
    assert stated(Sight(origin_ms=1_000_130, uncertainty_ms=200), known())  # ntpd's smallest step
    assert stated(Sight(origin_ms=1_000_005, uncertainty_ms=20), known()) is None


def test_it_is_seen_anew_before_the_drift_since_makes_it_doubtful() -> None:
    same = Sight(origin_ms=1_000_000, uncertainty_ms=20)
    assert stated(same, known(), at_ms=HOUR) is None  # 20 ms and 180 ms of drift
    again = stated(same, known(), at_ms=2 * HOUR)
    assert again
    assert again.seen_ms == 2 * HOUR


def test_the_uncertainty_of_a_reading_grows_with_its_distance_from_when_the_time_was_seen() -> None:
    origin = known(uncertainty_ms=20, seen_ms=HOUR)
    assert [origin.uncertainty_at(at) for at in (HOUR, 3 * HOUR, 0)] == [20, 380, 200 + 1_000]
    unseen = Origin(boot=BOOT, origin_ms=1, uncertainty_ms=20, revision=1)
    assert unseen.uncertainty_at(HOUR) == 200


def test_before_the_time_was_seen_the_boots_clock_may_have_been_slewed() -> None:
    assert known(uncertainty_ms=20, seen_ms=HOUR).uncertainty_at(HOUR - 1) == 20 + 1 + 1_000
