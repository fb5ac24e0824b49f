import tomllib
from pathlib import Path

import pytest

from agent.drivers.registry import MODULES
from scripts.drivers_page import FRAMES, OWN, drivers_page

LEAST_GOOD, LEAST_BAD = 3, 5
PARTS = {path.stem for path in FRAMES.glob("*.toml")} - {*MODULES, *OWN}


@pytest.mark.parametrize("name", [*MODULES, *OWN, *sorted(PARTS)])
def test_every_driver_has_recorded_frames_good_and_bad(name: str) -> None:
    frames = tomllib.loads((FRAMES / f"{name}.toml").read_text(encoding="utf-8"))
    assert len(frames["good"]) >= LEAST_GOOD
    assert len(frames["bad"]) >= LEAST_BAD
    assert all("source" in one for one in frames["good"])
    assert all("why" in one for one in frames["bad"])


def test_every_driver_is_on_the_page() -> None:
    page = drivers_page()
    assert [name for name in (*MODULES, *OWN) if f"## `{name}`\n" not in page] == []
    assert "not listed" not in page


def test_the_page_is_where_people_look() -> None:
    path = Path(__file__).parents[3] / "docs" / "reference" / "drivers.md"
    assert path.read_text(encoding="utf-8") == drivers_page()
