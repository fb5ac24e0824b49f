"""The AsyncAPI 3 document of a city: whoever reads it can subscribe without asking us."""

import json
import string
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from contract.codec import ENCODING, MAX_BODY_BYTES, MAX_JSON_BYTES, MAX_STATEMENT_BYTES, inflate
from contract.identity import ID_PATTERN, AssetId, City, GatewayId, Kind, Lane
from contract.messages import (
    VERSION,
    AssetEvent,
    AssetState,
    BatchBody,
    GatewayState,
    Holding,
    KindSummary,
    Message,
    Receipt,
    Status,
)
from contract.quantities import QUANTITIES
from contract.topics import ROOT, Topics
from scripts.asyncapi_schemas import batch_headers, schemas
from scripts.asyncapi_yaml import Node

GOLDEN = Path(__file__).parents[1] / "tests" / "fixtures" / "contract" / f"v{VERSION}"
MQTT = "0.2.0"
DRAFT_07 = "application/schema+json;version=draft-07"

ABOUT = f"""\
Gateways on streetlight poles and walls read the city's devices and send what they read upward in
batches. The bridge commits them to the city's store, tells each gateway by a receipt, and tells
everyone else by the feed. This document describes the bridge: it receives what gateways publish,
and sends receipts and the feed.

A central system needs the feed only: three topics below {ROOT}/{{city}}/feed. It may read
nothing else, and write nothing.

How to subscribe:

1. Ask the city for a certificate in the name of a reader, its private key, and the authority's
   certificate. The broker takes the certificate's common name as user and as client id, so one
   certificate serves one connection at a time.
2. Connect with MQTT 5 over TLS 1.2 or newer, showing that certificate.
3. Subscribe with QoS 1 to {ROOT}/{{city}}/feed/# or to any part of it. The newest state of every
   asset and gateway comes at once, because states are retained; then every change.

    mosquitto_sub -V 5 -h BROKER -p 8883 --cafile ca.pem --cert reader.pem --key reader.key
      -q 1 -v -t 'nadi/v1/baubau/feed/#'

What you can rely on: nothing is told before it is committed in the store. A state never goes back
in time: what comes late from a backlog changes history in the store, not the state. A message may
come twice, and an event may be missed; a state is whole, and names what is open. An
empty payload clears a topic: the asset is retired. Another version comes below another topic.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """One topic: who says what there, and how."""

    name: str
    address: str
    title: str
    model: type[Message]
    sent: bool  # by the bridge; otherwise received by it
    retained: bool
    text: str
    examples: tuple[tuple[str, str], ...]  # golden file, summary
    group: str

    @property
    def message(self) -> str:
        """The key of its message among the components."""
        name = "Batch" if self.model is BatchBody else self.model.__name__
        return name[0].lower() + name[1:]

    @property
    def parameters(self) -> list[str]:
        """The names in its address, in order."""
        return [name for _, name, _, _ in string.Formatter().parse(self.address) if name]


def channels() -> tuple[Channel, ...]:
    """Every topic there is, the feed first."""
    topics = Topics(City("{city}"))
    gateway, asset = GatewayId("{gateway}"), AssetId("{asset}")
    kind: Any = "{kind}"
    lane: Any = "{lane}"
    return (
        Channel(
            name="assetState",
            address=topics.asset_state(kind, asset),
            title="State of an asset",
            model=AssetState,
            sent=True,
            retained=True,
            text="The newest reading of each quantity of one asset, and its open events. Under "
            "load one state is told for several commits, and the newest always is.",
            examples=(("asset-state.json", "a streetlight that stopped answering"),),
            group="feed",
        ),
        Channel(
            name="assetEvent",
            address=topics.asset_event(kind, asset),
            title="Events of an asset",
            model=AssetEvent,
            sent=True,
            retained=False,
            text="Begin and end of each event, as they are committed. Not retained, and not said "
            "again: who missed one finds what is still open in the asset's state.",
            examples=(
                ("asset-event.json", "a meter no longer answers"),
                ("asset-event-undated.json", "two cards speak as one gateway; of no known time"),
            ),
            group="feed",
        ),
        Channel(
            name="gatewayState",
            address=topics.gateway_state(gateway),
            title="State of a gateway",
            model=GatewayState,
            sent=True,
            retained=True,
            text="What a gateway last said of its own health, or the broker on its behalf.",
            examples=(
                ("gateway-state.json", "online, with a backlog and a fault"),
                ("gateway-state-offline.json", "gone, with what it last said"),
            ),
            group="feed",
        ),
        Channel(
            name="kindSummary",
            address=topics.kind_summary(kind),
            title="Summary of a kind",
            model=KindSummary,
            sent=True,
            retained=True,
            text="How many assets of one kind are well, faulty and silent. Told within a minute of "
            "a change, and not while nothing changes; of every kind, also of one without assets.",
            examples=(("kind-summary.json", "most streetlights are well"),),
            group="feed",
        ),
        Channel(
            name="batch",
            address=topics.batch(gateway, lane),
            title="Batches",
            model=BatchBody,
            sent=False,
            retained=False,
            text="One round's readings, or events, sealed together. The schema is of the JSON; "
            f"the payload is that JSON in zlib (RFC 1950), with or without the preset dictionary "
            f"contract/dictionary.py, at most {MAX_BODY_BYTES} bytes, {MAX_JSON_BYTES} inflated. "
            "Its header travels as MQTT 5 user properties. A PUBACK "
            "proves nothing to the gateway; only a receipt settles a batch.",
            examples=(
                ("batch.body", "three readings and an event"),
                ("batch-dictionary.body", "one meter's readings and the end of an event"),
            ),
            group="up",
        ),
        Channel(
            name="holding",
            address=topics.holding(gateway),
            title="The gateway's statement",
            model=Holding,
            sent=False,
            retained=True,
            text="What the gateway sealed, still has, and gave up, and when its boots began. "
            f"Whole; at most {MAX_STATEMENT_BYTES} bytes.",
            examples=(("holding.json", "nine batches: evicted, lost, settled, open"),),
            group="up",
        ),
        Channel(
            name="status",
            address=topics.status(gateway),
            title="A gateway's own health",
            model=Status,
            sent=False,
            retained=True,
            text="Said at each connection and every statement_interval_s. The Last Will says "
            f"offline. At most {MAX_STATEMENT_BYTES} bytes.",
            examples=(
                ("status.json", "online"),
                ("status-runway.json", "online, with the days it could go on alone"),
                ("status-log.json", "online, with what changed in the last day"),
                ("status-offline.json", "the Last Will"),
            ),
            group="up",
        ),
        Channel(
            name="receipt",
            address=topics.receipt(gateway),
            title="The city's statement",
            model=Receipt,
            sent=True,
            retained=True,
            text="Which numbers are closed in the store, and how. Whole: an epoch it does not name "
            "has nothing committed, and of numbers outside an epoch's interval it says nothing. "
            f"At most {MAX_STATEMENT_BYTES} bytes.",
            examples=(("receipt.json", "committed, rejected and lost numbers"),),
            group="down",
        ),
    )


def document(*, program: str) -> dict[str, Node]:
    """The whole document; `program` is the version of the software."""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Nadi Kota",
            "version": program,
            "description": ABOUT,
            "license": {
                "name": "Apache-2.0",
                "url": "https://www.apache.org/licenses/LICENSE-2.0",
            },
            "tags": [
                {"name": "feed", "description": "for central systems"},
                {"name": "up", "description": "from gateways"},
                {"name": "down", "description": "to gateways"},
            ],
        },
        "defaultContentType": "application/json",
        "servers": {"city": _server()},
        "channels": {channel.name: _channel(channel) for channel in channels()},
        "operations": {_operation_name(c): _operation(c) for c in channels()},
        "components": {
            "securitySchemes": {"clientCertificate": _CERTIFICATE},
            "parameters": _PARAMETERS,
            "messages": {channel.message: _message(channel) for channel in channels()},
            "schemas": schemas(),
        },
        "x-quantities": [_quantity(asdict(each)) for each in QUANTITIES.values()],
    }


_CERTIFICATE: Node = {
    "type": "X509",
    "description": "A client certificate of the city's authority. Its common name is the user: a "
    "gateway's id, a bridge, or a reader, who may read the feed and nothing else.",
}


def _parameter(text: str, example: str) -> Node:
    return {"description": f"{text}; matches {ID_PATTERN}", "examples": [example]}


_PARAMETERS: dict[str, Node] = {
    "city": _parameter("the city's short name", "baubau"),
    "gateway": _parameter("the common name of the gateway's certificate", "bb-0001"),
    "asset": _parameter("the city's inventory number", "PJU-0417"),
    "kind": {"description": "what the asset is", "enum": [str(kind) for kind in Kind]},
    "lane": {
        "description": "why it is sent now; says nothing about the content",
        "enum": [str(lane) for lane in Lane],
    },
}


def _server() -> Node:
    return {
        "host": "{broker}:{port}",
        "protocol": "secure-mqtt",
        "protocolVersion": "5.0",
        "description": "The city's broker. Mutual TLS, 1.2 or newer; no passwords.",
        "variables": {
            "broker": {"description": "a name in the broker's certificate", "default": "127.0.0.1"},
            "port": {"description": "TCP port", "default": "8883"},
        },
        "security": [{"$ref": "#/components/securitySchemes/clientCertificate"}],
        "bindings": {
            "mqtt": {"clientId": "reader", "cleanSession": True, "bindingVersion": MQTT},
        },
    }


def _channel(channel: Channel) -> Node:
    return {
        "address": channel.address,
        "title": channel.title,
        "description": channel.text,
        "servers": [{"$ref": "#/servers/city"}],
        "parameters": {
            name: {"$ref": f"#/components/parameters/{name}"} for name in channel.parameters
        },
        "messages": {
            channel.message: {"$ref": f"#/components/messages/{channel.message}"},
        },
        "tags": [{"name": channel.group}],
    }


def _operation_name(channel: Channel) -> str:
    return f"{'send' if channel.sent else 'receive'}{channel.name[0].upper()}{channel.name[1:]}"


def _operation(channel: Channel) -> Node:
    return {
        "action": "send" if channel.sent else "receive",
        "channel": {"$ref": f"#/channels/{channel.name}"},
        "summary": channel.title,
        "tags": [{"name": channel.group}],
        "bindings": {"mqtt": {"qos": 1, "retain": channel.retained, "bindingVersion": MQTT}},
        "messages": [{"$ref": f"#/channels/{channel.name}/messages/{channel.message}"}],
    }


def _message(channel: Channel) -> Node:
    """A batch has a header of user properties, and its JSON is deflated."""
    is_batch = channel.model is BatchBody
    headers: dict[str, Node] = {"headers": batch_headers()} if is_batch else {}
    return {
        "name": channel.model.__name__,
        "title": channel.title,
        "contentType": "application/zlib" if is_batch else "application/json",
        **headers,
        "payload": {
            "schemaFormat": DRAFT_07,
            "schema": {"$ref": f"#/components/schemas/{channel.model.__name__}"},
        },
        "examples": [_example(name, summary) for name, summary in channel.examples],
    }


def _example(golden: str, summary: str) -> Node:
    path = GOLDEN / golden
    example = {"name": path.stem, "summary": summary}
    if path.suffix == ".json":
        return {**example, "payload": json.loads(path.read_bytes())}
    header = dict(json.loads(path.with_suffix(".header.json").read_bytes()))
    assert header["encoding"] == ENCODING
    return {**example, "headers": header, "payload": json.loads(inflate(path.read_bytes()))}


def _quantity(quantity: dict[str, Any]) -> Node:
    return {key: value for key, value in quantity.items() if value != ""}
