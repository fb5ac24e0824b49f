"""What is in quarantine can be looked at, tried again and let go, on either store."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from random import Random
from typing import Any

import psycopg
import pytest

from broker_bridge import quarantine
from broker_bridge.config import BridgeSettings, StoreSettings
from broker_bridge.errors import QuarantineRefused
from broker_bridge.ingest import Ingest
from broker_bridge.opening import opened_store
from broker_bridge.quarantine import Wanted
from contract.identity import City
from contract.tls import Broker
from scripts.district.postgres import Postgres
from tests.bridge.wire import GATEWAY, TOPICS, Sender, with_field
from tests.stores.making import REFUSED_W, REFUSES


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.system)])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> BridgeSettings:
    """A bridge with an empty store."""
    store = StoreSettings(kind="sqlite", path=str(tmp_path / "city.db"))
    if request.param == "postgresql":
        server: Postgres = request.getfixturevalue("postgres")
        name = f"aside_{Random().getrandbits(60):x}"
        store = StoreSettings(kind="postgresql", conninfo=server.create_database(name))
    broker = Broker(host="localhost", ca_file="ca", cert_file="cert", key_file="key")
    return BridgeSettings(city=City("baubau"), broker=broker, store=store)


def done(settings: BridgeSettings, sql: str) -> None:
    """By somebody who mends the database."""
    if settings.store.kind == "sqlite":
        with closing(sqlite3.connect(settings.store.path)) as database:
            database.execute(sql)
    else:
        with psycopg.connect(settings.store.conninfo, autocommit=True) as connection:
            connection.execute(sql.encode())


def poisoned(settings: BridgeSettings, *wrong: int) -> None:
    """Batches 1 to 4 arrive; the database refuses those that are `wrong`."""
    spoil, mend = REFUSES[settings.store.kind]
    sender = Sender()
    with opened_store(settings.store) as store:
        done(settings, spoil)
        group = [sender.batch(n, watts=REFUSED_W if n in wrong else 61.0) for n in range(1, 5)]
        Ingest(store, TOPICS).take(group)
    done(settings, mend)


def said(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    found = json.loads(capsys.readouterr().out)
    assert isinstance(found, dict)
    return found


def listed(settings: BridgeSettings, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    quarantine.print_list(settings, gateway=None, as_json=True)
    return said(capsys)


def test_what_was_rejected_is_stored_once_the_database_was_mended(
    settings: BridgeSettings, capsys: pytest.CaptureFixture[str]
) -> None:
    poisoned(settings, 2, 3)
    assert len(listed(settings, capsys)["messages"]) == 2
    assert quarantine.retry(settings, Wanted(all=True), as_json=True)
    assert [one["result"] for one in said(capsys)["messages"]] == ["stored", "stored"]
    with opened_store(settings.store) as store:
        (balance,) = store.balance()
        assert (balance.committed.readings, balance.rejected.readings) == (4, 0)
    after = listed(settings, capsys)
    assert after["messages"] == []
    assert after["gateways"] == [{"gateway": GATEWAY, "items": 0, "bytes": 0, "dropped": 0}]


def test_what_the_gateway_sent_again_meanwhile_is_known_and_not_stored_twice(
    settings: BridgeSettings, capsys: pytest.CaptureFixture[str]
) -> None:
    poisoned(settings, 2)
    with opened_store(settings.store) as store:
        Ingest(store, TOPICS).take([Sender().batch(2, watts=REFUSED_W)])
    assert quarantine.retry(settings, Wanted(gateway=GATEWAY), as_json=True)
    assert [one["result"] for one in said(capsys)["messages"]] == ["known"]


def test_what_is_still_wrong_stays_with_its_bytes_and_its_time(
    settings: BridgeSettings, capsys: pytest.CaptureFixture[str]
) -> None:
    with opened_store(settings.store) as store:
        Ingest(store, TOPICS).take([with_field(Sender().batch(1), "sha256", "0" * 64)])
    before = listed(settings, capsys)
    assert not quarantine.retry(settings, Wanted(all=True), as_json=True)
    assert [one["result"] for one in said(capsys)["messages"]] == ["refused"]
    assert listed(settings, capsys) == before


def test_one_message_is_shown_whole_and_its_body_is_written_to_a_new_file_only(
    settings: BridgeSettings, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    poisoned(settings, 2)
    (message,) = listed(settings, capsys)["messages"]
    body = tmp_path / "body"
    quarantine.print_one(settings, message["number"], body_file=body, as_json=False)
    assert "the store refuses it" in capsys.readouterr().out
    assert body.read_bytes() == Sender().body(2, watts=REFUSED_W)
    with pytest.raises(QuarantineRefused, match="File exists"):
        quarantine.print_one(settings, message["number"], body_file=body, as_json=False)
    with pytest.raises(QuarantineRefused, match="message 999 is not in quarantine"):
        quarantine.print_one(settings, 999, body_file=None, as_json=False)


def test_more_than_what_is_named_is_discarded_only_by_its_exact_count(
    settings: BridgeSettings, capsys: pytest.CaptureFixture[str]
) -> None:
    poisoned(settings, 2, 3)
    with pytest.raises(QuarantineRefused, match="nothing says which"):
        quarantine.discard(settings, Wanted(), count=None, as_json=True)
    with pytest.raises(QuarantineRefused, match="2 messages would be lost"):
        quarantine.discard(settings, Wanted(all=True), count=3, as_json=True)
    assert len(listed(settings, capsys)["messages"]) == 2
    quarantine.discard(settings, Wanted(all=True), count=2, as_json=True)
    assert len(said(capsys)["discarded"]) == 2
    assert listed(settings, capsys)["gateways"][0]["dropped"] == 2


def test_what_a_stranger_wrote_moves_no_terminal(
    settings: BridgeSettings, capsys: pytest.CaptureFixture[str]
) -> None:
    with opened_store(settings.store) as store:
        Ingest(store, TOPICS).take([with_field(Sender().batch(1), "sha256", "\x1b[2J")])
    (message,) = listed(settings, capsys)["messages"]
    quarantine.print_list(settings, gateway=None, as_json=False)
    quarantine.print_one(settings, message["number"], body_file=None, as_json=False)
    assert not quarantine.retry(settings, Wanted(numbers=[message["number"]]), as_json=False)
    assert "\x1b" not in capsys.readouterr().out
