"""Messages to bytes and back: bounded, versioned, and judged by their hash before anything else."""

import hashlib
import re
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import ValidationError
from pydantic_core import to_json

from contract.dictionary import DICTIONARY
from contract.errors import BadMessage, BodyMismatch, UnknownVersion
from contract.identity import ID_PATTERN, BootId, Epoch, GatewayId
from contract.messages import (
    MAX_NUMBER,
    VERSION,
    BatchBody,
    Counts,
    Message,
    Origin,
    Parent,
)
from contract.readings import Event, Reading

ENCODING = "json+zlib"
MAX_BODY_BYTES = 1 << 20
MAX_JSON_BYTES = 8 << 20
MAX_STATEMENT_BYTES = 1 << 20

# Of the header, which every batch has.
_GATEWAY = re.compile(ID_PATTERN)
_HEX_16 = re.compile(r"[0-9a-f]{16}")
_HEX_64 = re.compile(r"[0-9a-f]{64}")
_DIGITS = re.compile(r"-?[0-9]{1,16}")

_M = TypeVar("_M", bound=Message)


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """(gateway, epoch, n) names a batch for ever."""

    gateway: GatewayId
    epoch: Epoch
    n: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """Made when a batch is sent: name, hash, and what is known now of its boot's UTC origin."""

    key: Key
    sha256: str
    origin: Origin | None = None


def sha256_of(key: Key, body: bytes) -> str:
    """SHA-256 over (gateway, epoch, n, body), so that a number cannot drift from its bytes."""
    digest = hashlib.sha256()
    digest.update(f"nadi/{VERSION}\n{key.gateway}\n{key.epoch}\n{key.n}\n".encode())
    digest.update(body)
    return digest.hexdigest()


def encode_body(
    readings: Sequence[Reading],
    events: Sequence[Event],
    *,
    boot: BootId,
    sealed_before: Counts,
    parent: Parent | None = None,
) -> bytes:
    """Columnar JSON, zlib against the dictionary; the order of readings is kept."""
    items: list[Reading | Event] = [*readings, *events]
    base_ms = min((item.at_ms for item in items), default=0)
    assets = _index((item.asset, item.kind) for item in items)
    quantities = _index(reading.quantity for reading in readings)
    body: dict[str, Any] = {
        "v": VERSION,
        "boot": boot,
        "base_ms": base_ms,
        "assets": list(assets),
        "quantities": list(quantities),
        "asset": [assets[r.asset, r.kind] for r in readings],
        "quantity": [quantities[r.quantity] for r in readings],
        "offset_ms": [r.at_ms - base_ms for r in readings],
        "value": [_shortest(r.value) for r in readings],
        "suspect": [at for at, r in enumerate(readings) if r.suspect],
        "events": [_event_column(e, assets[e.asset, e.kind], base_ms) for e in events],
        "counts": {"readings": len(readings), "events": len(events)},
        "sealed_before": sealed_before.model_dump(),
        "parent": parent.model_dump() if parent else None,
    }
    return _deflate(to_json(body))


def _deflate(text: bytes) -> bytes:
    stream = zlib.compressobj(9, memLevel=9, zdict=DICTIONARY)
    return stream.compress(text) + stream.flush()


def _index(items: Iterable[Any]) -> dict[Any, int]:
    positions: dict[Any, int] = {}
    for item in items:
        positions.setdefault(item, len(positions))
    return positions


def _shortest(value: float) -> float | int:
    return int(value) if value.is_integer() and abs(value) < 2**53 else value


def _event_column(event: Event, asset: int, base_ms: int) -> dict[str, Any]:
    return {
        "id": event.id,
        "asset": asset,
        "type": event.type,
        "phase": event.phase,
        "offset_ms": event.at_ms - base_ms,
        "detail": event.detail[:200],
    }


def decode_body(header: Header, body: bytes) -> BatchBody:
    """The columns of a body.

    Raises BodyMismatch if the bytes are not the header's, UnknownVersion for another version,
    BadMessage if the sender made it wrong.
    """
    if sha256_of(header.key, body) != header.sha256:
        raise BodyMismatch(f"the body of n={header.key.n} does not match its hash")
    if len(body) > MAX_BODY_BYTES:
        raise BadMessage(f"the body has {len(body)} bytes, {MAX_BODY_BYTES} at most")
    return decode_model(BatchBody, inflate(body))


