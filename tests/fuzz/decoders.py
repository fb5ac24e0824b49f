"""Every decoder of what comes from outside, with good inputs to begin from."""

import json
import re
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache, partial
from pathlib import Path

from agent.drivers import (
    a02yyuw,
    dns,
    dragino,
    maxbotix,
    milesight,
    modbus_rtu,
    modbus_tcp,
    snmp_v3,
)
from agent.drivers.chirpstack import Uplink
from agent.drivers.modbus import Question
from agent.drivers.register_map import RegisterMap
from agent.drivers.snmp_message import Community
from broker_bridge import inbound
from broker_bridge.config import BridgeSettings
from broker_bridge.inbound import Arrived
from contract import bundle, registry
from contract.codec import (
    Header,
    decode_header,
    decode_statement,
    encode_header,
    inflate,
    sha256_of,
)
from contract.document import Section, load_document
from contract.identity import AssetId, City, Kind, Lane
from contract.lorawan_devices import DraginoLdds
from contract.messages import AssetState, Holding, Message, Receipt, Status
from contract.settings import AgentSettings
from contract.signed import pin_of, seal
from contract.topics import Topics
from provisioning import certificates
from provisioning.certificates import Issuer, pem

PROJECT = Path(__file__).parents[2]
GOLDEN = PROJECT / "tests" / "fixtures" / "contract" / "v1"
FRAMES = PROJECT / "tests" / "fixtures" / "frames"
CONFIGS = PROJECT / "configs"
CITY = City("baubau")
TOPICS = Topics(CITY)
METER = Question(unit=1, first=0, count=10)
NAME, NUMBER = "pool.ntp.org", 7
BYTES = re.compile(r'^\w+ = "((?:[0-9A-F]{2} ?)+)"$', flags=re.MULTILINE)
A_LINE = re.compile(r"^(?=\[\[\w+\]\])", flags=re.MULTILINE)
NOW = datetime(2026, 11, 25, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Decoder:
    """`decode` returns, or raises a NadiError; anything else is a crash."""

    good: Callable[[], Sequence[bytes]]
    decode: Callable[[bytes], object]


def golden(*names: str) -> Callable[[], list[bytes]]:
    return lambda: [(GOLDEN / name).read_bytes() for name in names]


def examples(pattern: str) -> Callable[[], list[bytes]]:
    """Without what is explained there."""
    return lambda: [_bare(path.read_text()).encode() for path in sorted(CONFIGS.glob(pattern))]


def _bare(document: str) -> str:
    lines = (line.partition(" #")[0].rstrip() for line in document.splitlines())
    return "".join(f"{line}\n" for line in lines if line and not line.startswith("#"))


def gateways() -> list[bytes]:
    """One with a device of every kind, and one for each line of it: chance spoils more of less."""
    whole = _bare((CONFIGS / "agent-every-device.example.toml").read_text())
    own, *lines = A_LINE.split("\n".join(one for one in whole.split("\n") if one[:6] != "fed_by"))
    return [whole.encode(), *(f"{own}{line}".encode() for line in lines)]


def frames(*names: str) -> Callable[[], list[bytes]]:
    """The bytes of these datasheets' examples."""
    return lambda: [
        bytes.fromhex(found)
        for name in names
        for found in BYTES.findall((FRAMES / f"{name}.toml").read_text())
    ]


@cache
def header() -> Header:
    return decode_header([(name, value) for name, value in _golden_fields()])


def _golden_fields() -> list[tuple[str, str]]:
    fields = json.loads((GOLDEN / "batch.header.json").read_bytes())
    return [(str(name), str(value)) for name, value in fields]


def batch_bodies() -> list[bytes]:
    return [inflate(body) for body in golden("batch.body", "batch-dictionary.body")()]


def batch_headers() -> list[bytes]:
    return ["\n".join(f"{name}={value}" for name, value in _golden_fields()).encode()]


def decode_batch(json_text: bytes) -> object:
    """Any text in a body whose hash is right, as only a gateway of the city can send it."""
    return decode_packed(zlib.compress(json_text, 1))


def decode_packed(body: bytes) -> object:
    named = replace(header(), sha256=sha256_of(header().key, body))
    return _read(encode_header(named), body)


def decode_fields(lines: bytes) -> object:
    parts = (line.partition("=") for line in lines.decode(errors="surrogateescape").split("\n"))
    return _read([(name, value) for name, _, value in parts], b"")


def _read(fields: Sequence[tuple[str, str]], body: bytes) -> object:
    topic = TOPICS.batch(header().key.gateway, Lane.LIVE)
    return inbound.read(Arrived(topic=topic, header=fields, payload=body), TOPICS)


def statement(model: type[Message]) -> Callable[[bytes], object]:
    return partial(decode_statement, model)


def document(model: type[Section]) -> Callable[[bytes], object]:
    return lambda data: load_document(model, data.decode(errors="replace"), name="fuzz.toml")


@cache
def authority() -> tuple[Issuer, Issuer]:
    key, issuing_key = certificates.new_key(), certificates.new_key()
    root = Issuer(certificate=certificates.root(CITY, key, now=NOW), key=key)
    made = certificates.issuing(root, issuing_key, now=NOW)
    return root, Issuer(certificate=made, key=issuing_key)


def bundles() -> list[bytes]:
    root, _ = authority()
    fields: Mapping[str, object] = {
        "city": CITY,
        "gateway": "bb-0001",
        "nonce": "0123456789abcdef" * 2,
        "issued_at": NOW,
        "expires_at": NOW + timedelta(days=90),
        "root": pem(root.certificate).decode(),
        "pin": pin_of(root.certificate),
        "brokers": [{"host": "broker.example.org", "port": 8883}],
        "assets": [{"kind": Kind.STREETLIGHT, "id": "PJU-0001", "gateway": "bb-0001"}],
    }
    return [bundle.Bundle.model_validate(fields).model_dump_json().encode()]


def registries() -> list[bytes]:
    fields = {"city": CITY, "number": 1, "published_at": NOW, "gateways": [], "assets": []}
    return [registry.Registry.model_validate(fields).model_dump_json().encode()]


def sealed_bundles() -> list[bytes]:
    _, issuing = authority()
    return [
        seal(bundle.KIND, body, signer=issuing.certificate, key=issuing.key) for body in bundles()
    ]


def decode_bundle(body: bytes) -> object:
    """Whatever it says, the city's own authority signed it."""
    root, issuing = authority()
    return bundle.understood(body, root=root.certificate, signer=issuing.certificate)


def decode_registry(body: bytes) -> object:
    return registry.understood(body, city=CITY, signer=authority()[1].certificate)


def uplink(data: bytes) -> Uplink:
    return Uplink(at_ms=0, dev_eui="24e124713c141234", port=2, count=1, data=data, message="up")


def dns_answers() -> list[bytes]:
    """An address behind a pointer, by hand from RFC 1035."""
    asked = dns.question(NAME, NUMBER)
    record = bytes.fromhex("C00C 0001 0001 0000003C 0004 0A140001")
    return [asked[:2] + bytes.fromhex("8180 0001 0001 0000 0000") + asked[12:] + record]


LORA = DraginoLdds(
    driver="dragino_ldds",
    asset=AssetId("TPS-0001"),
    dev_eui="24e124713c141234",
    ds18b20=True,
    invalid_mm=[0],
)

DECODERS: Mapping[str, Decoder] = {
    "batch": Decoder(good=batch_bodies, decode=decode_batch),
    "packed": Decoder(good=golden("batch.body"), decode=decode_packed),
    "header": Decoder(good=batch_headers, decode=decode_fields),
    "holding": Decoder(good=golden("holding.json"), decode=statement(Holding)),
    "receipt": Decoder(good=golden("receipt.json"), decode=statement(Receipt)),
    "status": Decoder(good=golden("status.json", "status-offline.json"), decode=statement(Status)),
    "feed": Decoder(good=golden("asset-state.json"), decode=statement(AssetState)),
    "settings": Decoder(good=gateways, decode=document(AgentSettings)),
    "bridge-settings": Decoder(
        good=examples("bridge.example.toml"), decode=document(BridgeSettings)
    ),
    "register-map": Decoder(good=examples("modbus/*.toml"), decode=document(RegisterMap)),
    "signed": Decoder(good=sealed_bundles, decode=bundle.read_bundle),
    "bundle": Decoder(good=bundles, decode=decode_bundle),
    "registry": Decoder(good=registries, decode=decode_registry),
    "modbus-rtu": Decoder(
        good=frames("pzem004t", "modbus_map"),
        decode=lambda heard: modbus_rtu.find_answer(heard, METER),
    ),
    "modbus-tcp": Decoder(
        good=frames("pzem004t", "modbus_map"),
        decode=lambda heard: modbus_tcp.parse(heard, METER),
    ),
    "a02yyuw": Decoder(
        good=frames("a02yyuw"),
        decode=lambda heard: [a02yyuw.parse(frame) for frame in a02yyuw.frames(heard)],
    ),
    "maxbotix": Decoder(
        good=frames("maxbotix"),
        decode=lambda heard: [
            maxbotix.parse(frame, near_mm=300, far_mm=5_000) for frame in maxbotix.frames(heard)
        ],
    ),
    "snmp-v2c": Decoder(
        good=frames("snmp_access_point"),
        decode=lambda datagram: Community(community="public").hear(datagram, 1),
    ),
    "snmp-v3": Decoder(good=frames("snmp_access_point"), decode=snmp_v3.decode),
    "dns": Decoder(good=dns_answers, decode=lambda answer: dns.parse(answer, NAME, NUMBER)),
    "dragino": Decoder(
        good=frames("dragino_ldds"), decode=lambda data: dragino.decode(uplink(data), LORA)
    ),
    "milesight": Decoder(
        good=frames("em310_udl", "em400"),
        decode=lambda data: milesight.decode(uplink(data), milesight.EM400),
    ),
}
