"""Messages of version 1 that were once sent mean the same for ever; files here are only added."""

import json
from pathlib import Path

import pytest

from contract.codec import (
    Header,
    decode_body,
    decode_header,
    decode_model,
    decode_statement,
    encode_header,
    encode_model,
)
from contract.identity import Epoch, Kind
from contract.messages import (
    AssetEvent,
    AssetState,
    Counts,
    GatewayState,
    Holding,
    KindSummary,
    Message,
    Parent,
    Receipt,
    Status,
)
from contract.readings import Phase

GOLDEN = Path(__file__).parents[1] / "fixtures" / "contract" / "v1"
STATEMENTS: dict[str, type[Message]] = {
    "holding": Holding,
    "receipt": Receipt,
    "status": Status,
    "status-log": Status,
    "status-offline": Status,
    "status-runway": Status,
    "asset-state": AssetState,
    "asset-event": AssetEvent,
    "asset-event-undated": AssetEvent,
    "gateway-state": GatewayState,
    "gateway-state-offline": GatewayState,
    "kind-summary": KindSummary,
}
BATCHES = ("batch", "batch-dictionary")


def header(name: str) -> Header:
    fields = json.loads((GOLDEN / f"{name}.header.json").read_text())
    return decode_header([(key, value) for key, value in fields])


def test_every_golden_message_is_read_by_a_test() -> None:
    known = {f"{name}.json" for name in STATEMENTS}
    known |= {f"{name}.body" for name in BATCHES} | {f"{name}.header.json" for name in BATCHES}
    assert {path.name for path in GOLDEN.iterdir()} == known


@pytest.mark.parametrize("name", STATEMENTS)
def test_a_statement_is_read_and_written_byte_for_byte(name: str) -> None:
    text = (GOLDEN / f"{name}.json").read_bytes().rstrip(b"\n")
    assert encode_model(decode_model(STATEMENTS[name], text)) == text


@pytest.mark.parametrize("name", BATCHES)
def test_a_header_is_read_and_written_field_for_field(name: str) -> None:
    fields = json.loads((GOLDEN / f"{name}.header.json").read_text())
    assert [list(field) for field in encode_header(header(name))] == fields


def test_a_body_of_plain_zlib_has_its_readings_and_event() -> None:
    body = decode_body(header("batch"), (GOLDEN / "batch.body").read_bytes())
    assert body.assets == [("PJU-0417", Kind.STREETLIGHT), ("TPS-12", Kind.WASTE_BIN)]
    assert (body.base_ms, body.value, body.suspect) == (3_600_000, [228.4, 61.0, 0.347], [2])
    assert body.events[0].phase is Phase.BEGIN
    assert body.sealed_before == Counts(readings=18, events=1)
    assert body.parent == Parent(epoch=Epoch("ffeeddccbbaa9988"), n=41)


def test_a_body_against_the_dictionary_has_its_readings_and_event() -> None:
    name = "batch-dictionary"
    body = decode_body(header(name), (GOLDEN / f"{name}.body").read_bytes())
    assert body.quantities == ["voltage", "current", "active_power"]
    assert (body.value, body.suspect, body.offset_ms) == ([301.5, 0.281, 61.0], [0], [0, 0, 0])
    assert body.events[0].offset_ms == 750
    assert body.counts == Counts(readings=3, events=1)


def test_the_receipt_closes_what_it_closed_then() -> None:
    receipt = decode_statement(Receipt, (GOLDEN / "receipt.json").read_bytes())
    (epoch,) = receipt.epochs
    assert (epoch.committed, epoch.lost) == ([(1, 3), (5, 7)], [(4, 4)])
    assert [(one.n, one.reason) for one in epoch.rejected] == [(8, "the body is not zlib")]
