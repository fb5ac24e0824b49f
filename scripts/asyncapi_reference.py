"""The wire's topics and quantities as pages for people."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from contract.codec import MAX_BODY_BYTES, MAX_JSON_BYTES, MAX_STATEMENT_BYTES
from contract.quantities import QUANTITIES, Quantity
from scripts.asyncapi_document import Channel, channels
from scripts.asyncapi_schemas import schemas

GENERATED = "<!-- Generated from contract/ by scripts/asyncapi; do not edit. -->\n"
GROUPS = {
    "feed": "The feed: for central systems, read-only",
    "up": "Up: from gateways to the city",
    "down": "Down: from the city to a gateway",
}


def topics_page() -> str:
    """Every topic with its rules and its fields."""
    parts = [GENERATED, "# Topics\n", _TOPICS_INTRO]
    for group, title in GROUPS.items():
        members = [channel for channel in channels() if channel.group == group]
        parts += [f"## {title}\n", _topic_table(members)]
        parts += [_channel(channel) for channel in members]
    parts += ["## Parts\n", *_parts()]
    return "\n".join(parts)


_TOPICS_INTRO = f"""\
For programs, the same and more is in [asyncapi.yaml](../asyncapi.yaml). Every message is published
with QoS 1. A body is at most {MAX_BODY_BYTES:,} bytes and inflates to at most {MAX_JSON_BYTES:,};
a statement is at most {MAX_STATEMENT_BYTES:,} bytes. Fields that say nothing are left out, unknown
fields are refused, and another version `v` is refused by its number.

`{{city}}`, `{{gateway}}` and `{{asset}}` are at most 64 of `A-Z a-z 0-9 . _ -`.

```
mosquitto_sub -V 5 -h BROKER -p 8883 --cafile ca.pem --cert reader.pem --key reader.key \\
  -q 1 -v -t 'nadi/v1/baubau/feed/#'
```
"""


def _topic_table(members: Iterable[Channel]) -> str:
    rows = [
        (f"`{c.address}`", c.model.__name__, "yes" if c.retained else "no", c.title)
        for c in members
    ]
    return table(("topic", "message", "retained", "what"), rows)


def _channel(channel: Channel) -> str:
    table = _field_table(schemas()[channel.model.__name__])
    return f"### {channel.model.__name__}: {channel.title.lower()}\n\n{channel.text}\n\n{table}"


def _parts() -> Iterator[str]:
    """What the messages are made of."""
    messages = {channel.model.__name__ for channel in channels()}
    for name, schema in schemas().items():
        if name not in messages:
            head = f"### {name}\n\n{schema['description']}\n"
            yield (
                f"{head}\n{_field_table(schema)}"
                if "properties" in schema
                else (f"{head}\n{_type(schema)}\n")
            )


def _field_table(schema: dict[str, Any]) -> str:
    return table(("field", "type", "always there", "meaning"), _fields(schema))


def _fields(schema: dict[str, Any]) -> list[tuple[str, ...]]:
    required = schema.get("required", [])
    return [
        (f"`{name}`", _type(field), "yes" if name in required else "", _meaning(field))
        for name, field in schema["properties"].items()
    ]


def _meaning(field: dict[str, Any]) -> str:
    return str(field.get("description", ""))


def _type(field: dict[str, Any]) -> str:
    """In words: the names of what it may be, or the JSON type."""
    choices = [each for each in _choices(field) if each.get("type") != "null"]
    return " or ".join(map(_single_type, choices))


def _choices(field: dict[str, Any]) -> list[dict[str, Any]]:
    choices: list[dict[str, Any]] = field.get("allOf") or field.get("anyOf") or [field]
    return choices


def _single_type(field: dict[str, Any]) -> str:
    match field:
        case {"$ref": reference}:
            words = str(reference).rpartition("/")[2]
        case {"const": only}:
            words = f"`{only}`"
        case {"enum": list(names)}:
            words = " · ".join(f"`{name}`" for name in names)
        case {"items": list(members)}:
            words = f"({', '.join(map(_type, members))})"
        case {"items": dict(member)}:
            words = f"list of {_type(member)}"
        case {"additionalProperties": dict(member)}:
            words = f"object of {_type(member)}"
        case _:
            words = str(field["type"])
    return words


def quantities_page() -> str:
    """Every quantity with its unit, its range and what it feeds."""
    rows = [_quantity_row(quantity) for quantity in QUANTITIES.values()]
    heads = ("quantity", "unit (UCUM)", "plausible", "meaning", "feeds (Smart Data Models)")
    return "\n".join([GENERATED, "# Quantities\n", _QUANTITIES_INTRO, table(heads, rows)])


_QUANTITIES_INTRO = """\
A reading outside the plausible range is stored and marked `suspect`; nothing is dropped for it. A
quantity that is not listed here is stored too, without unit and range.
"""


def _quantity_row(quantity: Quantity) -> tuple[str, ...]:
    feeds = f"`{quantity.feeds}`" if quantity.feeds else ""
    plausible = f"{_number(quantity.low)} … {_number(quantity.high)}"
    return f"`{quantity.name}`", f"`{quantity.unit}`", plausible, quantity.meaning, feeds


def _number(value: float) -> str:
    return "2^64" if value == 2.0**64 else f"{value:g}" if value < 1_000_000 else f"{value:,.0f}"


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "".join(f"| {' | '.join(cell.replace('|', '/') for cell in row)} |\n" for row in lines)
