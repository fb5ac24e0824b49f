"""What gateways gave to a store, and what an export of it says."""

import csv
import io
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast
from zoneinfo import ZoneInfo

from broker_bridge.config import BridgeSettings
from broker_bridge.export.asked import Asked, Dataset, Format
from broker_bridge.export.exporting import Exported, export
from broker_bridge.opening import opened_store
from broker_bridge.store import Transaction
from contract.identity import BootId, Epoch, GatewayId
from contract.messages import BatchBody, EventColumn, Origin
from contract.readings import Phase
from tests.stores.making import BOOT, E1, G1, LAMP, NOW_MS, batch, body, origin

MAKASSAR = ZoneInfo("Asia/Makassar")
NOW = datetime.fromtimestamp(NOW_MS / 1_000 + 7 * 86_400, UTC)


def give(
    settings: BridgeSettings,
    n: int,
    made: BatchBody,
    *,
    gateway: GatewayId = G1,
    epoch: Epoch = E1,
    origins: Sequence[Origin] | None = None,
) -> None:
    """One batch is committed; its boot's clock began at NOW_MS unless said otherwise."""
    known = [origin(boot=made.boot)] if origins is None else origins
    with opened_store(settings.store) as store, store.transaction() as transaction:
        take(transaction, n, made, gateway=gateway, epoch=epoch, origins=known)


def take(
    transaction: Transaction,
    n: int,
    made: BatchBody,
    *,
    gateway: GatewayId = G1,
    epoch: Epoch = E1,
    origins: Sequence[Origin] = (),
) -> None:
    """The same in a transaction at hand."""
    transaction.lock([gateway])
    transaction.date([(gateway, one) for one in origins])
    stream = transaction.streams([(gateway, epoch)])[gateway, epoch]
    transaction.commit_batches([batch(stream, n, made, gateway=gateway, epoch=epoch)])


def lamp_at(*at_ms: int, boot: BootId = BOOT) -> BatchBody:
    """A voltage at each of these times of the boot's clock."""
    return body([(LAMP, "voltage", at, 230.0) for at in at_ms], boot=boot)


def event(name: str, phase: Phase, at_ms: int, detail: str = "") -> BatchBody:
    """Of the lamp."""
    told = EventColumn(
        id=name, asset=0, type="lampFailure", phase=phase, offset_ms=at_ms, detail=detail
    )
    return body(events=[told], assets=[LAMP])


def asked(folder: Path, dataset: str = "readings", ending: str = "csv", **more: Any) -> Asked:
    """Into a new file of `folder`."""
    number = len(list(folder.glob("export-*")))
    to = folder / f"export-{number}.{ending}"
    named = (cast("Dataset", dataset), cast("Format", ending))
    return Asked(dataset=named[0], format=named[1], to=to, zone=MAKASSAR, **more)


def exported(
    settings: BridgeSettings, folder: Path, dataset: str = "readings", **more: Any
) -> tuple[Exported, list[dict[str, str]]]:
    """The export, and its rows as CSV."""
    made = export(settings, asked(folder, dataset, **more), now=NOW)
    return made, read(made.file)


def read(file: Path) -> list[dict[str, str]]:
    """The rows of a CSV file."""
    return list(csv.DictReader(io.StringIO(file.read_text(), newline="")))
