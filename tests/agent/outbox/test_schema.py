import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from agent.errors import OutboxDamaged, OutboxNewer
from agent.learned import Learned
from agent.outbox.opening import open_outbox
from agent.outbox.records import Commit
from agent.outbox.schema import APPLICATION_ID, SCHEMA, SCHEMA_VERSION, connect, in_words
from contract.codec import Key, sha256_of
from contract.identity import AssetId, BootId, Epoch, GatewayId

GOLDEN = Path(__file__).parents[2] / "fixtures" / "outbox"
GATEWAY = GatewayId("bb-0001")
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


@pytest.mark.parametrize("version", range(1, SCHEMA_VERSION + 1))
def test_an_outbox_of_every_version_keeps_what_it_has_under_its_numbers(
    version: int, tmp_path: Path
) -> None:
    path = tmp_path / "outbox.db"
    with closing(sqlite3.connect(path)) as old:
        old.executescript((GOLDEN / f"v{version}.sql").read_text())
    file, contents = open_outbox(
        path, gateway=GATEWAY, epoch=Epoch(f"{7:016x}"), boot=BootId("b" * 16)
    )
    with closing(file):
        first = contents.epochs[0]
        assert (first.epoch, first.boot) == ("00112233445566aa", "b0b1b2b3b4b5b6b7")
        assert (first.held.ranges, first.settled.ranges) == (((1, 3),), ((1, 1),))
        assert [(one.numbers, one.state, one.reason) for one in first.gone] == [
            ((4, 4), "lost", "card failed")
        ]
        for stored in file.bodies(first.id, [(1, 3)]):
            key = Key(gateway=GATEWAY, epoch=first.epoch, n=stored.n)
            assert sha256_of(key, stored.body) == stored.sha256
    assert [(one.origin_ms, one.seen_ms) for one in contents.origins] == [
        (1_795_300_000_000, 3_000 if version >= 3 else None)
    ]
    assert [one.type for one in contents.open_events] == ["lampFailure"]
    assert contents.learned == (LEARNED if version >= 2 else {})
    assert not list(tmp_path.glob("*damaged*")), "nothing was put aside"


def test_an_upgrade_that_fails_leaves_the_outbox_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "outbox.db"
    with closing(sqlite3.connect(path)) as old:
        old.executescript((GOLDEN / "v1.sql").read_text())
        old.executescript("CREATE TABLE learned (of_another TEXT)")  # the second makes one too
    with pytest.raises(OutboxDamaged, match="learned already exists"), in_words(path):
        connect(path)
    with closing(sqlite3.connect(path)) as old:
        assert old.execute("PRAGMA user_version").fetchone() == (1,)
        columns = [name for (name,) in old.execute("SELECT name FROM pragma_table_info('origin')")]
        assert "seen_ms" not in columns
