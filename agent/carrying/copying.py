"""One visit with a stick: the city's answer in, what waits out, and nothing settled by copying."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from agent.carrying.source import Source
from agent.carrying.stick import OnStick, Stick
from agent.errors import AgentError
from contract.carried import (
    MAX_PARTS,
    PART_BATCHES,
    PART_BYTES,
    CarriedBatch,
    Place,
    Signer,
    Statement,
    Trust,
    pack,
    pack_statement,
    part_name,
    part_range,
    unpack_receipt,
)
from contract.collecting import Collected, Progress
from contract.errors import MessageError, SignedError
from contract.identity import Epoch
from contract.messages import Counts, HeldRange, Holding, Receipt
from contract.ranges import Range, RangeSet

Tell = Callable[[Progress], None]


@dataclass(kw_only=True)
class Visit:
    """What was done so far, for whoever is told when the visit ends early."""

    copied: int = 0
    left: int = 0
    counts: Counts = field(default_factory=Counts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Copier:
    """Copies for one gateway; raises StickFull, StickGone, OSError, OtherCity or AgentError."""

    source: Source
    stick: Stick
    place: Place
    signer: Signer
    trust: Trust
    tell: Tell
    part_batches: int = PART_BATCHES

    def run(self, visit: Visit) -> Collected:
        """May be repeated after it ended anywhere: whole parts on the stick are kept."""
        self.stick.clear_draft()
        there = self._look()
        ended = Collected(
            gateway=self.place.gateway, copied=0, readings=0, events=0, on_stick=0, waiting=0,
            running=self.source.running, damaged=list(there.damaged),
        )  # fmt: skip
        ended, receipt = self._answer(ended)
        holding = self.source.holding()
        there, freed = self._free(there, receipt, holding)
        there = self._copy(there, holding, visit)
        self._state(there, holding)
        self._forget_damaged(there, receipt)
        return _with(
            ended, copied=visit.copied, readings=visit.counts.readings, events=visit.counts.events,
            on_stick=there.batches(), waiting=_waiting(holding), freed=freed,
        )  # fmt: skip

    def _look(self) -> OnStick:
        names = self.stick.part_names()
        parts: dict[str, dict[Epoch, RangeSet]] = {}
        damaged: list[str] = []
        for done, (name, part) in enumerate(self.stick.look(names, self.trust), start=1):
            if part is None:
                damaged.append(name)
            else:
                parts[name] = part.numbers()
            self.tell(Progress(step="check", done=done, total=len(names)))
        if damaged and not parts:
            self.stick.refuse_other_city(self.trust)
        return OnStick(parts=parts, damaged=tuple(damaged))

    def _answer(self, ended: Collected) -> tuple[Collected, Receipt | None]:
        """The agent judges the receipt itself; here it only says which parts may go."""
        document = self.stick.receipt()
        if document is None:
            return ended, None
        try:
            receipt = unpack_receipt(document, self.trust, gateway=self.place.gateway)
            closed = self.source.settle(document)
        except (SignedError, MessageError, AgentError) as error:
            return _with(ended, receipt="refused", refused=str(error)[:500]), None
        return _with(ended, receipt="applied", closed=closed), receipt

    def _free(
        self, there: OnStick, receipt: Receipt | None, holding: Holding
    ) -> tuple[OnStick, int]:
        """Parts of which the city has everything make room; the statement no longer names them."""
        if receipt is None:
            return there, 0
        over = [name for name, parts in there.parts.items() if _all_closed(parts, receipt)]
        kept = {name: parts for name, parts in there.parts.items() if name not in over}
        there = replace(there, parts=kept)
        if over:
            self._state(there, holding)
        for name in over:
            self.stick.remove(name)
        return there, len(over)

    def _copy(self, there: OnStick, holding: Holding, visit: Visit) -> OnStick:
        wanted = {
            epoch.epoch: _open(epoch.ranges) - there.numbers(epoch.epoch)
            for epoch in holding.epochs
        }
        visit.left = total = sum(map(len, wanted.values()))
        parts = dict(there.parts)
        for batches in self._parts(wanted):
            key = batches[0].header.key
            name = part_name(key.epoch, (key.n, batches[-1].header.key.n))
            self.stick.put_part(name, pack(self.place, batches, self.signer))
            parts[name] = {key.epoch: RangeSet.of(one.header.key.n for one in batches)}
            visit.copied += len(batches)
            visit.left -= len(batches)
            visit.counts = sum((one.counts for one in batches), visit.counts)
            self.tell(Progress(step="copy", done=visit.copied, total=total))
        return replace(there, parts=parts)

    def _parts(self, wanted: dict[Epoch, RangeSet]) -> Iterator[list[CarriedBatch]]:
        """Oldest epoch first; each part of one epoch, in order."""
        for epoch, numbers in wanted.items():
            part: list[CarriedBatch] = []
            for one in self._batches(epoch, numbers):
                if part and self._is_enough(part, one):
                    yield part
                    part = []
                part.append(one)
            if part:
                yield part

    def _is_enough(self, part: list[CarriedBatch], one: CarriedBatch) -> bool:
        size = sum(len(it.body) for it in part) + len(one.body)
        return len(part) >= self.part_batches or size > PART_BYTES

    def _batches(self, epoch: Epoch, numbers: RangeSet) -> Iterator[CarriedBatch]:
        for first, last in numbers.ranges:
            at = first
            while at <= last:
                carried = self.source.carry(epoch, (at, last))
                yield from carried.batches
                at = carried.next

    def _state(self, there: OnStick, holding: Holding) -> None:
        statement = Statement(
            city=self.place.city,
            gateway=self.place.gateway,
            holding=holding,
            parts=sorted(there.parts)[:MAX_PARTS],
        )
        self.stick.put_statement(pack_statement(statement, self.signer))

    def _forget_damaged(self, there: OnStick, receipt: Receipt | None) -> None:
        """A damaged part goes once all that its name says is on the stick anew, or closed."""
        for name in there.damaged:
            if name in there.parts or (said := part_range(name)) is None:
                continue
            epoch, numbers = said
            missing = RangeSet([numbers]) - there.numbers(epoch)
            if not missing - (_closed(receipt, epoch) if receipt else RangeSet()):
                self.stick.remove(name)


def _with(said: Collected, **changes: object) -> Collected:
    return said.model_copy(update=changes)


def _open(ranges: list[HeldRange]) -> RangeSet:
    return RangeSet((one.first, one.last) for one in ranges if one.state == "open")


def _waiting(holding: Holding) -> int:
    return sum(len(_open(epoch.ranges)) for epoch in holding.epochs)


def _all_closed(parts: dict[Epoch, RangeSet], receipt: Receipt) -> bool:
    return not any(numbers - _closed(receipt, epoch) for epoch, numbers in parts.items())


def _closed(receipt: Receipt, epoch: Epoch) -> RangeSet:
    """What the city has for good; lost is not: a part may be the last copy of it."""
    found = RangeSet()
    for said in receipt.epochs:
        if said.epoch == epoch:
            rejected: list[Range] = [(one.n, one.n) for one in said.rejected]
            found |= RangeSet([*said.committed, *rejected])
    return found
