"""Compares what was told with what was placed; knows nothing of the rules, only of the faults."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from contract.event_types import EventType
from contract.readings import Event, Phase
from tests.scenario.district import MINUTE_MS, RADIO, District
from tests.scenario.faults import Fault

DAY_MIN = 1_440
COLLECTED_MIN, RARELY_COLLECTED_MIN = 20, 130  # of a sensor on a wire, and one that reports rarely


@dataclass(frozen=True, slots=True)
class Down:
    """The agent does not run from here until there."""

    from_min: int
    until_min: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """One fault with its life, in minutes."""

    name: str
    fault: Fault
    from_min: int
    until_min: int


@dataclass(slots=True)
class Report:
    """What went wrong in the telling, a sentence each."""

    placed: list[Placed] = field(default_factory=list)
    missed: list[str] = field(default_factory=list)
    false: list[str] = field(default_factory=list)
    unjudged: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Told:
    """An event from its begin to its end, in minutes."""

    id: str
    asset: str
    type: str
    detail: str
    from_min: float
    until_min: float | None
    last_words: str


def judge(
    placed: list[Placed],
    downs: Sequence[Down],
    district: District,
    events: Sequence[Event],
    *,
    start_ms: int,
    days: int,
) -> Report:
    """Each fault once, by its name, in time and not for ever; each collection; nothing else."""
    told = list(_told(events, start_ms))
    report = Report(placed=placed)
    explained: set[str] = set()
    for one in placed:
        spoilt = [Down(at, at) for at, asset in district.spoilt if asset == one.fault.asset]
        waits = sorted([*downs, *spoilt], key=lambda down: down.from_min)
        explained |= _judge_fault(one, waits, told, report, end_min=days * DAY_MIN)
    for asset in district.bins:
        explained |= _judge_bin(asset, district, downs, told, report, end_min=days * DAY_MIN)
    for event in told:
        if event.id not in explained:
            words = f"{event.type} of {event.asset} at {event.from_min:.0f}: {event.detail}"
            report.false.append(words)
    return report


def _told(events: Sequence[Event], start_ms: int) -> Iterator[_Told]:
    ends = {event.id: event for event in events if event.phase is Phase.END}
    for event in events:
        if event.phase is Phase.BEGIN:
            end = ends.get(event.id)
            yield _Told(
                id=event.id, asset=event.asset, type=event.type, detail=event.detail,
                from_min=(event.at_ms - start_ms) / MINUTE_MS,
                until_min=(end.at_ms - start_ms) / MINUTE_MS if end else None,
                last_words=end.detail if end else "",
            )  # fmt: skip


def _judge_fault(
    one: Placed, downs: Sequence[Down], told: Sequence[_Told], report: Report, *, end_min: int
) -> set[str]:
    fault, due_min = one.fault, _due_min(one.from_min, one.fault.within_min, downs)
    if fault.at_once and due_min > one.from_min + fault.within_min:
        report.unjudged += 1
        return {event.id for event in told if _follows(event, one)}
    found = [
        event
        for event in told
        if one.from_min <= event.from_min <= max(due_min, one.until_min)
        and (event.asset, event.type) == (fault.asset, fault.event)
        and event.detail.startswith(fault.says)
    ]
    explained = {event.id for event in told if _is_early(event, one)}
    if not found or found[0].from_min > due_min:
        if due_min > min(one.until_min, end_min - 1):
            report.unjudged += 1
            return explained | {event.id for event in found[:1]}
        report.missed.append(f"{one.name} at minute {one.from_min}, due at {due_min}")
        return explained
    first = found[0]
    if first.until_min is None and one.until_min + DAY_MIN < end_min:
        report.missed.append(f"the end of {one.name} at minute {one.until_min}")
    return explained | {first.id}


def _due_min(from_min: int, within_min: int, downs: Sequence[Down]) -> int:
    """A restart begins a wait anew, and so does a read that was spoilt."""
    due_min = from_min + within_min
    for down in downs:
        if down.from_min <= due_min and down.until_min >= from_min:
            due_min = down.until_min + within_min
    return due_min


def _is_early(event: _Told, one: Placed) -> bool:
    """A sign of the fault that was told first, and taken back."""
    in_time = one.from_min <= event.from_min <= one.until_min
    taken_back = event.last_words == f"explained by {one.fault.event}"
    return event.asset in one.fault.early and in_time and taken_back


def _follows(event: _Told, one: Placed) -> bool:
    """What the things of the same street suffer while it lasts."""
    here = event.asset == one.fault.asset or event.asset.startswith("PJU-")
    return here and one.from_min <= event.from_min <= one.until_min


def _judge_bin(
    asset: str,
    district: District,
    downs: Sequence[Down],
    told: Sequence[_Told],
    report: Report,
    *,
    end_min: int,
) -> set[str]:
    """Every emptying is told once, before the next; one that nobody could see need not be."""
    within_min = RARELY_COLLECTED_MIN if asset in RADIO else COLLECTED_MIN
    told_here = [event for event in told if (event.asset, event.type) == (asset, _COLLECTED)]
    emptied = [at_ms // MINUTE_MS for at_ms in district.bins[asset].emptied_ms]
    explained: set[str] = set()
    for emptied_min, next_min in pairwise([*emptied, end_min + DAY_MIN]):
        mine = [event for event in told_here if emptied_min <= event.from_min < next_min]
        explained |= {event.id for event in mine[:1]}
        blind_min = [
            one.until_min
            for one in report.placed
            if asset in (one.fault.asset, *one.fault.early)
            and one.from_min <= emptied_min + within_min
            and one.until_min >= emptied_min
        ]
        since_min = max([emptied_min, *blind_min])
        due_min = _due_min(since_min, within_min, downs)
        late = not mine or mine[0].from_min > due_min
        if late and not blind_min and due_min < min(next_min, end_min):
            report.missed.append(f"the collection of {asset} at minute {emptied_min}")
    return explained


_COLLECTED = EventType.BIN_COLLECTED
