"""The tables of each dataset, made of what the store gives; what is public has fewer columns."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from broker_bridge.export.lookup import Lookup
from broker_bridge.export.tables import (
    Column,
    Counts,
    Numbers,
    Table,
    Times,
    Words,
    counts_of,
    flags_of,
    numbers_of,
    times_of,
    words_of,
)
from broker_bridge.store import Balance
from broker_bridge.stores.exporting import BatchFacts, Block, EventRow, HourRow
from broker_bridge.stores.quality import SUSPECT, time_quality_word

_QUALITIES = ("good", "suspect")
_TIME_QUALITIES = ("exact", "repaired", "estimated")


def readings(block: Block, facts: BatchFacts | None, lookup: Lookup) -> Table:
    """`facts` is None for the public, who does not hear of gateways."""
    assets, places = lookup.assets(block.asset_id)
    columns: dict[str, Column] = {
        "observed_at": Times(block.observed_ms),
        "kind": lookup.kinds(block.asset_id),
        "asset": assets,
        "quantity": lookup.quantities(block.quantity_id),
        "value": Numbers(block.value),
        "unit": lookup.units(block.quantity_id),
        "quality": Words(block.quality & SUSPECT, _QUALITIES),
        "time_quality": Words(block.quality >> 1, _TIME_QUALITIES),
    }
    if facts is not None:
        columns["uncertainty_ms"] = Counts(facts.uncertainty_ms)
        columns["gateway"] = lookup.gateways(facts.gateway_id)
    return Table(columns=columns, rows=len(block), places=places)


def hours(rows: Sequence[HourRow], lookup: Lookup) -> Table:
    """One row an asset, a quantity and an hour."""
    assets, places = lookup.assets(_ids([row.asset_id for row in rows]))
    quantity_id = _ids([row.quantity_id for row in rows])
    return Table(
        columns={
            "hour": times_of(row.hour_ms for row in rows),
            "kind": lookup.kinds(_ids([row.asset_id for row in rows])),
            "asset": assets,
            "quantity": lookup.quantities(quantity_id),
            "unit": lookup.units(quantity_id),
            "count": counts_of(row.readings for row in rows),
            "suspect": counts_of(row.suspect for row in rows),
            "estimated": counts_of(row.estimated for row in rows),
            "min": numbers_of(row.lowest for row in rows),
            "mean": numbers_of(_mean(row) for row in rows),
            "max": numbers_of(row.highest for row in rows),
            "due": counts_of(row.due for row in rows),
            "completeness": numbers_of(_share(row) for row in rows),
        },
        rows=len(rows),
        places=places,
    )


def events(rows: Sequence[EventRow], lookup: Lookup, *, public: bool) -> Table:
    """Without the free text of an event, which may name an address."""
    asset_id = _ids([row.asset_id for row in rows])
    assets, places = lookup.assets(asset_id)
    columns: dict[str, Column] = {
        "observed_at": times_of(row.observed_ms for row in rows),
        "kind": lookup.kinds(asset_id),
        "asset": assets,
        "type": words_of(row.type for row in rows),
        "phase": words_of(row.phase for row in rows),
        "open": flags_of(row.is_open for row in rows),
        "time_quality": words_of(_time_quality(row) for row in rows),
    }
    if not public:
        columns["id"] = words_of(row.name for row in rows)
        columns["gateway"] = lookup.gateways(_ids([row.gateway_id for row in rows]))
    return Table(columns=columns, rows=len(rows), places=places)


def gaps(balances: Sequence[Balance], *, from_ms: int | None, until_ms: int | None) -> Table:
    """Holes and losses that touch the time; those of no known time are in it."""
    found = [
        (balance.gateway, hole)
        for balance in balances
        for hole in balance.holes
        if (hole.to_ms is None or from_ms is None or hole.to_ms >= from_ms)
        and (hole.from_ms is None or until_ms is None or hole.from_ms < until_ms)
    ]
    holes = [hole for _, hole in found]
    return Table(
        columns={
            "from": times_of(hole.from_ms for hole in holes),
            "until": times_of(hole.to_ms for hole in holes),
            "gateway": words_of(gateway for gateway, _ in found),
            "state": words_of(hole.state for hole in holes),
            "reason": words_of(hole.reason for hole in holes),
            "readings": counts_of(hole.readings for hole in holes),
            "events": counts_of(hole.events for hole in holes),
            "epoch": words_of(hole.epoch for hole in holes),
            "first": counts_of(hole.first for hole in holes),
            "last": counts_of(hole.last for hole in holes),
        },
        rows=len(holes),
    )


def _ids(ids: Sequence[int]) -> NDArray[np.int64]:
    return np.array(ids, np.int64)


def _mean(row: HourRow) -> float | None:
    believed = row.readings - row.suspect
    return row.total / believed if believed else None


def _share(row: HourRow) -> float | None:
    return min(row.readings / row.due, 1.0) if row.due else None


def _time_quality(row: EventRow) -> str | None:
    return None if row.time_quality is None else time_quality_word(row.time_quality << 1)


def no_readings(lookup: Lookup, *, public: bool) -> Table:
    """The columns alone."""
    none = np.zeros(0, np.int64)
    block = Block(
        observed_ms=none, value=np.zeros(0), batch_id=none, asset_id=none, quantity_id=none,
        quality=none,
    )  # fmt: skip
    facts = None if public else BatchFacts(gateway_id=none, uncertainty_ms=none)
    return readings(block, facts, lookup)
