"""The JSON Schemas of every message, as AsyncAPI 3 takes them (JSON Schema draft 07)."""

from typing import Any

from pydantic.json_schema import models_json_schema

from contract.codec import Header, Key, encode_header
from contract.identity import HEX_PATTERN, ID_PATTERN, BootId, Epoch, GatewayId
from contract.messages import (
    AssetEvent,
    AssetState,
    BatchBody,
    GatewayState,
    Holding,
    KindSummary,
    Message,
    Origin,
    Receipt,
    Status,
)
from scripts.asyncapi_yaml import Node

REF = "#/components/schemas/{model}"
MODELS: tuple[type[Message], ...] = (
    AssetState,
    AssetEvent,
    GatewayState,
    KindSummary,
    BatchBody,
    Holding,
    Status,
    Receipt,
)
_TIME = "RFC 3339, UTC, milliseconds"
_REGISTERED = "whether the city's registry lists it; what nobody registered is stored and marked"

# What the name and the type of a field do not say, by model and field.
NOTES: dict[tuple[str, str], str] = {
    ("AssetState", "v"): "version of this message; another one is not for this document",
    ("AssetState", "asset"): "the city's inventory number",
    ("AssetState", "gateway"): "which gateway's reading or event is the newest",
    ("AssetState", "registered"): _REGISTERED,
    ("AssetState", "observed_at"): f"of the newest reading or event begin; {_TIME}",
    ("AssetState", "quantities"): "the newest reading of each quantity, by the quantity's name; "
    "x-quantities lists the known ones, others may come",
    ("AssetState", "open_events"): "begun and not ended, as far as the store knows",
    ("QuantityState", "unit"): "UCUM, case-sensitive; empty for a quantity nobody described",
    ("QuantityState", "quality"): "suspect: outside the quantity's plausible range",
    ("QuantityState", "time_quality"): "exact: dated when it was sent; repaired: dated later, "
    "exactly; estimated: the clock of that boot was never known, placed between its neighbours",
    ("QuantityState", "observed_at"): _TIME,
    ("OpenEvent", "id"): "the same in begin and end",
    ("OpenEvent", "began_at"): f"{_TIME}; absent while its boot has no known date",
    ("AssetEvent", "id"): "the same in begin and end",
    ("AssetEvent", "observed_at"): f"{_TIME}; absent while its boot has no known date",
    ("AssetEvent", "time_quality"): "absent together with observed_at",
    ("GatewayState", "registered"): _REGISTERED,
    ("GatewayState", "heard_at"): "when a bridge first heard that status: of an offline one, since "
    f"when it is gone; {_TIME}",
    ("GatewayState", "status"): "of an offline gateway, what it last said of itself, and offline",
    ("KindSummary", "well"): "heard of, with no open event; a gateway: online, with no faults",
    ("KindSummary", "faulty"): "heard of, with an open event; a gateway: online, with faults",
    ("KindSummary", "silent"): "no reading observed for silent_after_s, or never one, though the "
    "registry lists it; a gateway: not online",
    ("KindSummary", "silent_after_s"): "the bridge's setting feed.silent_after_s",
    ("KindSummary", "as_of"): f"since when the counts are so; {_TIME}",
    ("Status", "state"): "offline is published by the broker, as the Last Will, and alone",
    ("Status", "runway_days"): "for how long the card can hold what comes, as of now; absent while "
    "too few rounds are sealed",
    ("Status", "faults"): "what a technician should look at, a sentence each",
    ("Status", "sealed"): "by all epochs that are on the card",
    ("Backlog", "oldest_age_ms"): "0 if there is no backlog",
    ("BatchBody", "boot"): "whose clock (CLOCK_BOOTTIME) the times are of",
    ("BatchBody", "base_ms"): "what offset_ms counts from, ms of the boot clock",
    ("BatchBody", "assets"): "(asset, kind) pairs that the columns point into",
    ("BatchBody", "asset"): "for each reading, an index into assets",
    ("BatchBody", "quantity"): "for each reading, an index into quantities",
    ("BatchBody", "offset_ms"): "for each reading, ms since base_ms",
    ("BatchBody", "value"): "for each reading, its value in the quantity's unit",
    ("BatchBody", "suspect"): "indices of the readings outside their plausible range",
    ("BatchBody", "sealed_before"): "what this epoch sealed before this batch",
    ("BatchBody", "parent"): "in the first batch of an epoch: the epoch before it on the card",
    ("Receipt", "version"): "only grows; a lower one than the last is ignored",
    ("Holding", "revision"): "only grows while the last epoch is the same",
    ("Holding", "epochs"): "the oldest first; the last one is this run's",
    ("Origin", "origin_ms"): "Unix time in ms when this boot's clock was 0",
    ("Origin", "uncertainty_ms"): "at seen_ms; 50 ppm more for all time away from it",
    ("Origin", "seen_ms"): "the boot's clock when UTC was last known this well",
    ("EpochReceipt", "committed"): "closed ranges (first, last)",
    ("EpochReceipt", "lost"): "closed ranges (first, last)",
}

