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
