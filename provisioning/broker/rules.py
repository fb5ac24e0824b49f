"""The broker's settings and access list, from one template for city, demo and tests."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

TEMPLATES = Path(__file__).parent / "templates"
PORT = 8883
CONNECTIONS = 4_000
BRIDGE = """
# A bridge hears every gateway and the feed's states, and alone writes receipts and the feed.
user {name}
topic read nadi/v1/{city}/edge/#
topic write nadi/v1/{city}/edge/+/receipt
topic write nadi/v1/{city}/feed/#
topic read nadi/v1/{city}/feed/+/+/state
"""
READER = """
# A central system hears the feed, and is no gateway.
user {name}
topic read nadi/v1/{city}/feed/#
topic deny nadi/v1/{city}/edge/#
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Where the broker of this folder listens and writes; `folder` as the broker sees it."""

    folder: Path
    listener: str = str(PORT)  # a port, or a port and the address to bind
    log: str = "syslog"
    connections: int = CONNECTIONS


def configuration(city: str, places: Places) -> str:
    """mosquitto.conf."""
    template = (TEMPLATES / "mosquitto.conf").read_text(encoding="utf-8")
    return template.format(
        city=city,
        folder=places.folder,
        listener=places.listener,
        log=places.log,
        connections=places.connections,
    )


def access_list(city: str, *, bridges: Sequence[str], readers: Sequence[str]) -> str:
    """nadi.acl: gateways by pattern, bridges and readers by name."""
    text = (TEMPLATES / "nadi.acl").read_text(encoding="utf-8").format(city=city)
    blocks = [BRIDGE.format(city=city, name=name) for name in bridges]
    blocks += [READER.format(city=city, name=name) for name in readers]
    return text + "".join(blocks)
