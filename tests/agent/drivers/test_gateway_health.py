import tomllib
from pathlib import Path
from typing import Any

import pytest

from agent.clock import FakeClock, Sight
from agent.drivers.gateway_health import GatewayHealthDriver

FRAMES = Path(__file__).parents[2] / "fixtures" / "frames" / "gateway_health.toml"


def vectors(kind: str) -> list[dict[str, Any]]:
    return tomllib.loads(FRAMES.read_text())[kind]  # type: ignore[no-any-return]


def plant(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)


async def seen(root: Path, *, clock: FakeClock | None = None) -> dict[str, float]:
    driver = GatewayHealthDriver(
        root=root, data_dir=root, clock=clock or FakeClock(), counts=lambda: (200, 3)
    )
    return {one.quantity: one.value for one in await driver.read()}


@pytest.mark.parametrize("vector", vectors("good"), ids=lambda vector: str(vector["name"]))
async def test_a_kernels_files_say_how_a_gateway_is(vector: dict[str, Any], tmp_path: Path) -> None:
    plant(tmp_path, vector["files"])
    clock = FakeClock(sight=Sight(origin_ms=1, uncertainty_ms=1))
    values = await seen(tmp_path, clock=clock)
    assert values.pop("card_free") > 0
    assert values == vector["values"] | {"clock_known": 1.0, "failed_reads": 0.015}


@pytest.mark.parametrize("vector", vectors("bad"), ids=lambda vector: str(vector["name"]))
async def test_what_makes_no_sense_is_not_told(vector: dict[str, Any], tmp_path: Path) -> None:
    plant(tmp_path, vector["files"])
    assert vector["absent"] not in await seen(tmp_path)


async def test_what_a_kernel_does_not_tell_is_left_out(tmp_path: Path) -> None:
    assert set(await seen(tmp_path)) == {"card_free", "clock_known", "failed_reads"}


@pytest.mark.parametrize("text", ["", "warm", "0x", "\xff\xff", "9" * 9_000])
async def test_a_file_that_makes_no_sense_is_left_out(tmp_path: Path, text: str) -> None:
    plant(tmp_path, dict.fromkeys(vectors("good")[0]["files"], text))
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
