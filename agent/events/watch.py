"""Every asset's faults begin and end here, once for each cause."""

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from agent.drivers.driver import Observation
from agent.events.causes import (
    COVERING,
    EXCLUSIVE,
    EXPLAINED,
    LOST,
    UNFED,
    Topology,
    cause_of,
)
from agent.events.condition import Condition
from agent.events.fill import FillFilter
from agent.events.light import Daylight
from agent.events.rule import Rule, Seen, Verdict
from contract.event_types import EventType
from contract.identity import AssetId, GatewayId, Kind
from contract.quantities import is_plausible
from contract.readings import Event, Phase

LOG = logging.getLogger("nadi.events")
MAX_DETAIL = 200  # what an event column takes
JUST_NOW_MS = 300_000  # a fault this young is explained by a cause that shows itself later
UNKNOWN_COUNT = -1  # the event began before this start
CLOSED = "contactor_closed"
FRESH_MS = 600_000  # how long a contactor's last state is believed


@dataclass(slots=True)
class Judged:
    """A rule, its fault, and how often it counts."""

    rule: Rule
    condition: Condition
    count: int = UNKNOWN_COUNT
    recount: Condition | None = None


@dataclass(slots=True, kw_only=True)
class WatchedAsset:
    """One asset as it is judged; each of its rules hides those after it."""

    asset: AssetId
    kind: Kind
    judged: tuple[Judged, ...] = ()
    fill: FillFilter | None = None
    gear: bool = False  # a control gear behind a controller that answers for it
    switched: bool = False  # a contactor above may leave it without voltage
    on_dead_line: bool = False
    just_now_ms: int = JUST_NOW_MS
    lost: EventType | None = None
    doubted: EventType | None = None  # another cause, seen once
    failing: bool = False  # it did not answer last time
    values: Mapping[str, float] = field(default_factory=dict)
    seen_ms: int = -FRESH_MS

    @property
    def silent(self) -> bool:
        """Whether it, or its line, gave nothing when last asked."""
        return self.failing or self.on_dead_line or self.lost is not None


