"""Payload bytes of one reading on the wire, as the agent's codec makes them."""

import statistics
from collections.abc import Iterator

from benchmarks.figure import Figure, Run, at_most
from benchmarks.rounds import FULL, SMALL, Rounds, values_a_round
from contract.codec import encode_body
from contract.identity import BootId
from contract.messages import Counts
from scripts.district.equipment import Equipment

ROUNDS = 360  # an hour
BOOT = BootId("00000000000000b1")


def measure(run: Run) -> Iterator[Figure]:
    """An hour of rounds of one gateway, at 200 and at 50 readings a batch."""
    for equipment, limit in ((FULL, 5.0), (SMALL, 9.0)):
        readings = values_a_round(equipment)
        run.say(f"encoding {ROUNDS} rounds of {readings} readings")
        sizes = body_sizes(equipment)
        yield Figure(
            name=f"wire.payload_{readings}_a_batch",
            value=statistics.mean(sizes) / readings,
            unit="B/reading",
            target=at_most(limit),
            detail=f"mean body {statistics.mean(sizes):.0f} B of {ROUNDS} batches, largest"
            f" {max(sizes)} B; MQTT header and topic not counted",
        )


def body_sizes(equipment: Equipment) -> list[int]:
    """Bytes of each body."""
    rounds = Rounds(equipment)
    before, sizes = Counts(), []
    for _ in range(ROUNDS):
        readings = rounds.take()
        sizes.append(len(encode_body(readings, (), boot=BOOT, sealed_before=before)))
        before += Counts(readings=len(readings))
    return sizes
