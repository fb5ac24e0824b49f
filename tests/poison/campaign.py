"""Good and bad messages of several gateways through a real broker and bridge, and the count."""

import tempfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from random import Random

from broker_bridge.config import BridgeSettings, StoreSettings
from broker_bridge.inbound import Arrived
from contract.codec import MAX_JSON_BYTES, decode_statement
from contract.identity import City, Epoch, GatewayId
from contract.messages import Receipt
from contract.ranges import RangeSet
from scripts.district.bridge import Bridge
from scripts.district.broker import Broker
from scripts.district.certificates import Authority
from scripts.district.fibre import Fibre
from scripts.district.ports import free_port
from scripts.district.private_store import Kind, private_store
from scripts.district.stored import CityStore, Name
from tests.bridge.wire import TOPICS, Sender, with_field
from tests.system.mqtt_client import MqttClient

ROOT = Path(__file__).parents[2]
CITY = City("baubau")
GOOD_PER_BAD = 10
NOISY, QUIET = ("bb-0001", "bb-0002"), ("bb-0003", "bb-0004")
SETTLED_S = 120.0

Spoil = Callable[[Sender, int], Arrived]
Message = tuple[str, bytes]  # its topic and body


def _cut_short(sender: Sender, n: int) -> Arrived:
    return sender.sent(n, sender.body(n)[:-4])


def _no_json(sender: Sender, n: int) -> Arrived:
    return sender.sent(n, zlib.compress(b"no json %d" % n))


def _bomb(sender: Sender, n: int) -> Arrived:
    return sender.sent(n, zlib.compress(b"%d" % n + b"0" * (MAX_JSON_BYTES + 1), 9))


def _no_zlib(sender: Sender, n: int) -> Arrived:
    return sender.sent(n, b"\0" * 50 + n.to_bytes(8))


def _other_hash(sender: Sender, n: int) -> Arrived:
    return replace(sender.batch(n), payload=sender.body(n) + b"x")


def _no_header(sender: Sender, n: int) -> Arrived:
    return replace(sender.batch(n), header=())


def _clash(sender: Sender, n: int) -> Arrived:
    """Number 1 is good, and long committed or on its way."""
    return sender.batch(1, watts=100.0 + n)


def _statement(topic: Callable[[GatewayId], str]) -> Spoil:
    def spoil(sender: Sender, n: int) -> Arrived:
        return Arrived(topic=topic(sender.gateway), header=(), payload=b'{"v":1,"n":%d' % n)

    return spoil


def _field(name: str, value: str) -> Spoil:
    return lambda sender, n: with_field(sender.batch(n), name, value)


