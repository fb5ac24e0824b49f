"""What `nadi-bridge retain` says before it does anything, and after."""

import json
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from broker_bridge.__main__ import main
from broker_bridge.config import load_settings
from broker_bridge.opening import CityStore, opened_store
from broker_bridge.stores.moments import ms_of
from tests.bridge.test_config import CONFIGS
from tests.stores.making import LAMP
from tests.stores.test_retention import commit, count


@pytest.fixture
def settings(tmp_path: Path) -> str:
    """Of a store with one reading of two hundred days ago and one of two hours ago."""
    path = tmp_path / "bridge.toml"
    example = (CONFIGS / "bridge.example.toml").read_text()
    path.write_text(example.replace("/var/lib/nadi-bridge", str(tmp_path)))
    now = datetime.now(UTC)
    ages = (timedelta(days=200), timedelta(hours=2))
    with opened(path) as store:
        commit(store, 1, [(LAMP, "voltage", ms_of(now - age), 220.0) for age in ages])
    return str(path)


def opened(path: Path | str) -> AbstractContextManager[CityStore]:
    return opened_store(load_settings(str(path)).store)


def test_a_dry_run_says_what_would_go_and_changes_nothing(
    settings: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["retain", "--settings", settings, "--dry-run", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["readings"], said["hours"], said["dry_run"]) == (1, 0, True)
    assert "no retention has run here yet" in said["refusal"]
    main(["retain", "--settings", settings, "--dry-run"])
    assert "it asks for --yes first" in capsys.readouterr().out
    with opened(settings) as store:
        assert (count(store, "reading"), count(store, "hourly")) == (2, 0)


def test_it_asks_once_and_then_says_what_it_did(
    settings: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["retain", "--settings", settings]) == 1
    assert "--yes lets it go" in capsys.readouterr().err
    assert main(["retain", "--settings", settings, "--yes", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["readings_gone"], said["late_hours"]) == (1, 0)
    assert main(["retain", "--settings", settings]) == 0
    assert "0 readings and 0 hours gone; raw readings are kept from " in capsys.readouterr().out