def inflate(body: bytes) -> bytes:
    """Decompressed bytes, at most MAX_JSON_BYTES, with or without dictionary; raises BadMessage."""
    stream = zlib.decompressobj(zdict=DICTIONARY)
    try:
        text = stream.decompress(body, MAX_JSON_BYTES)
    except zlib.error as error:
        raise BadMessage(f"the body is not zlib: {error}") from error
    if stream.unconsumed_tail:
        raise BadMessage(f"the body inflates to more than {MAX_JSON_BYTES} bytes")
    if not stream.eof:
        raise BadMessage("the body is cut short")
    if stream.unused_data:
        raise BadMessage(f"{len(stream.unused_data)} bytes behind the body's end")
    return text


def encode_model(message: Message) -> bytes:
    """Compact JSON, without fields that say nothing."""
    return message.model_dump_json(exclude_none=True).encode()


def decode_model(model: type[_M], text: bytes) -> _M:
    """A statement or body; raises UnknownVersion or BadMessage with the first thing wrong."""
    try:
        return model.model_validate_json(text)
    except ValidationError as error:
        raise _in_words(model, error) from None


def decode_statement(model: type[_M], text: bytes) -> _M:
    """A holding, receipt or status of at most MAX_STATEMENT_BYTES."""
    if len(text) > MAX_STATEMENT_BYTES:
        raise BadMessage(f"the statement has {len(text)} bytes, {MAX_STATEMENT_BYTES} at most")
    return decode_model(model, text)


def _in_words(model: type[Message], error: ValidationError) -> BadMessage | UnknownVersion:
    first = error.errors(include_url=False)[0]
    where = ".".join(str(step) for step in first["loc"])
    if where == "v":
        return UnknownVersion(f"version {first['input']!r} of {model.__name__} is not known here")
    what = first["msg"].removeprefix("Value error, ")
    return BadMessage(f"{model.__name__} {where + ': ' if where else ''}{what}"[:300])


def encode_header(header: Header) -> list[tuple[str, str]]:
    """MQTT 5 user properties; the same fields head a carried batch."""
    fields = [
        ("v", str(VERSION)),
        ("gateway", header.key.gateway),
        ("epoch", header.key.epoch),
        ("n", str(header.key.n)),
        ("encoding", ENCODING),
        ("sha256", header.sha256),
    ]
    if header.origin:
        origin = header.origin
        fields += [
            ("boot", origin.boot),
            ("origin_ms", str(origin.origin_ms)),
            ("uncertainty_ms", str(origin.uncertainty_ms)),
            ("revision", str(origin.revision)),
        ]
        if origin.seen_ms is not None:
            fields.append(("seen_ms", str(origin.seen_ms)))
    return fields


def decode_header(properties: Iterable[tuple[str, str]]) -> Header:
    """The header of a batch; raises UnknownVersion or BadMessage."""
    fields = dict(properties)
    if fields.get("v") != str(VERSION):
        raise UnknownVersion(f"batch version {fields.get('v')!r} is not known here")
    if fields.get("encoding") != ENCODING:
        raise UnknownVersion(f"batch encoding {fields.get('encoding')!r} is not known here")
    return Header(
        key=Key(
            gateway=GatewayId(_matching(fields, "gateway", _GATEWAY)),
            epoch=Epoch(_matching(fields, "epoch", _HEX_16)),
            n=_number(fields, "n", low=1, high=MAX_NUMBER),
        ),
        sha256=_matching(fields, "sha256", _HEX_64),
        origin=_origin(fields),
    )


def _origin(fields: Mapping[str, str]) -> Origin | None:
    if "boot" not in fields:
        return None
    return Origin(
        boot=BootId(_matching(fields, "boot", _HEX_16)),
        origin_ms=_number(fields, "origin_ms", low=-(2**53), high=2**53),
        uncertainty_ms=_number(fields, "uncertainty_ms", low=0, high=2**53),
        revision=_number(fields, "revision", low=1, high=2**53),
        seen_ms=_number(fields, "seen_ms", low=0, high=2**53) if "seen_ms" in fields else None,
    )


def _matching(fields: Mapping[str, str], name: str, pattern: re.Pattern[str]) -> str:
    text = fields.get(name, "")
    if not pattern.fullmatch(text):
        raise BadMessage(f"header field {name} is {text[:80]!r}")
    return text


def _number(fields: Mapping[str, str], name: str, *, low: int, high: int) -> int:
    text = fields.get(name, "")
    if not _DIGITS.fullmatch(text) or not low <= int(text) <= high:
        raise BadMessage(f"header field {name} is {text[:80]!r}")
    return int(text)
