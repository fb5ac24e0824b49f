"""The shipped register maps, judged by recorded replies."""

import tomllib
from pathlib import Path
from typing import Any

import pytest

from agent.drivers.modbus_rtu import find_answer
from agent.drivers.register_map import load_map
from agent.errors import DeviceRefused

ROOT = Path(__file__).parents[3]
MAPS = ROOT / "configs" / "modbus"
FRAMES = tomllib.loads((ROOT / "tests/fixtures/frames/modbus_map.toml").read_text())


@pytest.mark.parametrize("vector", FRAMES["good"], ids=lambda vector: str(vector["name"]))
def test_a_recorded_reply_gives_the_maps_values(vector: dict[str, Any]) -> None:
    block = load_map(MAPS / vector["map"]).block[vector["block"]]
    values = find_answer(bytes.fromhex(vector["reply"]), block.question(vector["unit"], base=0))
    assert values is not None
    assert {one.quantity: one.value for one in block.observe(values)} == vector["values"]


@pytest.mark.parametrize("vector", FRAMES["bad"], ids=lambda vector: str(vector["name"]))
def test_a_recorded_bad_reply_gives_nothing(vector: dict[str, Any]) -> None:
    question = load_map(MAPS / "intesis-dali.toml").block[0].question(1, base=0)
    try:
        assert find_answer(bytes.fromhex(vector["reply"]), question) is None
    except DeviceRefused:
        assert "refuses" in vector["why"]
