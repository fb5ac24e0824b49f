"""What a broken gateway or a hostile one might send, made from a good batch."""

from dataclasses import replace
from random import Random
from typing import Literal

from broker_bridge.inbound import Arrived

Kind = Literal["garbled", "truncated", "version", "topic", "header", "statement"]


def poison(good: Arrived, kind: str, random: Random) -> Arrived:
    """A message that must end in quarantine, and close nothing."""
    match kind:
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
    raise AssertionError(f"{kind} is no poison")


def _holding_topic(batch_topic: str) -> str:
    return batch_topic.partition("/batch/")[0] + "/holding"
