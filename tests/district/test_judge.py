"""The judge sees what is lost, doubled, invented or missing, and excuses only a killed round."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from contract.identity import AssetId, Epoch, GatewayId
from scripts.district.answers import Answer
from scripts.district.judge import Verdict, judge
from scripts.district.sealed import GivenUp, Outbox, SealedBatch, Seen
from scripts.district.sheet import NamedLost
from scripts.district.stored import Stored, StoredReading
from scripts.district.witness import Pause

GATEWAY, EPOCH, LAMP = GatewayId("bb-0001"), Epoch("e" * 16), AssetId("PJU-0001")
INTERVAL_MS = 2_000


def answer(at_ms: int, *, faulty: bool = False, unasked: bool = False) -> Answer:
    return Answer(
        asset=LAMP,
        given_ms=at_ms,
        values={"voltage": 220 + at_ms / 1e5},
        faulty=faulty,
        unasked=unasked,
    )


def batch(n: int, at_ms: int, *, settled: bool = True) -> SealedBatch:
    seen = Seen(asset=LAMP, quantity="voltage", at_ms=at_ms + 5, value=220 + at_ms / 1e5)
    return SealedBatch(epoch=EPOCH, n=n, readings=(seen,), events=0, settled=settled)


def row(n: int, at_ms: int) -> StoredReading:
    return StoredReading(
        batch=(GATEWAY, EPOCH, n),
        asset=LAMP,
        quantity="voltage",
        at_ms=at_ms + 5,
        value=220 + at_ms / 1e5,
    )


TIMES = (10_000, 12_000, 14_000)
ANSWERS = tuple(map(answer, TIMES))
BATCHES = tuple(batch(n, at_ms) for n, at_ms in enumerate(TIMES, start=1))
ROWS = tuple(row(n, at_ms) for n, at_ms in enumerate(TIMES, start=1))


def verdict(
    *,
    rows: Sequence[StoredReading] = ROWS,
    batches: Sequence[SealedBatch] = BATCHES,
    answers: Sequence[Answer] = ANSWERS,
    given_up: Sequence[GivenUp] = (),
    rejected: frozenset[tuple[GatewayId, Epoch, int]] = frozenset(),
    pauses: Sequence[Pause] = (),
    named_lost: Mapping[GatewayId, NamedLost] = MappingProxyType({}),
) -> Verdict:
    return judge(
        outboxes=[Outbox(gateway=GATEWAY, batches=tuple(batches), given_up=tuple(given_up))],
        stored=Stored(readings=tuple(rows), events={}, rejected=rejected),
        answers={LAMP: list(answers)},
        gateway_of={LAMP: GATEWAY},
        pauses=pauses,
        read_interval_ms=INTERVAL_MS,
        named_lost=named_lost,
    )


def test_a_district_that_lost_nothing_is_good() -> None:
    good = verdict()
    assert good.findings == ()
    assert (good.readings.sealed, good.readings.committed) == (3, 3)


def test_a_settled_batch_without_its_row_is_lost() -> None:
    bad = verdict(rows=ROWS[:2])
    assert bad.readings.lost == 1
    assert "1 readings are lost" in bad.findings[0]


def test_a_batch_that_waits_is_held_and_not_lost() -> None:
    good = verdict(rows=ROWS[:2], batches=(*BATCHES[:2], batch(3, TIMES[2], settled=False)))
    assert good.good
    assert good.readings.held == 1


def test_a_batch_of_which_only_some_rows_are_stored_has_lost_the_others() -> None:
    whole = batch(3, TIMES[2], settled=False)
    second = replace(whole.readings[0], quantity="current", value=1.0)
    partly = replace(whole, readings=(*whole.readings, second))
    bad = verdict(batches=(*BATCHES[:2], partly))
    assert bad.readings.lost == 1
    assert bad.readings.held == 0


def test_a_row_that_is_there_twice_is_a_duplicate() -> None:
    bad = verdict(rows=(*ROWS, ROWS[0]))
    assert bad.readings.duplicates == 1
    assert not bad.good


def test_a_reading_stored_again_under_another_number_is_found() -> None:
    again = replace(ROWS[0], batch=(GATEWAY, EPOCH, 4))
    bad = verdict(rows=(*ROWS, again), batches=(*BATCHES, batch(4, TIMES[0])))
    assert any("is stored 2 times" in finding for finding in bad.findings)


def test_one_answer_cannot_become_two_readings() -> None:
    later = replace(ROWS[0], batch=(GATEWAY, EPOCH, 4), at_ms=TIMES[0] + 50)
    echo = replace(batch(4, TIMES[0]), readings=(replace(BATCHES[0].readings[0], at_ms=10_050),))
    bad = verdict(rows=(*ROWS, later), batches=(*BATCHES, echo))
    assert any("one answer became two readings" in finding for finding in bad.findings)


def test_a_value_that_no_device_said_is_found() -> None:
    bad = verdict(rows=(*ROWS[:2], replace(ROWS[2], value=999.0)))
    assert any("no answer equals the reading at 14005 ms" in f for f in bad.findings)


def test_a_row_that_no_gateway_sealed_is_found() -> None:
    bad = verdict(batches=BATCHES[:2])
    assert any("batch 3 of epoch" in f and "never sealed" in f for f in bad.findings)


def test_an_answer_that_is_neither_stored_nor_held_is_found() -> None:
    bad = verdict(rows=ROWS[:2], batches=BATCHES[:2])
    assert bad.readings.lost == 0
    assert any("neither stored nor held" in finding for finding in bad.findings)


def test_an_answer_in_the_round_before_a_kill_is_unsealed() -> None:
    killed = Pause(gateway=GATEWAY, unsealed_from_ms=13_000, from_ms=15_000, until_ms=18_000)
    good = verdict(rows=ROWS[:2], batches=BATCHES[:2], pauses=[killed])
    assert good.good
    assert good.unsealed == 1


def test_an_answer_two_rounds_before_a_kill_is_not_excused() -> None:
    killed = Pause(gateway=GATEWAY, unsealed_from_ms=18_000, from_ms=20_000, until_ms=22_000)
    bad = verdict(rows=ROWS[:2], batches=BATCHES[:2], pauses=[killed])
    assert any("neither stored nor held" in finding for finding in bad.findings)


def test_an_answer_spoilt_on_the_line_need_not_be_stored() -> None:
    spoilt = (*ANSWERS[:2], answer(TIMES[2], faulty=True))
    assert verdict(rows=ROWS[:2], batches=BATCHES[:2], answers=spoilt).good


def test_a_round_missing_from_a_sensor_that_speaks_unasked_is_found() -> None:
    times = range(0, 20_000, 100)
    speaking = [answer(at_ms, unasked=True) for at_ms in times]
    rows, batches = (row(1, 2_000), row(2, 14_000)), (batch(1, 2_000), batch(2, 14_000))
    bad = verdict(rows=rows, batches=batches, answers=speaking)
    assert any("no reading for 12000 ms" in finding for finding in bad.findings)


def test_given_up_numbers_are_lost_unless_their_rows_are_there() -> None:
    gone = GivenUp(epoch=EPOCH, first=1, last=2, readings=2, events=0)
    assert verdict(batches=BATCHES[2:], given_up=[gone]).good
    assert verdict(rows=ROWS[1:], batches=BATCHES[2:], given_up=[gone]).readings.lost == 1


def test_a_rejected_number_is_rejected_and_not_lost() -> None:
    refused = frozenset({(GATEWAY, EPOCH, 3)})
    sheet = verdict(rows=ROWS[:2], rejected=refused, answers=ANSWERS[:2]).readings
    assert (sheet.rejected, sheet.lost) == (1, 0)


def test_a_later_number_with_an_earlier_time_is_found() -> None:
    swapped = (row(1, TIMES[1]), row(2, TIMES[0]), row(3, TIMES[2]))
    batches = (batch(1, TIMES[1]), batch(2, TIMES[0]), batch(3, TIMES[2]))
    found = verdict(rows=swapped, batches=batches).findings
    assert len(found) == 1
    assert "batch 2" in found[0]
    assert f"before {TIMES[1] + 5} ms" in found[0]


def test_only_as_many_may_be_lost_as_the_city_names() -> None:
    for named, complaints in ((1, 0), (2, 1)):
        found = verdict(rows=ROWS[:2], named_lost={GATEWAY: NamedLost(readings=named)}).findings
        assert len(found) == complaints
