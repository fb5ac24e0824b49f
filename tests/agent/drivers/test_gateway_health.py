from pathlib import Path

import pytest

from agent.clock import FakeClock, Sight
from agent.drivers.gateway_health import GatewayHealthDriver

# As a Raspberry Pi Compute Module 4 with eMMC shows them.
PI = {
    "sys/class/thermal/thermal_zone0/temp": "61835\n",
    "sys/devices/platform/soc/soc:firmware/get_throttled": "50005\n",
    "sys/class/hwmon/hwmon0/name": "cpu_thermal\n",
    "sys/class/hwmon/hwmon1/name": "rpi_volt\n",
    "sys/class/hwmon/hwmon1/in0_lcrit_alarm": "1\n",
    "sys/block/mmcblk0/device/life_time": "0x02 0x01\n",
    "proc/meminfo": "MemTotal:         931236 kB\nMemFree: 1 kB\nMemAvailable:     612344 kB\n",
}


def plant(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)


async def seen(root: Path, *, clock: FakeClock | None = None) -> dict[str, float]:
    driver = GatewayHealthDriver(
        root=root, data_dir=root, clock=clock or FakeClock(), counts=lambda: (200, 3)
    )
    return {one.quantity: one.value for one in await driver.read()}


async def test_a_pi_says_how_it_is(tmp_path: Path) -> None:
    plant(tmp_path, PI)
    clock = FakeClock(sight=Sight(origin_ms=1, uncertainty_ms=1))
    values = await seen(tmp_path, clock=clock)
    assert values.pop("card_free") > 0
    assert values == {
        "cpu_temperature": 61.835,
        "throttled": 1.0,
        "undervoltage": 1.0,
        "card_wear": 20.0,
        "memory_available": 612_344 * 1_024,
        "clock_known": 1.0,
        "failed_reads": 0.015,
    }


async def test_what_a_kernel_does_not_tell_is_left_out(tmp_path: Path) -> None:
    assert set(await seen(tmp_path)) == {"card_free", "clock_known", "failed_reads"}


@pytest.mark.parametrize("text", ["", "warm", "0x", "\xff\xff", "9" * 9_000])
async def test_a_file_that_makes_no_sense_is_left_out(tmp_path: Path, text: str) -> None:
    plant(tmp_path, dict.fromkeys(PI, text))
    known = set(await seen(tmp_path))
    assert {"card_free", "clock_known"} <= known
    assert not known & {"undervoltage", "card_wear", "memory_available"}


async def test_failed_reads_count_since_the_last_time(tmp_path: Path) -> None:
    counts = [(100, 50), (200, 50), (200, 50)]
    driver = GatewayHealthDriver(
        root=tmp_path, data_dir=tmp_path, clock=FakeClock(), counts=lambda: counts.pop(0)
    )
    shares = [
        {one.quantity: one.value for one in await driver.read()}.get("failed_reads")
        for _ in range(3)
    ]
    assert shares == [0.5, 0.0, None]
