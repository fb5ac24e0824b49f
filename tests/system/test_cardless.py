"""An agent whose card does not open goes on reading, says so, and seals what it read after all."""

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from contract.identity import City
from contract.topics import Topics
from scripts.district.broker import Broker
from scripts.district.certificates import Authority
from scripts.district.sealed import read_outbox
from tests.system.mqtt_client import MqttClient
from tests.system.one_agent import (
    DISTRICT,
    OWN,
    PATIENCE_S,
    ask,
    running,
    sealed,
    settings_for,
    small_card,
)

pytestmark = pytest.mark.system


def _remount(card: Path, how: str) -> None:
    root = [] if os.geteuid() == 0 else ["sudo", "-n"]
    subprocess.run([*root, "mount", "-o", f"remount,{how}", str(card)], check=True)


def test_a_card_that_is_read_only_at_the_start_ends_no_agent_and_its_readings_are_sealed_later(
    tmp_path: Path, simulated: Callable[[str], Path], broker: Broker, authority: Authority
) -> None:
    port = simulated(DISTRICT) / "bin"
    with small_card(tmp_path / "card", size_kb=2_000) as card:
        settings = settings_for(tmp_path, port, broker, authority, data_dir=card)
        _remount(card, "ro")
        with (
            running(settings, tmp_path) as agent,
            MqttClient(broker.address(authority.client("bridge"))) as city,
        ):
            city.subscribe(Topics(City("baubau")).status(OWN))
            city.wait_until(lambda: b'"online"' in b"".join(one.payload for one in city.heard), "")
            told = json.loads(city.heard[-1].payload)
            assert "outbox: " in told["faults"][0]
            assert told["faults"][0].endswith("; nothing is sealed")
            assert "check that the card" in str(ask(settings, "outbox")["hint"])
            # each waits for a frame, and rounds go on between them
            assert all("fault" in ask(settings, "read", asset="TPS-1") for _ in range(10))
            _remount(card, "rw")
            agent.wait_until(lambda: sealed(settings) > 3, what="sealing", deadline_s=PATIENCE_S)
        assert agent.log_file.read_text().count("does not open") == 1
        first, *_ = read_outbox(card / "outbox.db", OWN).batches
        assert len(first.readings) > 1
