"""A central system that trusts docs/asyncapi.yaml is not misled."""

import copy
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from contract.codec import MAX_BODY_BYTES, decode_header, decode_model
from contract.identity import City
from contract.messages import Message
from contract.quantities import QUANTITIES
from contract.topics import Topics
from scripts.asyncapi_command import drifted, generated
from scripts.asyncapi_document import GOLDEN, Channel, channels, document
from scripts.asyncapi_schemas import MODELS, NOTES, batch_headers
from tests.docs.json_schema import complaints, resolve

CHANNELS = {channel.name: channel for channel in channels()}


@pytest.fixture(scope="module")
def asyncapi() -> dict[str, Any]:
    read: dict[str, Any] = json.loads(json.dumps(document(program="0.1.0")))
    return read


def test_generated_pages_agree_with_the_contract() -> None:
    assert drifted() == []


def test_generating_twice_gives_the_same_bytes() -> None:
    assert generated() == generated()


def test_every_topic_of_the_contract_is_documented() -> None:
    documented = {channel.address for channel in channels()}
    topics = Topics(City("{city}"))
    built = {
        topics.batch("{gateway}", "{lane}"),  # type: ignore[arg-type]  # a template, not a name
        topics.holding("{gateway}"),  # type: ignore[arg-type]
        topics.status("{gateway}"),  # type: ignore[arg-type]
        topics.receipt("{gateway}"),  # type: ignore[arg-type]
        topics.asset_state("{kind}", "{asset}"),  # type: ignore[arg-type]
        topics.asset_event("{kind}", "{asset}"),  # type: ignore[arg-type]
        topics.gateway_state("{gateway}"),  # type: ignore[arg-type]
        topics.kind_summary("{kind}"),  # type: ignore[arg-type]
    }
    methods = {name for name, member in vars(Topics).items() if _builds_a_topic(name, member)}
    assert methods == {
        *("batch", "holding", "status", "receipt"),
        *("asset_state", "asset_event", "gateway_state", "kind_summary"),
    }
    assert documented == built


def _builds_a_topic(name: str, member: object) -> bool:
    return callable(member) and not name.startswith("_") and not name.startswith("parse_")


def test_the_feed_is_documented_at_its_literal_addresses() -> None:
    assert [CHANNELS[name].address for name in ("assetState", "assetEvent", "gatewayState")] == [
        "nadi/v1/{city}/feed/{kind}/{asset}/state",
        "nadi/v1/{city}/feed/{kind}/{asset}/event",
        "nadi/v1/{city}/feed/gateway/{gateway}/state",
    ]


def test_states_are_retained_and_events_are_not(asyncapi: dict[str, Any]) -> None:
    retained = {
        operation["channel"]["$ref"].rpartition("/")[2]: operation["bindings"]["mqtt"]["retain"]
        for operation in asyncapi["operations"].values()
    }
    assert retained == {
        "assetState": True,
        "assetEvent": False,
        "gatewayState": True,
        "kindSummary": True,
        "batch": False,
        "holding": True,
        "status": True,
        "receipt": True,
    }


def test_every_operation_has_qos_1(asyncapi: dict[str, Any]) -> None:
    assert {o["bindings"]["mqtt"]["qos"] for o in asyncapi["operations"].values()} == {1}


def test_the_broker_asks_for_a_client_certificate(asyncapi: dict[str, Any]) -> None:
    city = asyncapi["servers"]["city"]
    assert city["protocol"] == "secure-mqtt"
    assert city["protocolVersion"] == "5.0"
    (scheme,) = city["security"]
    assert resolve(scheme["$ref"], asyncapi)["type"] == "X509"


def test_every_reference_points_at_something(asyncapi: dict[str, Any]) -> None:
    references = list(_references(asyncapi))
    assert len(references) > 50
    for reference in references:
        resolve(reference, asyncapi)


def _references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for member in node.values():
            yield from _references(member)
    elif isinstance(node, list):
        for member in node:
            yield from _references(member)


