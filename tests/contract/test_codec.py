"""Only bytes that are their header's and mean something become a batch; all others are named."""

import hashlib
import json
import zlib
from collections.abc import Callable

import pytest

from contract.codec import (
    MAX_JSON_BYTES,
    Header,
    Key,
    decode_body,
    decode_header,
    decode_statement,
    inflate,
    sha256_of,
)
from contract.errors import BadMessage, BodyMismatch, UnknownVersion
from contract.identity import Epoch, GatewayId
from contract.messages import Receipt

KEY = Key(gateway=GatewayId("bb-0001"), epoch=Epoch("00112233445566aa"), n=7)
FIELDS = {
    "v": "1",
    "gateway": "bb-0001",
    "epoch": "00112233445566aa",
    "n": "7",
    "encoding": "json+zlib",
    "sha256": "0" * 64,
}
BODY = {
    "v": 1,
    "boot": "b0b1b2b3b4b5b6b7",
    "base_ms": 5,
    "assets": [["PJU-1", "streetlight"]],
    "quantities": ["voltage"],
    "asset": [0],
    "quantity": [0],
    "offset_ms": [0],
    "value": [230.1],
    "counts": {"readings": 1, "events": 0},
    "sealed_before": {"readings": 0, "events": 0},
}


def intact(packed: bytes) -> tuple[Header, bytes]:
    return Header(key=KEY, sha256=sha256_of(KEY, packed)), packed


def packed(**changes: object) -> bytes:
    return zlib.compress(json.dumps({**BODY, **changes}).encode())


def test_the_hash_covers_gateway_epoch_number_and_bytes() -> None:
    named = b"nadi/1\nbb-0001\n00112233445566aa\n7\nbytes"
    assert sha256_of(KEY, b"bytes") == hashlib.sha256(named).hexdigest()


def test_a_whole_body_is_read() -> None:
    assert decode_body(*intact(packed())).value == [230.1]


def test_bytes_of_another_number_are_a_mismatch_and_not_final() -> None:
    other = Key(gateway=KEY.gateway, epoch=KEY.epoch, n=8)
    with pytest.raises(BodyMismatch):
        decode_body(Header(key=other, sha256=sha256_of(KEY, packed())), packed())


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"", "cut short"),
        (b"not zlib", "zlib"),
        (packed()[:-4], "cut short"),
        (packed() + b"more", "bytes behind"),
        (zlib.compress(b"no json"), "JSON|json"),
        (zlib.compress(b"[]"), "object|dict"),
        (packed(value=[]), "columns differ"),
        (packed(asset=[1]), "outside its table"),
        (packed(asset=[-1]), "outside its table"),
        (packed(counts={"readings": 2, "events": 0}), "counts"),
        (packed(boot="x"), "boot"),
        (packed(extra=1), "extra"),
    ],
)
def test_an_intact_body_that_means_nothing_is_refused_for_good(body: bytes, expected: str) -> None:
    with pytest.raises(BadMessage, match=expected):
        decode_body(*intact(body))


def test_a_number_that_is_none_never_enters() -> None:
    for text in (b"NaN", b"Infinity", b"1e999"):
        body = json.dumps(BODY).encode().replace(b"230.1", text)
        with pytest.raises(BadMessage):
            decode_body(*intact(zlib.compress(body)))


def test_a_body_of_another_version_is_named_and_not_final() -> None:
    with pytest.raises(UnknownVersion, match="2"):
        decode_body(*intact(packed(v=2)))


def test_a_decompression_bomb_costs_no_more_than_its_bound() -> None:
    with pytest.raises(BadMessage, match=str(MAX_JSON_BYTES)):
        inflate(zlib.compress(b"0" * (MAX_JSON_BYTES * 4), 9))


def test_nesting_without_end_is_refused() -> None:
    with pytest.raises(BadMessage):
        decode_body(*intact(zlib.compress(b"[" * 1_000_000)))


@pytest.mark.parametrize(
    ("field", "value", "error"),
    [
        ("v", "2", UnknownVersion),
        ("encoding", "cbor", UnknownVersion),
        ("gateway", "../etc", BadMessage),
        ("epoch", "00112233445566AA", BadMessage),
        ("n", "0", BadMessage),
        ("n", "-1", BadMessage),
        ("n", "1e3", BadMessage),
        ("n", "9" * 40, BadMessage),
        ("sha256", "0" * 63, BadMessage),
    ],
)
def test_a_header_field_that_is_wrong_is_named(
    field: str, value: str, error: type[Exception]
) -> None:
    with pytest.raises(error, match="version|encoding" if error is UnknownVersion else field):
        decode_header({**FIELDS, field: value}.items())


def test_a_header_without_an_origin_is_whole() -> None:
    assert decode_header(FIELDS.items()).origin is None


@pytest.mark.parametrize(
    "change",
    [
        lambda said: said.update(version=-1),
        lambda said: said.update(epochs=[{}]),
        lambda said: said.update(unknown=1),
        lambda said: said.update(gateway="a" * 65),
    ],
)
def test_a_statement_that_is_wrong_is_refused(change: Callable[[dict[str, object]], None]) -> None:
    said: dict[str, object] = {"v": 1, "gateway": "bb-0001", "version": 1, "epochs": []}
    decode_statement(Receipt, json.dumps(said).encode())
    change(said)
    with pytest.raises(BadMessage):
        decode_statement(Receipt, json.dumps(said).encode())


def test_a_receipt_of_more_ranges_than_its_bound_is_refused() -> None:
    ranges = [[n, n] for n in range(1, 1_003, 2)]
    epoch = {"epoch": "0" * 16, "first": 1, "last": 2_000, "committed": ranges}
    said = {"v": 1, "gateway": "bb-0001", "version": 1, "epochs": [epoch]}
    with pytest.raises(BadMessage, match="500"):
        decode_statement(Receipt, json.dumps(said).encode())
