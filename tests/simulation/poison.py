"""What a broken gateway or a hostile one might send, made from a good batch."""

from dataclasses import replace
from random import Random

from broker_bridge.inbound import Arrived
from contract.codec import Header, Key, encode_header, sha256_of
from contract.identity import Epoch, GatewayId

KINDS = ("truncated", "version", "topic", "header", "statement", "cleared", "nonsense")
STRANGER = Key(gateway=GatewayId("bb-0009"), epoch=Epoch("9" * 16), n=1)


def poison(good: Arrived, kind: str, random: Random) -> Arrived:
    """A message that must end in quarantine, and close nothing."""
    match kind:
        case "garbled" | "truncated" if not good.payload:
            return good  # cut to nothing before
        case "garbled":
            at = random.randrange(len(good.payload))
            bent = bytes([good.payload[at] ^ (1 << random.randrange(8))])
            return replace(good, payload=good.payload[:at] + bent + good.payload[at + 1 :])
        case "truncated":
            return replace(good, payload=good.payload[: random.randrange(len(good.payload))])
        case "version":
            return replace(good, header=[(n, "9" if n == "v" else v) for n, v in good.header])
        case "topic":
            return replace(good, topic=good.topic.replace("/bb-000", "/xx-000"))
        case "header":
            return replace(good, header=list(good.header)[1:])
        case "statement":
            return replace(good, topic=_holding_topic(good.topic), payload=b'{"v":1}')
        case "cleared":
            return replace(good, topic=_holding_topic(good.topic), payload=b"")
        case "nonsense":
            return _nonsense(good)
    raise AssertionError(f"{kind} is no poison")


def _holding_topic(batch_topic: str) -> str:
    return batch_topic.partition("/batch/")[0] + "/holding"


def _nonsense(good: Arrived) -> Arrived:
    """Intact bytes that mean nothing, so that their number can be rejected for good."""
    body = b"nonsense"
    header = Header(key=STRANGER, sha256=sha256_of(STRANGER, body), origin=None)
    topic = good.topic.replace("/bb-0001/", f"/{STRANGER.gateway}/")
    topic = topic.replace("/bb-0002/", f"/{STRANGER.gateway}/")
    return Arrived(topic=topic, header=encode_header(header), payload=body)
