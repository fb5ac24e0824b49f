"""The agent as a program: its words, its first breath, its last round, and a card that fails."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from scripts.district.broker import Broker
from scripts.district.certificates import Authority
from scripts.district.process import python_program
from scripts.district.sealed import read_outbox
from scripts.district.toml_document import write_toml
from tests.system.one_agent import (
    DISTRICT,
    OWN,
    PATIENCE_S,
    ROOT,
    running,
    sealed,
    settings_for,
    small_card,
    status,
)

pytestmark = pytest.mark.system


def asked(folder: Path, *words: str) -> dict[str, object]:
    """What `nadi-agent` says as JSON."""
    said = subprocess.run(
        [sys.executable, "-m", "agent", *words, "--settings", str(folder / "agent.toml"), "--json"],
        cwd=ROOT, capture_output=True, text=True, check=True, timeout=PATIENCE_S * 3,
    )  # fmt: skip
    answer: dict[str, object] = json.loads(said.stdout)
    return answer


@pytest.fixture
def bin_port(simulated: Callable[[str], Path]) -> Path:
    """A sensor that speaks on a pty."""
    return simulated(DISTRICT) / "bin"


def ran(folder: Path, *arguments: str) -> tuple[int, str]:
    folder.mkdir(exist_ok=True)
    program = python_program("command", "agent", *arguments, folder=folder, root=ROOT)
    program.start()
    code = program.wait(deadline_s=PATIENCE_S)
    return code, program.out_file.read_text() + program.log_file.read_text()


def test_help_teaches_with_examples(tmp_path: Path) -> None:
    code, said = ran(tmp_path, "--help")
    assert code == 0
    assert "nadi-agent run" in said
    assert "nadi-agent check" in said


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ('[gateway]\ncty = "baubau"\n', "gateway.cty is not a setting"),
        ("[gateway\n", "not valid TOML"),
    ],
)
def test_wrong_settings_end_it_with_one_sentence(
    tmp_path: Path, document: str, expected: str
) -> None:
    (tmp_path / "agent.toml").write_text(document)
    code, said = ran(tmp_path, "run", "--settings", str(tmp_path / "agent.toml"))
    assert code == 2
    assert expected in said
    assert "Traceback" not in said


def test_settings_that_are_not_there_are_said(tmp_path: Path) -> None:
    code, said = ran(tmp_path, "run", "--settings", str(tmp_path / "nowhere.toml"))
    assert code == 2
    assert "nowhere.toml" in said
    assert "Traceback" not in said


def test_a_stopped_agent_has_sealed_its_last_round(
    tmp_path: Path, bin_port: Path, broker: Broker, authority: Authority
) -> None:
    settings = settings_for(tmp_path, bin_port, broker, authority)
    with running(settings, tmp_path) as agent:
        agent.wait_until(lambda: sealed(settings) > 3, what="sealing", deadline_s=PATIENCE_S)
        before = sealed(settings)
        agent.stop()
        assert agent.exit_code == 0
    batches = read_outbox(tmp_path / "data" / "outbox.db", OWN).batches
    assert sum(len(batch.readings) for batch in batches) >= before


def test_the_outbox_is_told_by_the_agent_that_holds_it_and_by_the_card_when_none_runs(
    tmp_path: Path, bin_port: Path, broker: Broker, authority: Authority
) -> None:
    settings = settings_for(tmp_path, bin_port, broker, authority)
    with running(settings, tmp_path) as agent:
        agent.wait_until(lambda: sealed(settings) > 3, what="sealing", deadline_s=PATIENCE_S)
        held = asked(tmp_path, "outbox")
        assert held["running"] is True
        assert held["runway_days"] is not None
        assert asked(tmp_path, "outbox", "verify")["bad"] == []
    read = asked(tmp_path, "outbox")
    assert read["running"] is False
    batches, before = read["batches"], held["batches"]
    assert isinstance(batches, int)
    assert isinstance(before, int)
    assert batches >= before > 0
    assert asked(tmp_path, "outbox", "verify")["batches"] == batches


def test_a_killed_agent_keeps_every_sealed_round_and_goes_on_in_a_new_epoch(
    tmp_path: Path, bin_port: Path, broker: Broker, authority: Authority
) -> None:
    settings = settings_for(tmp_path, bin_port, broker, authority)
    floor = 0
    for _ in range(3):
        with running(settings, tmp_path) as agent:
            agent.wait_until(
                lambda least=floor: sealed(settings) > least + 2,  # type: ignore[misc]
                what="sealing",
                deadline_s=PATIENCE_S,
            )
            floor = sealed(settings)
            agent.kill()
    batches = read_outbox(tmp_path / "data" / "outbox.db", OWN).batches
    assert sum(len(batch.readings) for batch in batches) >= floor
    assert len({batch.epoch for batch in batches}) == 3


def test_a_port_that_is_missing_is_said_once_and_used_when_it_comes(
    tmp_path: Path, bin_port: Path, broker: Broker, authority: Authority
) -> None:
    later = tmp_path / "later"
    settings = settings_for(tmp_path, later, broker, authority)
    with running(settings, tmp_path) as agent:
        agent.wait_until(
            lambda: "the line is gone" in agent.log_file.read_text(),
            what="said",
            deadline_s=PATIENCE_S,
        )
        later.symlink_to(bin_port.resolve())
        agent.wait_until(lambda: sealed(settings) > 1, what="sealing", deadline_s=PATIENCE_S)
        assert status(settings)["faults"] == []
        agent.kill()
        log = agent.log_file.read_text()
        agent.start()
        agent.wait_until(lambda: sealed(settings) > 0, what="sealing", deadline_s=PATIENCE_S)
        told = str(status(settings)["log"])
    assert (log.count("the line is gone"), log.count("the line is back")) == (1, 1)
    assert "the line is gone" in told
    assert "the line is back" in told, told


def test_a_broker_that_is_gone_is_said_once_and_nothing_is_lost(
    tmp_path: Path, bin_port: Path, broker: Broker, authority: Authority
) -> None:
    broker.kill()
    settings = settings_for(tmp_path, bin_port, broker, authority)
    with running(settings, tmp_path) as agent:
        agent.wait_until(lambda: sealed(settings) > 12, what="sealing", deadline_s=PATIENCE_S)
    assert agent.log_file.read_text().count("link down") == 1


def test_a_full_card_is_said_once_and_sealing_goes_on_when_there_is_room(
    tmp_path: Path, bin_port: Path, broker: Broker, authority: Authority
) -> None:
    broker.kill()
    with small_card(tmp_path / "card", size_kb=2_000) as card:
        settings = settings_for(tmp_path, bin_port, broker, authority, data_dir=card)
        with running(settings, tmp_path) as agent:
            agent.wait_until(lambda: sealed(settings) > 1, what="sealing", deadline_s=PATIENCE_S)
            hog = card / "hog"
            hog.write_bytes(b"")
            _fill(hog)
            agent.wait_until(
                lambda: "outbox: " in str(status(settings)["faults"]) or not _room(card),
                what="full",
                deadline_s=PATIENCE_S,
            )
            hog.unlink()
            before = sealed(settings)
            agent.wait_until(
                lambda: sealed(settings) > before + 3, what="sealing", deadline_s=PATIENCE_S
            )
            assert not any("outbox" in str(f) for f in [status(settings)["faults"]])
        assert agent.exit_code == 0
        assert agent.log_file.read_text().count("Traceback") == 0
        assert read_outbox(card / "outbox.db", OWN).batches


def _fill(hog: Path) -> None:
    with hog.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(b"\0" * 4_096)
        except OSError:
            return


def _room(card: Path) -> int:
    return shutil.disk_usage(card).free


def test_a_live_reading_is_shown_with_its_bytes_while_the_agent_runs(
    tmp_path: Path, bin_port: Path, broker: Broker, authority: Authority
) -> None:
    settings = settings_for(tmp_path, bin_port, broker, authority)
    with running(settings, tmp_path) as agent:
        agent.wait_until(lambda: sealed(settings) > 1, what="sealing", deadline_s=PATIENCE_S)
        code, said = read_once(tmp_path, "TPS-1", "--json")
    reading = json.loads(said)
    value = int(reading["values"][0]["value"])
    assert (code, reading["fault"], reading["values"][0]["unit"]) == (0, "", "mm")
    heard = bytes.fromhex("".join(one["data"] for one in reading["traffic"]))
    assert b"\xff" + value.to_bytes(2) in heard


def test_a_live_reading_needs_no_running_agent(
    tmp_path: Path, bin_port: Path, broker: Broker, authority: Authority
) -> None:
    settings = settings_for(tmp_path, bin_port, broker, authority)
    write_toml(tmp_path / "agent.toml", settings.model_dump(mode="json", exclude_none=True))
    code, said = read_once(tmp_path, "TPS-1")
    assert code == 0
    assert "TPS-1  waste_bin on line bin" in said
    assert "← answered ff " in said
    assert "✓ good" in said


def test_a_device_that_nobody_set_up_is_said_with_the_nearest_one(
    tmp_path: Path, bin_port: Path, broker: Broker, authority: Authority
) -> None:
    settings = settings_for(tmp_path, bin_port, broker, authority)
    with running(settings, tmp_path) as agent:
        agent.wait_until(lambda: sealed(settings) > 1, what="sealing", deadline_s=PATIENCE_S)
        code, said = read_once(tmp_path, "TPS-11")
    assert code == 1
    assert "no device here has the asset TPS-11" in said
    assert "did you mean TPS-1?" in said


def read_once(folder: Path, *arguments: str) -> tuple[int, str]:
    return ran(folder / "read", "read", *arguments, "--settings", str(folder / "agent.toml"))
