"""What was spoilt on its way can be spoilt once more."""

from random import Random

import pytest

from broker_bridge.inbound import Arrived
from contract.codec import Header, encode_header, sha256_of
from tests.simulation.poison import STRANGER, poison

TOPIC = f"nadi/v1/baubau/{STRANGER.gateway}/batch/{STRANGER.epoch}/1"
HEADER = Header(key=STRANGER, sha256=sha256_of(STRANGER, b"nothing"), origin=None)


@pytest.mark.parametrize("kind", ["garbled", "truncated"])
def test_a_batch_that_was_cut_to_nothing_can_be_cut_or_bent_once_more(kind: str) -> None:
    cut = Arrived(topic=TOPIC, header=encode_header(HEADER), payload=b"")
    assert poison(cut, kind, Random(7)) == cut