def test_every_parameter_of_an_address_is_described(asyncapi: dict[str, Any]) -> None:
    for channel in asyncapi["channels"].values():
        assert set(channel["parameters"]) == set(re.findall(r"\{(\w+)\}", channel["address"]))
        for parameter in channel["parameters"].values():
            assert resolve(parameter["$ref"], asyncapi)["description"]


def _examples() -> list[tuple[Channel, str]]:
    return [(channel, name) for channel in channels() for name, _ in channel.examples]


def test_every_golden_message_is_an_example() -> None:
    headers = {path.name for path in GOLDEN.glob("*.header.json")}
    shown = {name for _, name in _examples()} | headers
    assert shown >= {path.name for path in GOLDEN.iterdir() if path.suffix in (".json", ".body")}


@pytest.mark.parametrize(("channel", "golden"), _examples(), ids=lambda value: str(value)[:40])
def test_every_example_is_a_message_that_the_other_side_takes(
    channel: Channel, golden: str, asyncapi: dict[str, Any]
) -> None:
    message = asyncapi["components"]["messages"][channel.message]
    (example,) = [e for e in message["examples"] if e["name"] == golden.rpartition(".")[0]]
    model: type[Message] = channel.model
    decode_model(model, json.dumps(example["payload"]).encode())
    assert complaints(example["payload"], message["payload"]["schema"], asyncapi) == []


def test_the_schemas_refuse_what_the_contract_refuses(asyncapi: dict[str, Any]) -> None:
    state = asyncapi["components"]["messages"]["assetState"]
    schema, good = state["payload"]["schema"], state["examples"][0]["payload"]
    for path, wrong in [
        (("v",), 2),
        (("kind",), "lamp"),
        (("asset",), "PJU 0417"),
        (("surprise",), 1),
        (("quantities", "voltage", "value"), "high"),
        (("quantities", "voltage", "quality"), "bad"),
    ]:
        assert complaints(_with(good, path, wrong), schema, asyncapi) != [], path


def _with(payload: dict[str, Any], path: tuple[str, ...], value: object) -> dict[str, Any]:
    changed = copy.deepcopy(payload)
    at = changed
    for step in path[:-1]:
        at = at[step]
    at[path[-1]] = value
    return changed


def test_a_pair_of_a_batch_is_an_asset_and_its_kind(asyncapi: dict[str, Any]) -> None:
    pair = asyncapi["components"]["schemas"]["BatchBody"]["properties"]["assets"]["items"]
    assert complaints(["PJU-0417", "streetlight"], pair, asyncapi) == []
    assert complaints(["PJU-0417", "lamp"], pair, asyncapi) != []
    assert complaints(["PJU-0417"], pair, asyncapi) != []


def test_the_header_of_the_golden_batch_fits_its_schema(asyncapi: dict[str, Any]) -> None:
    header = asyncapi["components"]["messages"]["batch"]["examples"][0]["headers"]
    assert decode_header(header.items()).key.n == 7
    assert complaints(header, batch_headers(), asyncapi) == []  # type: ignore[arg-type]  # a node


def test_every_note_belongs_to_a_field(asyncapi: dict[str, Any]) -> None:
    schemas = asyncapi["components"]["schemas"]
    assert {model.__name__ for model in MODELS} <= set(schemas)
    missing = [(m, f) for m, f in NOTES if f not in schemas[m]["properties"]]
    assert missing == []


def test_every_quantity_is_listed_with_its_unit(asyncapi: dict[str, Any]) -> None:
    units = {each["name"]: each["unit"] for each in asyncapi["x-quantities"]}
    assert units == {name: quantity.unit for name, quantity in QUANTITIES.items()}
    assert units["active_energy"] == "W.h"


def test_the_largest_body_is_stated(asyncapi: dict[str, Any]) -> None:
    assert str(MAX_BODY_BYTES) in asyncapi["channels"]["batch"]["description"]
