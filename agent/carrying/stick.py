"""Files appear on a stick whole and read back, or not at all; damaged ones are never used."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field

from agent.carrying.disk import Disk
from agent.errors import StickFull, StickGone
from contract.carried import (
    MAX_DOCUMENT_BYTES,
    MAX_PART_BYTES,
    RECEIPT,
    STATEMENT,
    Part,
    Place,
    Trust,
    part_range,
    unpack,
    unpack_statement,
)
from contract.errors import Altered, MessageError, OtherGateway, SignedError
from contract.identity import Epoch
from contract.ranges import RangeSet

DRAFT = "draft.tmp"
SPARE_BYTES = 2 << 20  # for the statement, and for what a file system takes beside the bytes
MAX_NAMES = 40_000


@dataclass(frozen=True, slots=True, kw_only=True)
class OnStick:
    """What the parts of this gateway hold, by the names of their files."""

    parts: dict[str, dict[Epoch, RangeSet]] = field(default_factory=dict)
    damaged: tuple[str, ...] = ()

    def numbers(self, epoch: Epoch) -> RangeSet:
        """Which batches of an epoch are on the stick."""
        found = (numbers[epoch] for numbers in self.parts.values() if epoch in numbers)
        return RangeSet(one for numbers in found for one in numbers.ranges)

    def batches(self) -> int:
        """How many batches are on the stick."""
        epochs = {epoch for numbers in self.parts.values() for epoch in numbers}
        return sum(len(self.numbers(epoch)) for epoch in epochs)


class Stick:
    """One gateway's folder on a stick."""

    def __init__(self, disk: Disk, place: Place) -> None:
        self._disk = disk
        self._place = place

    def part_names(self) -> list[str]:
        """The files that are parts, by their names."""
        names = self._disk.names()[:MAX_NAMES]
        return [name for name in names if part_range(name) is not None]

    def look(self, names: list[str], trust: Trust) -> Iterator[tuple[str, Part | None]]:
        """Each part, read and judged whole; None if it is damaged."""
        for name in names:
            data = self._disk.read(name, MAX_PART_BYTES)
            try:
                yield name, unpack(data, trust, gateway=self._place.gateway)
            except (SignedError, MessageError):
                yield name, None

    def refuse_other_city(self, trust: Trust) -> None:
        """Returns unless the statement is one of another authority; raises OtherCity.

        One byte that changed in a part can look like this too, so nobody asks the parts.
        """
        if STATEMENT not in self._disk.names():
            return
        data = self._disk.read(STATEMENT, MAX_DOCUMENT_BYTES)
        with contextlib.suppress(Altered, OtherGateway, MessageError):
            unpack_statement(data, trust, gateway=self._place.gateway)

    def receipt(self) -> bytes | None:
        """The city's answer, if one is there."""
        there = RECEIPT in self._disk.names()
        return self._disk.read(RECEIPT, MAX_DOCUMENT_BYTES) if there else None

    def put_part(self, name: str, data: bytes) -> None:
        """Raises StickFull with room left for a statement, or StickGone."""
        if self._disk.free_bytes() < len(data) + SPARE_BYTES:
            raise StickFull("the stick is full")
        self._put(name, data)

    def put_statement(self, data: bytes) -> None:
        """In the place of the one before."""
        self._put(STATEMENT, data)

    def _put(self, name: str, data: bytes) -> None:
        self._disk.write(DRAFT, data)
        if self._disk.read(DRAFT, len(data)) != data:
            raise StickGone("the stick does not give back what was written to it")
        self._disk.rename(DRAFT, name)

    def remove(self, name: str) -> None:
        """Delete a file of this gateway's."""
        self._disk.remove(name)

    def clear_draft(self) -> None:
        """What a pulled stick left half written."""
        if DRAFT in self._disk.names():
            self._disk.remove(DRAFT)
