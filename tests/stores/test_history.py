"""What the view `readings` costs whoever asks it for an asset's past, on either store."""

import re

from broker_bridge.opening import CityStore
from broker_bridge.stores.postgres import PostgresStore


def test_who_asks_for_no_gateway_is_not_made_to_look_it_up(store: CityStore) -> None:
    """Nor, on PostgreSQL, the batches, of which a day of one asset has as many as instants."""
    explain, left_out = "EXPLAIN QUERY PLAN", "g"
    if isinstance(store, PostgresStore):
        explain, left_out = "EXPLAIN", "b"
    asked = f"{explain} SELECT value, quantity{{}} FROM readings WHERE asset = 'PJU-0001'"
    plans = [str(store.query(asked.format(more)).rows) for more in ("", ", gateway")]
    assert [bool(re.search(rf"\b{left_out}\b", plan)) for plan in plans] == [False, True]
