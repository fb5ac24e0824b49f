"""The example files of the city's side load as they are, and wrong ones are refused in words."""

from pathlib import Path

import pytest

from broker_bridge.config import load_settings
from contract.errors import SettingsError

CONFIGS = Path(__file__).parents[2] / "configs"


def test_the_bridges_example_loads_as_it_is() -> None:
    settings = load_settings(str(CONFIGS / "bridge.example.toml"))
    assert (settings.city, settings.store.kind) == ("baubau", "sqlite")


def test_the_registry_is_no_setting_any_longer(tmp_path: Path) -> None:
    old = (CONFIGS / "bridge.example.toml").read_text()
    (tmp_path / "bridge.toml").write_text('registry_file = "/etc/nadi/registry.toml"\n' + old)
    with pytest.raises(SettingsError, match="registry_file is not a setting"):
        load_settings(str(tmp_path / "bridge.toml"))


@pytest.mark.parametrize(
    ("section", "words"),
    [
        ("raw_days = 400\nhourly_years = 1", "raw_days: 400 days is longer than hourly_years = 1"),
        ("raw_days = 0", "raw_days: input should be greater than or equal to 1"),
        ("raw_hours = 1", "raw_hours is not a setting"),
        ("[retention.interval_s.streetlight]\nvoltag = 10", "did you mean voltage"),
        ("[retention.interval_s.lamp]\nvoltage = 10", "interval_s.lamp"),
    ],
)
def test_a_retention_that_deletes_more_than_it_says_is_refused_with_its_line(
    tmp_path: Path, section: str, words: str
) -> None:
    example = (CONFIGS / "bridge.example.toml").read_text().replace("[retention] ", "#")
    (tmp_path / "bridge.toml").write_text(f"{example}\n[retention]\n{section}\n")
    with pytest.raises(SettingsError, match=words.replace("[", r"\[")) as refused:
        load_settings(str(tmp_path / "bridge.toml"))
    assert "line" in str(refused.value)
