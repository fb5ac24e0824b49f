"""What was quarantined, as a person looks at it, tries it again or lets it go."""

import json
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Aside:
    """One message that was kept aside; the gateway is empty where nobody knows who sent it."""

    number: int
    received_ms: int
    topic: str
    gateway: str
    reason: str
    bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AsideMessage:
    """The same with all that arrived."""

    aside: Aside
    header: tuple[tuple[str, str], ...]
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class AsideTally:
    """How much of one gateway is there, and how many messages of it are gone for good."""

    gateway: str
    items: int
    bytes: int
    dropped: int


def read_aside(row: Sequence[object]) -> Aside:
    """From its number, time, topic, gateway, reason and size."""
    number, received_ms, topic, gateway, reason, size = row
    return Aside(
        number=int(str(number)), received_ms=int(str(received_ms)), topic=str(topic),
        gateway=str(gateway), reason=str(reason), bytes=int(str(size)),
    )  # fmt: skip


def read_message(row: Sequence[object]) -> AsideMessage:
    """From the same, its header and its body."""
    *listed, header, body = row
    assert isinstance(body, bytes)
    fields = tuple((str(name), str(value)) for name, value in json.loads(str(header)))
    return AsideMessage(aside=read_aside(listed), header=fields, body=body)
