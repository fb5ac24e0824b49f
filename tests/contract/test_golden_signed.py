"""What was once signed and carried is still read, byte for byte; files here are only added."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography import x509

from contract.bundle import read_bundle
from contract.carried import Trust, unpack, unpack_receipt, unpack_statement
from contract.codec import decode_header, encode_model
from contract.errors import NadiError
from contract.identity import City, GatewayId
from contract.registry import read_registry

GOLDEN = Path(__file__).parents[1] / "fixtures" / "contract" / "signed-v1"
V1 = GOLDEN.with_name("v1")
ROOT = x509.load_pem_x509_certificate((GOLDEN / "root.crt").read_bytes())
TRUST = Trust(city=City("baubau"), root=ROOT)
GATEWAY = GatewayId("bb-0001")

READERS: dict[str, Callable[[bytes], object]] = {
    "registry.signed": lambda data: read_registry(data, city=City("baubau"), root=ROOT),
    "bundle.nadi": lambda data: read_bundle(data, root=ROOT),
    "batches.part": lambda data: unpack(data, TRUST, gateway=GATEWAY),
    "statement.signed": lambda data: unpack_statement(data, TRUST, gateway=GATEWAY),
    "receipt.signed": lambda data: unpack_receipt(data, TRUST, gateway=GATEWAY),
}


def golden(name: str) -> bytes:
    return (GOLDEN / name).read_bytes()


def test_every_golden_document_is_read_by_a_test() -> None:
    assert {path.name for path in GOLDEN.iterdir()} == {"root.crt", *READERS}


def test_a_registry_lists_what_it_listed_then() -> None:
    registry = read_registry(golden("registry.signed"), city=City("baubau"), root=ROOT)
    assert (registry.number, [one.id for one in registry.gateways]) == (7, ["bb-0001"])
    assert registry.gateways[0].kelurahan == "74.72.04.1001"
    assert [(one.kind, one.id, one.gateway) for one in registry.assets] == [
        ("streetlight", "PJU-0001", "bb-0001")
    ]
    assert [one.id for one in registry.retired_assets] == ["CAM-0009"]


def test_a_bundle_enrols_whom_it_enrolled_then() -> None:
    bundle = read_bundle(golden("bundle.nadi"), root=ROOT)
    assert (bundle.gateway, bundle.city) == ("bb-0001", "baubau")
    assert [(one.host, one.port) for one in bundle.brokers] == [("broker.example.org", 8883)]


def test_a_carried_batch_is_the_one_that_was_sealed() -> None:
    ((header, body),) = unpack(golden("batches.part"), TRUST, gateway=GATEWAY).batches
    assert body == (V1 / "batch.body").read_bytes()
    fields = json.loads((V1 / "batch.header.json").read_text())
    assert header == decode_header([(key, value) for key, value in fields])


def test_carried_statements_say_what_the_wire_said() -> None:
    statement = unpack_statement(golden("statement.signed"), TRUST, gateway=GATEWAY)
    assert encode_model(statement.holding) == (V1 / "holding.json").read_bytes().rstrip()
    receipt = unpack_receipt(golden("receipt.signed"), TRUST, gateway=GATEWAY)
    assert encode_model(receipt) == (V1 / "receipt.json").read_bytes().rstrip()


@pytest.mark.parametrize("name", READERS)
def test_a_golden_document_with_one_letter_changed_is_refused(name: str) -> None:
    with pytest.raises(NadiError):
        READERS[name](golden(name).replace(b"bb-0001", b"bb-0002", 1))
