"""What a gateway sealed, counted in its outbox file and not by the agent that wrote it."""

import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from contract.codec import Key, inflate, sha256_of
from contract.identity import Epoch, GatewayId
from contract.messages import BatchBody
from contract.ranges import RangeSet

NUMBER_BITS = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One reading as it was sealed; `at_ms` is CLOCK_BOOTTIME."""

    asset: str
    quantity: str
    at_ms: int
    value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedBatch:
    """One batch that is still on the card; `settled` is what the gateway believes."""

    epoch: Epoch
    n: int
    readings: tuple[Seen, ...]
    events: int
    settled: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenUp:
    """Numbers `first` to `last` that left the card, with what they counted."""

    epoch: Epoch
    first: int
    last: int
    readings: int
    events: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Outbox:
    """One gateway's whole record."""

    gateway: GatewayId
    batches: tuple[SealedBatch, ...]
    given_up: tuple[GivenUp, ...]


def read_outbox(path: Path, gateway: GatewayId) -> Outbox:
    """All of it; no agent may be using it. Bytes that do not match their hash fail loudly."""
    with closing(sqlite3.connect(path)) as database:
        epochs = {
            row[0]: (Epoch(row[1]), RangeSet((first, last) for first, last in json.loads(row[2])))
            for row in database.execute("SELECT id, epoch, settled FROM epoch")
        }
        names = {row: epoch for row, (epoch, _) in epochs.items()}
        return Outbox(
            gateway=gateway,
            batches=tuple(_batches(database, gateway, epochs)),
            given_up=tuple(_given_up(database, names)),
        )


def _batches(
    database: sqlite3.Connection, gateway: GatewayId, epochs: Mapping[int, tuple[Epoch, RangeSet]]
) -> Iterator[SealedBatch]:
    for row, sha256, packed in database.execute("SELECT id, sha256, body FROM batch ORDER BY id"):
        epoch, settled = epochs[row >> NUMBER_BITS]
        n = row & ((1 << NUMBER_BITS) - 1)
        key = Key(gateway=gateway, epoch=epoch, n=n)
        assert sha256.hex() == sha256_of(key, packed), f"{key}: other bytes than were sealed"
        body = BatchBody.model_validate_json(inflate(packed))
        yield SealedBatch(
            epoch=epoch,
            n=n,
            readings=tuple(_seen(body)),
            events=len(body.events),
            settled=n in settled,
        )


def _seen(body: BatchBody) -> Iterator[Seen]:
    columns = zip(body.asset, body.quantity, body.offset_ms, body.value, strict=True)
    for asset, quantity, offset_ms, value in columns:
        yield Seen(
            asset=body.assets[asset][0],
            quantity=body.quantities[quantity],
            at_ms=body.base_ms + offset_ms,
            value=value,
        )


def _given_up(database: sqlite3.Connection, names: Mapping[int, Epoch]) -> Iterator[GivenUp]:
    rows = database.execute("SELECT epoch_id, first, last, readings, events FROM gone")
    for epoch_id, first, last, readings, events in rows:
        yield GivenUp(
            epoch=names[epoch_id], first=first, last=last, readings=readings, events=events
        )