SPOILS: Mapping[str, Spoil] = {
    "cut short": _cut_short,
    "no JSON": _no_json,
    "a bomb": _bomb,
    "no zlib": _no_zlib,
    "another hash": _other_hash,
    "no header": _no_header,
    "a number again with other bytes": _clash,
    "an unknown version": _field("v", "7"),
    "an unknown encoding": _field("encoding", "xml"),
    "another's name": _field("gateway", "bb-0003"),
    "an epoch that is none": _field("epoch", "../../etc"),
    "a number that is none": _field("n", "-1"),
    "a holding that is none": _statement(TOPICS.holding),
    "a status that is none": _statement(TOPICS.status),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """What one gateway sent; `unsettled` says which good ones the city never closed."""

    sender: Sender
    good: frozenset[int]
    bad: tuple[Arrived, ...]
    unsettled: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What was sent and what became of it; a sentence for whatever should not be."""

    good: int
    bad: int
    findings: tuple[str, ...]


def poison_campaign(store: Kind, *, bad: int, seed: int) -> Outcome:
    """So many bad messages of two gateways among ten times as many good ones of four."""
    with tempfile.TemporaryDirectory(prefix="nadi-poison-") as name:
        folder = Path(name)
        authority = Authority(folder / "certificates", now=datetime.now(UTC))
        broker = Broker(
            folder / "broker",
            city=CITY,
            port=free_port(Random()),
            credentials=authority.server("broker"),
            probe=authority.client("probe"),
        )
        broker.start()
        try:
            with private_store(store, folder) as (settings, _):
                return _through_bridge(broker, authority, settings, bad=bad, seed=seed)
        finally:
            broker.stop()


def _through_bridge(
    broker: Broker, authority: Authority, store: StoreSettings, *, bad: int, seed: int
) -> Outcome:
    address = broker.address(authority.client("bridge"))
    folder = authority.ca_file.parents[1]
    settings = BridgeSettings(city=CITY, broker=address, store=store)
    with Fibre(port=free_port(Random()), target_port=broker.port) as fibre:
        bridge = Bridge("bridge", settings, fibre, folder=folder, root=ROOT)
        bridge.start()
        try:
            with ThreadPoolExecutor(len(NOISY + QUIET)) as gateways:
                send = partial(_send, broker, authority, bad=bad, seed=seed)
                sent = list(gateways.map(send, NOISY + QUIET))
        finally:
            bridge.program.stop()
    return _judged(sent, CityStore(store))


def _send(broker: Broker, authority: Authority, name: str, *, bad: int, seed: int) -> Sent:
    """One gateway's messages in a random order of kinds; returns when the good ones are closed."""
    chance = Random(f"{seed} {name}")
    sender = Sender(gateway=GatewayId(name), epoch=Epoch(chance.randbytes(8).hex()))
    messages = list(_messages(sender, bad if name in NOISY else 0, bad, chance))
    good = frozenset(n for n, is_bad, _ in messages if not is_bad)
    with MqttClient(broker.address(authority.client(name))) as client:
        client.subscribe(TOPICS.receipt(sender.gateway))
        for _, _, arrived in messages:
            _publish(client, arrived)
        try:
            client.wait_until(
                partial(_closed, client, sender, good), "all receipted", deadline_s=SETTLED_S
            )
            unsettled = ""
        except (AssertionError, TimeoutError) as error:
            unsettled = str(error) or "not all were receipted"
    spoilt = tuple(arrived for _, is_bad, arrived in messages if is_bad)
    return Sent(sender=sender, good=good, bad=spoilt, unsettled=unsettled)


def _messages(
    sender: Sender, bad: int, all_bad: int, chance: Random
) -> Iterator[tuple[int, bool, Arrived]]:
    share = bad // len(NOISY)
    good = all_bad * GOOD_PER_BAD // len(NOISY + QUIET)
    kinds = [True] * share + [False] * good
    chance.shuffle(kinds)
    yield 1, False, sender.batch(1)
    for n, is_bad in enumerate(kinds, start=2):
        spoil = chance.choice(list(SPOILS.values()))
        yield n, is_bad, spoil(sender, n) if is_bad else sender.batch(n)


def _publish(client: MqttClient, arrived: Arrived) -> None:
    """Until a bridge listens; the broker answers each time."""
    for _ in range(10_000):
        if client.publish(arrived.topic, arrived.payload, header=arrived.header) == "Success":
            return


def _closed(client: MqttClient, sender: Sender, good: frozenset[int]) -> bool:
    said = [message.payload for message in client.heard[-1:]]
    for receipt in (decode_statement(Receipt, payload) for payload in said):
        for epoch in receipt.epochs:
            if epoch.epoch == sender.epoch:
                committed = RangeSet(epoch.committed)
                return all(n in committed for n in good)
    return False


def _judged(sent: list[Sent], store: CityStore) -> Outcome:
    rows = Counter(reading.batch for reading in store.read().readings)
    kept = {
        (str(topic), bytes(body)): str(reason)
        for topic, body, reason in store.query("SELECT topic, body, reason FROM quarantine")
    }
    findings = [finding for one in sent for finding in _complaints(one, rows, kept)]
    good, bad = sum(len(one.good) for one in sent), sum(len(one.bad) for one in sent)
    return Outcome(good=good, bad=bad, findings=tuple(findings[:20]))


def _complaints(one: Sent, rows: Counter[Name], kept: Mapping[Message, str]) -> Iterator[str]:
    gateway = one.sender.gateway
    if one.unsettled:
        yield f"{gateway}: {one.unsettled}"
    wanted = Counter({(gateway, one.sender.epoch, n): 1 for n in one.good})
    found = Counter({batch: count for batch, count in rows.items() if batch[0] == gateway})
    for batch in [*(wanted - found), *(found - wanted)]:
        yield f"{gateway}: batch {batch[2]} is stored {found[batch]} times"
    for arrived in one.bad:
        if not kept.get((arrived.topic, arrived.payload)):
            yield f"{gateway}: {arrived.payload[:60]!r} is not in quarantine with its reason"