class Watch:
    """Is told what every device said or why it said nothing; tells events as they happen."""

    def __init__(
        self,
        assets: Iterable[WatchedAsset],
        *,
        gateway: GatewayId,
        topology: Topology,
        daylight: Daylight,
        new_id: Callable[[], str],
        tell: Callable[[Event], None],
        open_events: Iterable[Event] = (),
    ) -> None:
        self._assets = {one.asset: one for one in assets}
        self._gateway = gateway
        self._topology = topology
        self._daylight = daylight
        self._new_id = new_id
        self._to = tell
        self._open = {(event.asset, _key(event)): event for event in open_events}
        self._feeding = {one.asset: tuple(self._chain(one)) for one in self._assets.values()}
        self._explained: dict[tuple[AssetId, bool], frozenset[EventType]] = {}

    @property
    def assets(self) -> Iterable[WatchedAsset]:
        """All that are watched."""
        return self._assets.values()

    def start(self, lines: Iterable[str], at_ms: int) -> None:
        """Go on with the events that were open; end those nobody can end any more."""
        known = {(AssetId(self._gateway), _line_key(line)) for line in lines}
        for one in self._assets.values():
            known |= {(one.asset, lost) for lost in LOST}
            one.lost = next((lost for lost in LOST if (one.asset, lost) in self._open), None)
            for judged in one.judged:
                key = (one.asset, str(judged.rule.type))
                judged.condition.active = key in self._open
                known.add(key)
        for key in [key for key in self._open if key not in known]:
            self._end(key, at_ms, "no longer configured")

    def is_lost(self, asset: AssetId) -> bool:
        """Whether the asset's device was unreachable when last heard of."""
        return self._assets[asset].lost is not None

    def depth(self, asset: AssetId) -> int:
        """How many assets feed it, one through the other."""
        return len(self._topology.above(asset))

    def saw(
        self, asset: AssetId, observations: tuple[Observation, ...], at_ms: int
    ) -> tuple[Observation, ...]:
        """What a device said; returns what follows from it."""
        if not observations:
            return ()
        one = self._assets[asset]
        self._found(one, at_ms)
        values = {seen.quantity: seen.value for seen in observations if _is_good(seen)}
        derived = self._fill_level(one, values, at_ms)
        values |= {seen.quantity: seen.value for seen in derived}
        one.values, one.seen_ms = values, at_ms
        if one.judged:
            self._judge(one, self._look(one, values, at_ms))
        return derived

    def failed(self, asset: AssetId, *, gone: bool) -> None:
        """The device gave nothing this time; `gone` if it is unreachable, alone or with its line.

        What a fault above would explain waits while that one fails; no wait outlasts being gone.
        """
        one = self._assets[asset]
        one.failing = not gone
        if gone:
            for judged in one.judged:
                judged.condition.wait_anew()
                judged.recount = None

    def explains(self, asset: AssetId, error: Exception, at_ms: int) -> bool:
        """Whether something above is why the device gives nothing: a fault, or its contactor."""
        one = self._assets[asset]
        cause = cause_of(one.kind, error, gear=one.gear)
        if cause in UNFED and one.switched and self._contact(one, CLOSED, at_ms) is False:
            return True
        return cause in self._hidden(one, own=False)

    def lost(self, asset: AssetId, error: Exception, why: str, at_ms: int) -> None:
        """The device gives nothing, for this reason; the same one twice is told once."""
        one = self._assets[asset]
        cause = cause_of(one.kind, error, gear=one.gear)
        if cause is one.lost or cause in self._waiting(one):
            return
        if one.lost is not None and cause is not one.doubted:
            one.doubted = cause
            return
        self._found(one, at_ms, f"now {cause}")
        self._begin(one.asset, one.kind, cause, why, at_ms)
        one.lost, one.doubted, one.failing = cause, None, False
        if one.kind in EXCLUSIVE:
            self._end_all(one, one.judged, at_ms, cause)

    def line_dead(self, line: str, assets: Sequence[AssetId], why: str, at_ms: int) -> None:
        """None of the line's devices answers: one event for them and for what they feed."""
        self._explained.clear()
        for asset in assets:
            self._assets[asset].on_dead_line = True
            self.failed(asset, gone=True)
        key = (AssetId(self._gateway), _line_key(line))
        if key in self._open:
            return
        fed = {below for asset in assets for below in self._topology.below(asset)} - set(assets)
        count = len(assets) + len(fed)
        event = self._event(
            AssetId(self._gateway),
            Kind.GATEWAY,
            EventType.LINE_UNREACHABLE,
            f"{line}: {why}; {count} device{'s hang' if count > 1 else ' hangs'} on it",
            at_ms,
        )
        self._open[key] = event
        self._tell(event)
        for asset in (*assets, *sorted(fed)):
            self._explain(asset, EventType.LINE_UNREACHABLE, at_ms)

    def line_alive(self, line: str, assets: Sequence[AssetId], at_ms: int) -> bool:
        """Something on the line answers; whether it was dead."""
        for asset in assets:
            if self._assets[asset].on_dead_line:
                self._assets[asset].on_dead_line = False
                self._explained.clear()
        return self._end((AssetId(self._gateway), _line_key(line)), at_ms)

    def _chain(self, one: WatchedAsset) -> Iterator[WatchedAsset]:
        """The asset, and what feeds it, the nearest first."""
        for asset in self._topology.above(one.asset, own=True):
            if asset in self._assets:
                yield self._assets[asset]

    def _judge(self, one: WatchedAsset, seen: Seen) -> None:
        hidden, waiting = self._hidden(one), self._waiting(one)
        explained = False
        for at, judged in enumerate(one.judged):
            verdict = judged.rule.judge(seen)
            if verdict is None or judged.rule.type in waiting:
                explained |= _hides(one.kind, judged, verdict)
                continue
            unknown = explained or judged.rule.type in hidden
            if judged.condition.see(None if unknown else verdict.present, seen.at_ms):
                self._changed(one, judged, verdict, seen.at_ms)
                if judged.condition.active:
                    self._end_all(one, one.judged[at + 1 :], seen.at_ms, judged.rule.type)
            elif judged.condition.active and not unknown and verdict.present:
                self._recount(one, judged, verdict, seen.at_ms)
            explained |= _hides(one.kind, judged, verdict)

    def _changed(self, one: WatchedAsset, judged: Judged, verdict: Verdict, at_ms: int) -> None:
        kind = judged.rule.type
        if judged.condition.active:
            judged.count, judged.recount = verdict.count, None
            self._begin(one.asset, one.kind, kind, verdict.detail, at_ms)
        else:
            self._end((one.asset, kind), at_ms)

    def _recount(self, one: WatchedAsset, judged: Judged, verdict: Verdict, at_ms: int) -> None:
        """Another count for as long as the fault itself took: told anew."""
        if judged.count == UNKNOWN_COUNT and self._was_told(one, judged, verdict):
            judged.count = verdict.count
        if verdict.count == judged.count:
            judged.recount = None
            return
        judged.recount = judged.recount or Condition(judged.rule.hold)
        if judged.recount.see(True, at_ms):
            self._end((one.asset, judged.rule.type), at_ms, f"now {verdict.detail}")
            self._changed(one, judged, verdict, at_ms)

    def _was_told(self, one: WatchedAsset, judged: Judged, verdict: Verdict) -> bool:
        """Whether the event that this start found open says what is seen now."""
        told = self._open.get((one.asset, judged.rule.type))
        return told is None or not verdict.count or told.detail.startswith(verdict.detail)

    def _end_all(
        self, one: WatchedAsset, judged: Iterable[Judged], at_ms: int, cause: EventType
    ) -> None:
        for other in judged:
            if other.condition.active and other.rule.type != cause:
                other.condition.end()
                self._end((one.asset, other.rule.type), at_ms, f"explained by {cause}")

    def _found(self, one: WatchedAsset, at_ms: int, detail: str = "") -> None:
        one.failing = False
        if one.lost is not None:
            self._end((one.asset, one.lost), at_ms, detail)
            one.lost = None

    def _look(self, one: WatchedAsset, values: Mapping[str, float], at_ms: int) -> Seen:
        dark = self._daylight.dark(at_ms)
        if dark is None:
            dark = self._contact(one, "photocell_dark", at_ms)
        closed = self._contact(one, CLOSED, at_ms)
        unfed = one.switched and closed is False
        return Seen(values, at_ms, dark, dark if closed is None else closed, unfed)

    def _contact(self, one: WatchedAsset, quantity: str, at_ms: int) -> bool | None:
        """What the nearest pillar above that answers said of it lately."""
        for feeding in self._feeding[one.asset]:
            if quantity in feeding.values and at_ms - feeding.seen_ms <= FRESH_MS:
                return None if feeding.silent else feeding.values[quantity] >= 0.5
        return None

    def _fill_level(
        self, one: WatchedAsset, values: Mapping[str, float], at_ms: int
    ) -> tuple[Observation, ...]:
        distance_mm = values.get("distance")
        if one.fill is None or distance_mm is None or self._lies(one, values):
            return ()
        fill = one.fill.see(distance_mm, at_ms)
        if fill is None:
            return ()
        if fill.collected:
            self._begin(
                one.asset, one.kind, EventType.BIN_COLLECTED, f"{fill.level:.0%} left", at_ms
            )
            self._end((one.asset, EventType.BIN_COLLECTED), at_ms)
        return (Observation(quantity="filling_level", value=round(fill.level, 4)),)

    def _lies(self, one: WatchedAsset, values: Mapping[str, float]) -> bool:
        """Whether the bin is tilted, by this report or, if it does not say, by those before."""
        if "tilted" in values:
            return values["tilted"] >= 0.5
        return (one.asset, EventType.BIN_TILTED) in self._open

    def _hidden(self, one: WatchedAsset, *, own: bool = True) -> frozenset[EventType]:
        """What an open fault of something above, or its dead line, explains already."""
        key = (one.asset, own)
        if key not in self._explained:
            above = self._feeding[one.asset] if own else self._feeding[one.asset][1:]
            parts = (self._explained_by(feeding, one) for feeding in above)
            self._explained[key] = frozenset[EventType]().union(*parts)
        return self._explained[key]

    def _explained_by(self, feeding: WatchedAsset, one: WatchedAsset) -> frozenset[EventType]:
        hidden: frozenset[EventType] = frozenset()
        if feeding.on_dead_line and feeding is not one:
            hidden |= COVERING[EventType.LINE_UNREACHABLE]
        for cause, hides in COVERING.items():
            if (feeding.asset, cause) in self._open:
                hidden |= hides - {cause} if feeding is one else hides
        return hidden

    def _waiting(self, one: WatchedAsset) -> frozenset[EventType]:
        """What a fault of something above may explain in a moment."""
        waiting: frozenset[EventType] = frozenset()
        for feeding in self._feeding[one.asset][1:]:
            for judged in feeding.judged:
                if judged.condition.pending:
                    waiting |= COVERING.get(judged.rule.type, waiting)
            if feeding.failing:
                waiting |= EXPLAINED
        return waiting

    def _begin(self, asset: AssetId, kind: Kind, cause: EventType, why: str, at_ms: int) -> None:
        below = self._topology.below(asset) if cause in COVERING else ()
        words = f"{why}; explains what hangs on it ({len(below)})" if below else why
        event = self._event(asset, kind, cause, words, at_ms)
        self._open[(asset, cause)] = event
        self._explained.clear()
        self._tell(event)
        for other in below:
            self._explain(other, cause, at_ms)

    def _explain(self, asset: AssetId, cause: EventType, at_ms: int) -> None:
        """End what was told of `asset` shortly before its cause showed itself."""
        one = self._assets[asset]
        young = [
            key
            for key, event in self._open.items()
            if key[0] == asset
            and key[1] in COVERING[cause]
            and at_ms - event.at_ms < one.just_now_ms
        ]
        for key in young:
            if one.lost == key[1]:
                one.lost = None
            for judged in one.judged:
                if judged.rule.type == key[1]:
                    judged.condition.end()
            self._end(key, at_ms, f"explained by {cause}")

    def _end(self, key: tuple[AssetId, str], at_ms: int, detail: str = "") -> bool:
        began = self._open.pop(key, None)
        if began is None:
            return False
        self._explained.clear()
        self._tell(
            Event(
                id=began.id, asset=began.asset, kind=began.kind, type=began.type,
                phase=Phase.END, at_ms=at_ms, detail=detail or began.detail,
            )
        )  # fmt: skip
        return True

    def _tell(self, event: Event) -> None:
        words = (event.type, event.phase, event.asset, event.detail)
        LOG.info("event %s %s asset=%s detail=%s", *words)
        self._to(event)

    def _event(self, asset: AssetId, kind: Kind, cause: EventType, why: str, at_ms: int) -> Event:
        return Event(
            id=self._new_id(), asset=asset, kind=kind, type=cause, phase=Phase.BEGIN,
            at_ms=at_ms, detail=why[:MAX_DETAIL],
        )  # fmt: skip


def _hides(kind: Kind, judged: Judged, verdict: Verdict | None) -> bool:
    """Of a lamp, what cannot be judged now (a failed one by day) leaves room for other faults."""
    if kind is Kind.WASTE_BIN or not judged.condition.active:
        return False
    return kind in EXCLUSIVE or verdict is None or verdict.present is not None


def _is_good(seen: Observation) -> bool:
    return not seen.suspect and is_plausible(seen.quantity, seen.value)


def _line_key(line: str) -> str:
    return f"{EventType.LINE_UNREACHABLE} {line}"


def _key(event: Event) -> str:
    if event.type == EventType.LINE_UNREACHABLE:
        return _line_key(event.detail.partition(": ")[0])
    return event.type
