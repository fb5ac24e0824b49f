"""The example files of the city's side load as they are, and wrong ones are refused in words."""

from pathlib import Path

import pytest

from broker_bridge.config import load_settings
from broker_bridge.registry import load_registry
from contract.errors import SettingsError

CONFIGS = Path(__file__).parents[2] / "configs"


def test_the_bridges_example_loads_as_it_is() -> None:
    settings = load_settings(str(CONFIGS / "bridge.example.toml"))
    assert (settings.city, settings.store.kind) == ("baubau", "sqlite")


def test_the_registrys_example_loads_as_it_is() -> None:
    registry = load_registry(str(CONFIGS / "registry.example.toml"))
    assert registry.gateways() == {"bb-0001"}
    assert [asset.id for asset in registry.asset] == ["PJU-0001", "TPS-0001"]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('[[asset]]\nkind = "lamp"\nid = "PJU-1"\n', "asset[1].kind"),
        ('[[gateway]]\nid = "a"\n[[gateway]]\nid = "a"\n', "gateway a is listed twice"),
        ('[[gateway]]\nid = "a"\nlatitude = 91.0\n', "gateway[1].latitude"),
        ('[[gateway]]\nidd = "a"\n', "gateway[1].idd is not a setting"),
    ],
)
def test_a_wrong_registry_is_refused_with_the_key(tmp_path: Path, text: str, sentence: str) -> None:
    (tmp_path / "registry.toml").write_text(text)
    with pytest.raises(SettingsError) as refused:
        load_registry(str(tmp_path / "registry.toml"))
    assert sentence in str(refused.value)