_HEADER_NOTES = {
    "v": "version of the batch",
    "gateway": "must be the one of the topic",
    "epoch": "random id of this start of the agent",
    "n": "number of the batch in its epoch, from 1",
    "encoding": "of the payload",
    "sha256": 'SHA-256 over "nadi/1\\n{gateway}\\n{epoch}\\n{n}\\n" and the payload',
    "boot": "whose clock the batch's times are of; absent while that boot has no date",
    "origin_ms": "Unix time in ms when the boot's clock was 0, as known at sending",
    "uncertainty_ms": "how wrong origin_ms may be at seen_ms; 50 ppm more for all time from it",
    "revision": "the highest revision of a boot's origin wins",
    "seen_ms": "the boot's clock when UTC was last known this well",
}
_HEADER_PATTERNS = {
    "gateway": ID_PATTERN,
    "epoch": HEX_PATTERN,
    "n": "^[0-9]{1,13}$",
    "sha256": "^[0-9a-f]{64}$",
    "boot": HEX_PATTERN,
    "origin_ms": "^-?[0-9]{1,16}$",
    "uncertainty_ms": "^[0-9]{1,16}$",
    "revision": "^[0-9]{1,16}$",
    "seen_ms": "^[0-9]{1,16}$",
}


def schemas() -> dict[str, dict[str, Any]]:
    """Every model and what it is made of, by name; refers to REF."""
    _, whole = models_json_schema([(m, "validation") for m in MODELS], ref_template=REF)
    found: dict[str, Any] = whole["$defs"]
    return {name: _noted(name, _draft_07(found[name])) for name in _in_order(found)}


def batch_headers() -> Node:
    """The MQTT 5 user properties of a batch; every value is a string."""
    always, dated = _header_fields(None), _header_fields(_ORIGIN)
    properties = {name: _header_field(name, fixed) for name, fixed in dated.items()}
    return {"type": "object", "required": list(always), "properties": properties}


_ORIGIN = Origin(boot=BootId("0" * 16), origin_ms=1, uncertainty_ms=1, revision=1, seen_ms=1)


def _header_fields(origin: Origin | None) -> dict[str, str]:
    key = Key(gateway=GatewayId("gateway"), epoch=Epoch("0" * 16), n=1)
    return dict(encode_header(Header(key=key, sha256="0" * 64, origin=origin)))


def _header_field(name: str, fixed: str) -> Node:
    pattern = _HEADER_PATTERNS.get(name)
    rule = {"pattern": pattern} if pattern else {"const": fixed}
    return {"type": "string", **rule, "description": _HEADER_NOTES[name]}


def _in_order(found: dict[str, Any]) -> list[str]:
    """The messages first, in the order of MODELS, then their parts by name."""
    first = [model.__name__ for model in MODELS]
    return first + sorted(set(found) - set(first))


def _draft_07(schema: Any) -> Any:
    """Without generated titles, and tuples as draft 07 writes them."""
    if isinstance(schema, list):
        return [_draft_07(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    kept = {key: value for key, value in schema.items() if key != "title"}
    if "properties" in kept:
        kept["properties"] = {k: _draft_07(v) for k, v in kept["properties"].items()}
    if "prefixItems" in kept:
        kept["items"] = kept.pop("prefixItems")
        kept["additionalItems"] = False
    return {k: v if k in ("properties", "enum", "const") else _draft_07(v) for k, v in kept.items()}


def _noted(name: str, schema: Any) -> Any:
    for field, definition in schema.get("properties", {}).items():
        if note := NOTES.get((name, field)):
            schema["properties"][field] = _with_note(definition, note)
    return schema


def _with_note(definition: dict[str, Any], note: str) -> dict[str, Any]:
    """Draft 07 ignores whatever stands beside a $ref, so the reference goes one level down."""
    if "$ref" in definition:
        return {"allOf": [definition], "description": note}
    return {**definition, "description": note}
