"""PostgreSQL is asked as often for a group of many gateways as for a group of one."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from random import Random
from typing import Any

import psycopg
import pytest
from psycopg.pq import PipelineStatus

from broker_bridge.stores.postgres import PostgresStore
from broker_bridge.stores.postgres_ingest import PostgresTransaction
from broker_bridge.stores.rowids import RowIds
from contract.identity import GatewayId
from contract.messages import Status
from scripts.district.postgres import Postgres
from tests.stores.making import E1, E2, epoch_holding, held, holding, lamp_batch, origin

pytestmark = pytest.mark.system

MANY = 40


class CountingCursor(psycopg.Cursor[Any]):
    """Counts what it waits for; what a pipeline sends is waited for once, at its end."""

    asked = 0

    def execute(self, *arguments: Any, **named: Any) -> "CountingCursor":
        if self.connection.pgconn.pipeline_status == PipelineStatus.OFF:
            self.asked += 1
        return super().execute(*arguments, **named)

    def executemany(self, *arguments: Any, **named: Any) -> None:
        self.asked += 1
        super().executemany(*arguments, **named)


@pytest.fixture
def conninfo(postgres: Postgres) -> str:
    """A store without a gateway."""
    conninfo = postgres.create_database(f"test_{Random().getrandbits(60):x}")
    store = PostgresStore(conninfo)
    store.prove_writable()
    store.close()
    return conninfo


@contextmanager
def counting(conninfo: str) -> Iterator[tuple[PostgresTransaction, CountingCursor]]:
    """One transaction of a bridge that knows no names yet."""
    with psycopg.connect(conninfo, cursor_factory=CountingCursor) as connection:
        cursor = connection.cursor()
        assert isinstance(cursor, CountingCursor)
        transaction = PostgresTransaction(
            cursor, assets=RowIds(), quantities=RowIds(), months=RowIds(), quarantine_bytes=1 << 20
        )
        yield transaction, cursor


def asked_for(conninfo: str, gateways: Sequence[GatewayId], *, n: int) -> int:
    """For a batch, a statement and a status of each."""
    with counting(conninfo) as (transaction, cursor):
        transaction.lock(gateways)
        streams = transaction.streams([(gateway, E1) for gateway in gateways])
        transaction.date([(gateway, origin(revision=n)) for gateway in gateways])
        transaction.commit_batches([
            lamp_batch(streams[gateway, E1], n, gateway=gateway) for gateway in gateways
        ])  # fmt: skip
        said = epoch_holding(held("open", 1, n, 2 * n))
        transaction.hold([holding(said, gateway=gateway, revision=n) for gateway in gateways])
        transaction.hear([Status(gateway=gateway, state="online") for gateway in gateways])
        transaction.facts(gateways)
        return cursor.asked


def test_a_group_of_many_gateways_asks_the_database_as_often_as_one_of_one(conninfo: str) -> None:
    gateways = [GatewayId(f"bb-{number:04}") for number in range(MANY)]
    for gateway in (gateways[:1], gateways[1:]):  # a new boot is dated with steps of its own
        asked_for(conninfo, gateway, n=1)
    assert asked_for(conninfo, gateways, n=2) == asked_for(conninfo, gateways[:1], n=3)


def test_each_of_many_statements_in_a_group_is_kept(conninfo: str) -> None:
    gateways = [GatewayId(f"bb-{number:04}") for number in range(MANY)]
    asked_for(conninfo, gateways, n=1)
    store = PostgresStore(conninfo)
    balances = store.balance()
    store.close()
    assert [balance.gateway for balance in balances] == gateways
    assert {balance.sealed.readings for balance in balances} == {2}
    assert {balance.unexplained for balance in balances} == {(0, 0)}


def test_two_cards_of_one_gateway_in_one_group_are_judged_one_after_the_other(
    conninfo: str,
) -> None:
    gateway = GatewayId("bb-0001")
    old = epoch_holding(held("open", 1, 5, 10))
    with counting(conninfo) as (transaction, _):
        transaction.lock([gateway])
        first = holding(old, gateway=gateway, revision=900)
        new = holding(epoch_holding(held("open", 1, 3, 6), epoch=E2), gateway=gateway, revision=1)
        assert transaction.hold([first, new, first]) == [None, "cardReplaced", None]
