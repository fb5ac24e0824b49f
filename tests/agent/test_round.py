from agent.outbox.records import Shed
from agent.round import Round
from contract.identity import AssetId, Kind
from contract.messages import Counts
from contract.readings import Reading


def reading(at_ms: int) -> Reading:
    return Reading(
        asset=AssetId("PJU-0001"), kind=Kind.STREETLIGHT, quantity="voltage", at_ms=at_ms, value=1.0
    )


def test_taking_a_round_empties_it() -> None:
    round_ = Round()
    round_.add([reading(1), reading(2)])
    round_.add([reading(3)])
    assert [item.at_ms for item in round_.take()] == [1, 2, 3]
    assert round_.take() == []


def test_a_full_round_gives_up_the_oldest_and_counts_them() -> None:
    round_ = Round(limit=3)
    round_.add(reading(at_ms) for at_ms in range(5))
    assert round_.take_shed() == Shed(counts=Counts(readings=2), from_ms=0, to_ms=1)
    assert round_.take_shed() is None
    assert len(round_) == 3
    assert [item.at_ms for item in round_.take()] == [2, 3, 4]
