"""One journey: the stick is pulled out at some moment, altered on its way, carried again and again.

The judge counts the rows of the store against what was sealed, and asks the outbox after each visit
whether anything was settled that no receipt had closed.
"""

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

from agent.errors import StickGone
from contract.carried import RECEIPT, STATEMENT
from contract.errors import OtherCity
from tests.campaigns.seeds import Broken, Violation, why
from tests.carrying.pulled_stick import PulledStick
from tests.carrying.town import Authority, Centre, Gateway, centre, own_folder
from tests.simulation.disk import memory_disk

CHUNK = 25
Trace = Callable[[str], None]


def run_seeds(seeds: range) -> Iterator[Broken]:
    """The broken ones."""
    disk, authority = memory_disk(Path(tempfile.gettempdir())), Authority()
    for seed in seeds:
        with tempfile.TemporaryDirectory(prefix="nadi-carrying-", dir=disk) as name:
            try:
                run_journey(seed, Path(name), authority=authority)
            except Exception as error:
                replay = f"python -m tests.carrying {seed}"
                yield Broken(seed=seed, words=why(error), replay=replay)


def run_journey(
    seed: int, folder: Path, *, authority: Authority | None = None, trace: Trace = lambda _: None
) -> None:
    """Raises Violation."""
    random, authority = Random(seed), authority or Authority()
    gateway = Gateway(folder, authority)
    with centre(folder, authority) as city:
        journey = Journey(random, gateway, city, folder / "stick", trace)
        gateway.part_batches = random.randint(1, 4)
        try:
            for _ in range(random.randint(1, 3)):
                journey.leg()
            journey.end()
        finally:
            gateway.close()


class Journey:
    """A gateway, a city, and the sticks between them."""

    def __init__(
        self, random: Random, gateway: Gateway, city: Centre, folder: Path, trace: Trace
    ) -> None:
        self._random = random
        self._gateway = gateway
        self._city = city
        self._folder = folder
        self._trace = trace
        self._altered = False
        self._sticks = [PulledStick(random) for _ in range(random.randint(1, 2))]

    def leg(self) -> None:
        """Some rounds, a visit that the stick does not survive, and perhaps the way to the city."""
        if self._random.random() < 0.4:
            self._gateway.start()
        self._gateway.seal(self._random.randint(1, 8), event=self._random.random() < 0.3)
        stick = self._random.choice(self._sticks)
        self._visit(stick, pull_after=self._at(self._moments(stick)))
        if self._random.random() < 0.7:
            self._to_city(stick, alter=self._random.random() < 0.4)

    def end(self) -> None:
        """One whole visit, the way there twice, and back."""
        stick = self._random.choice(self._sticks)
        self._visit(stick, pull_after=None)
        self._to_city(stick, alter=False)
        self._to_city(stick, alter=False)
        if self._city.stored() != self._gateway.sealed:
            lost = self._gateway.sealed - self._city.stored()
            doubled = self._city.stored() - self._gateway.sealed
            raise Violation(f"{lost.total()} readings lost, {doubled.total()} doubled")
        self._visit(stick, pull_after=None)
        if self._gateway.waiting:
            raise Violation(f"{self._gateway.waiting} batches wait though the receipt is here")

    def _at(self, count: int) -> int:
        """A place that costs the same chance however long a signature came out."""
        return int(self._random.random() * count)

    def _moments(self, stick: PulledStick) -> int:
        """How many moments a whole visit of this stick would have."""
        twin = PulledStick(Random(0))
        twin.files = dict(stick.files)
        twin.files.pop(RECEIPT, None)  # a trial must not settle anything
        twin.put_in(pull_after=None)
        self._gateway.visit(twin)
        return twin.moments

    def _visit(self, stick: PulledStick, *, pull_after: int | None) -> None:
        stick.put_in(pull_after=pull_after)
        had_receipt, before = RECEIPT in stick.files, self._gateway.waiting
        try:
            self._gateway.visit(stick)
            self._trace(f"visited, {stick.moments} moments")
        except (OSError, StickGone) as error:
            self._trace(f"pulled out after {pull_after} of {stick.moments}: {error}")
            if pull_after is None:
                raise Violation(f"a whole visit failed: {error}") from None
        except OtherCity:
            if not self._altered:
                raise Violation("a stick of this city was taken for another's") from None
            stick.files.clear()  # the technician takes another one
            self._visit(stick, pull_after=pull_after)
        if not had_receipt and self._gateway.waiting != before:
            raise Violation("copying settled something")

    def _to_city(self, stick: PulledStick, *, alter: bool) -> None:
        there = own_folder(self._folder)
        stick.dump(there)
        altered = self._alter(there) if alter else None
        self._altered |= altered is not None
        before = self._city.stored()
        found = [one for gateway in self._city.imported(self._folder) for one in gateway.findings]
        self._trace(f"imported, altered {altered}, found {[one.file for one in found]}")
        if altered is not None and altered not in [one.file for one in found]:
            raise Violation(f"{altered} was altered, and nobody found it")
        if before - self._city.stored() or self._city.stored() - self._gateway.sealed:
            raise Violation("the store has what was never sealed, or has it twice")
        stick.load(there)

    def _alter(self, there: Path) -> str | None:
        """One byte, the length, or the whole of one file; None if there is none."""
        files = [one for one in there.iterdir() if one.suffix == ".part" or one.name == STATEMENT]
        if not files:
            return None
        file = self._random.choice(sorted(files))
        data = file.read_bytes()
        at = self._at(len(data))
        flipped = bytes([data[at] ^ 1 << self._random.randrange(8)]) if data else b"x"
        file.write_bytes(
            self._random.choice((data[:at], data + b"\n", data[:at] + flipped + data[at + 1 :]))
        )
        return file.name
