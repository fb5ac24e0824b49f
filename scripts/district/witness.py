"""The played devices as witnesses: every reading is their answer, and no answer is missing."""

import math
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from operator import attrgetter

from contract.identity import AssetId, GatewayId
from scripts.district.answers import Answer, Values
from scripts.district.sealed import Outbox
from scripts.district.stored import Stored

# From the last bit of an answer to its reading's time; a busy machine takes its time.
READ_MS = 2_000
# A round is sealed a little after its time on a busy machine.
ROUND_SLACK_MS = 500
# An origin that was corrected between two batches moves their instants by so much.
CLOCK_MS = 100
# What a driver measures by itself; no device ever said it.
OWN_QUANTITIES = frozenset({"response_time", "receive_rate", "send_rate"})
MAX_FINDINGS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """An agent was not reading from `from_ms` to `until_ms` (CLOCK_BOOTTIME).

    If it was killed, the round that it took since `unsealed_from_ms` was never sealed.
    """

    gateway: GatewayId
    unsealed_from_ms: int
    from_ms: int
    until_ms: int

    def excuses(self, at_ms: int) -> bool:
        """Whether an answer given then need not be stored."""
        return self.unsealed_from_ms - ROUND_SLACK_MS <= at_ms <= self.until_ms


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """What one read of one asset became: values of one instant, stored or still held."""

    at_ms: int
    values: Values


@dataclass(frozen=True, slots=True, kw_only=True)
class Testimony:
    """What one device says: `unsealed` readings were taken and lost with their round in a kill."""

    unsealed: int
    findings: tuple[str, ...]


def samples_of(stored: Stored, outboxes: Iterable[Outbox]) -> Mapping[AssetId, list[Sample]]:
    """Rows, and bodies that have none, put together again by asset and instant."""
    values: dict[tuple[str, int], dict[str, float]] = defaultdict(dict)
    for row in stored.readings:
        values[row.asset, row.at_ms][row.quantity] = row.value
    there = {reading.batch for reading in stored.readings}
    for outbox in outboxes:
        for batch in outbox.batches:
            if (outbox.gateway, batch.epoch, batch.n) not in there:
                for seen in batch.readings:
                    values[seen.asset, seen.at_ms][seen.quantity] = seen.value
    samples: dict[AssetId, list[Sample]] = defaultdict(list)
    for (asset, at_ms), all_values in sorted(values.items()):
        said = {name: value for name, value in all_values.items() if name not in OWN_QUANTITIES}
        samples[AssetId(asset)].append(Sample(at_ms=at_ms, values=said))
    return samples


def testify(
    asset: AssetId,
    samples: Sequence[Sample],
    answers: Sequence[Answer],
    pauses: Sequence[Pause],
    *,
    read_interval_ms: int,
) -> Testimony:
    """Each sample takes one answer, and each answer that was asked for is taken or excused."""
    taken, findings = _take(samples, answers)
    left = [
        answer
        for at, answer in enumerate(answers)
        if at not in taken and not answer.faulty and not answer.unasked
    ]
    findings += [
        f"the answer given at {answer.given_ms} ms is neither stored nor held:"
        f" {dict(answer.values)}"
        for answer in left
        if not any(pause.excuses(answer.given_ms) for pause in pauses)
    ]
    if any(answer.unasked for answer in answers):
        findings += _gaps(samples, pauses, read_interval_ms=read_interval_ms)
    return Testimony(
        unsealed=sum(len(answer.values) for answer in left if _was_unsealed(answer, pauses)),
        findings=tuple(f"{asset}: {finding}" for finding in findings[:MAX_FINDINGS]),
    )


def _take(samples: Sequence[Sample], answers: Sequence[Answer]) -> tuple[set[int], list[str]]:
    taken: set[int] = set()
    findings: list[str] = []
    for sample in samples:
        equal = _equal_answers(sample, answers)
        free = [at for at in equal if at not in taken]
        if free:
            taken.add(free[-1])
        elif equal:
            findings.append(f"one answer became two readings, again at {sample.at_ms} ms")
        else:
            said = dict(sample.values)
            findings.append(f"no answer equals the reading at {sample.at_ms} ms: {said}")
    return taken, findings


def _equal_answers(sample: Sample, answers: Sequence[Answer]) -> list[int]:
    given = attrgetter("given_ms")
    first = bisect_left(answers, sample.at_ms - READ_MS, key=given)
    last = bisect_right(answers, sample.at_ms + CLOCK_MS, key=given)
    return [at for at in range(first, last) if _equal(sample.values, answers[at].values)]


def _equal(one: Values, other: Values) -> bool:
    return one.keys() == other.keys() and all(
        math.isclose(value, other[name], rel_tol=1e-9, abs_tol=1e-9) for name, value in one.items()
    )


def _was_unsealed(answer: Answer, pauses: Iterable[Pause]) -> bool:
    return any(
        pause.unsealed_from_ms < pause.from_ms
        and pause.unsealed_from_ms - ROUND_SLACK_MS <= answer.given_ms <= pause.from_ms + CLOCK_MS
        for pause in pauses
    )


def _gaps(
    samples: Sequence[Sample], pauses: Sequence[Pause], *, read_interval_ms: int
) -> Iterator[str]:
    """Nobody knows which word of a device that speaks unasked was taken; no round may lack one."""
    for before, after in pairwise(samples):
        gap_ms = after.at_ms - before.at_ms
        if gap_ms > 2 * read_interval_ms + READ_MS and not any(
            before.at_ms <= pause.until_ms and pause.unsealed_from_ms <= after.at_ms
            for pause in pauses
        ):
            yield f"no reading for {gap_ms} ms before {after.at_ms} ms"
