import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from agent.errors import OutboxNewer
from agent.learned import Learned
from agent.outbox.opening import open_outbox
from agent.outbox.records import Commit
from agent.outbox.schema import APPLICATION_ID, SCHEMA, SCHEMA_VERSION
from contract.identity import AssetId, BootId, Epoch, GatewayId

BIN = AssetId("TPS-0001")
LEARNED = {BIN: Learned(level=0.4, nights=(1_800.5, 1_799.0))}


def first_version(path: Path) -> None:
    with closing(sqlite3.connect(path)) as old:
        old.executescript(
            f"PRAGMA application_id={APPLICATION_ID}; PRAGMA user_version=1; {SCHEMA}"
        )


def learned_after(path: Path, number: int) -> object:
    file, contents = open_outbox(
        path, gateway=GatewayId("bb-0001"), epoch=Epoch(f"{number:016x}"), boot=BootId("b" * 16)
    )
    file.write(Commit(batch=None, learned=LEARNED))
    file.close()
    return contents.learned


def test_an_outbox_of_the_first_version_is_taken_over_and_learns(tmp_path: Path) -> None:
    first_version(tmp_path / "outbox.db")
    assert learned_after(tmp_path / "outbox.db", 1) == {}
    assert learned_after(tmp_path / "outbox.db", 2) == LEARNED


def test_an_older_agent_refuses_a_newer_outbox_in_words(tmp_path: Path) -> None:
    first_version(tmp_path / "outbox.db")
    with closing(sqlite3.connect(tmp_path / "outbox.db")) as newer:
        newer.execute(f"PRAGMA user_version={SCHEMA_VERSION + 1}")
    with pytest.raises(OutboxNewer, match="written by a newer nadi-agent"):
        learned_after(tmp_path / "outbox.db", 1)
