"""A seed is a thousand inputs for one decoder: no crash, none longer than a second, no growth."""

import resource
import time
from collections.abc import Iterator
from random import Random

from contract.errors import NadiError
from tests.campaigns.seeds import Broken
from tests.fuzz.decoders import DECODERS
from tests.fuzz.mutation import mutated

INPUTS = 1_000
CHUNK = 20
LONGEST_S = 1.0
MAX_GROWTH_KB = 65_536
SHOWN = 200


class Fuzz:
    """The seeds of one decoder."""

    def __init__(self, decoder: str) -> None:
        self._name = decoder

    def __call__(self, seeds: range) -> Iterator[Broken]:
        """The broken ones."""
        for seed in seeds:
            if words := self.seed(seed):
                replay = f"python -m tests.fuzz --decoder {self._name} {seed}"
                yield Broken(seed=seed, words=f"{self._name}: {words}", replay=replay)

    def seed(self, seed: int) -> str:
        """What broke, with its input; empty if nothing did."""
        decoder, chance = DECODERS[self._name], Random(seed)
        good = decoder.good()
        before_kb = _resident_kb()
        for _ in range(INPUTS):
            data = mutated(good, chance)
            began_s = time.thread_time()
            try:
                decoder.decode(data)
            except NadiError:
                pass
            except Exception as error:  # whatever it is, it would have ended the program
                return f"{type(error).__name__}: {error} of {data[:SHOWN]!r}"
            if (took_s := time.thread_time() - began_s) > LONGEST_S:
                return f"{took_s:.1f} s for {data[:SHOWN]!r}"
        grown_kb = _resident_kb() - before_kb
        return f"memory grew by {grown_kb} KiB" if grown_kb > MAX_GROWTH_KB else ""


def _resident_kb() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
