"""Every work of the outbox with every error at every call to its card."""

import errno
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count, product
from pathlib import Path

from agent.errors import OutboxFailed
from contract.identity import Epoch
from tests.campaigns.seeds import Broken, Violation, why
from tests.card_faults.failing_os import failing
from tests.card_faults.failing_vfs import SqliteOnFailingCard
from tests.card_faults.faults import OF_ERROR, WHENS, Fault, Faults, When
from tests.card_faults.gateway import Gateway
from tests.card_faults.works import WORKS, Work
from tests.simulation.disk import memory_disk

CHUNK = 1
MOST_CALLS = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One work and one error, at each call in turn."""

    work: Work
    error: int
    when: When

    def __str__(self) -> str:
        return f"{self.work.name}, {errno.errorcode[self.error]} {self.when}"


CASES = tuple(
    Case(work=work, error=error, when=when) for when, error, work in product(WHENS, OF_ERROR, WORKS)
)


def run_seeds(seeds: range) -> Iterator[Broken]:
    """The broken cases; a seed is a case's place in CASES."""
    for seed in seeds:
        for at, words in every_call(CASES[seed]):
            if words:
                replay = f"python -m tests.card_faults {seed} --call {at}"
                yield Broken(seed=seed, words=f"{CASES[seed]}: {words}", replay=replay)
                break


def every_call(case: Case) -> Iterator[tuple[int, str]]:
    """What breaks when that call fails, or nothing, until there are no more calls to fail."""
    with _bench() as (folder, faults):
        prepared = case.work.prepare(folder / "prepared" / "outbox.db")
        whole = _without_faults(case, prepared, folder / "own")
        for at in count():
            assert at < MOST_CALLS
            own = folder / "own"
            shutil.copytree(prepared.path.parent, own)
            gateway = prepared.moved_to(own / "outbox.db")
            words = _what_breaks(case, at, gateway, faults)
            if not words and _must_keep(case) and (lost := whole - gateway.on_card()):
                words = f"call {at}: one error lost batches {sorted(lost)}"
            shutil.rmtree(own)
            if not faults.failed and not words:
                return
            yield at, words


def one_call(case: Case, at: int) -> str:
    """What breaks, in words, or nothing."""
    return next((words for call, words in every_call(case) if call == at), "")


@contextmanager
def _bench() -> Iterator[tuple[Path, Faults]]:
    faults = Faults()
    disk = memory_disk(Path(tempfile.gettempdir()))
    with (
        tempfile.TemporaryDirectory(prefix="nadi-card-faults-", dir=disk) as name,
        SqliteOnFailingCard(faults).in_use(),
    ):
        (Path(name) / "prepared").mkdir()
        yield Path(name), faults


def _must_keep(case: Case) -> bool:
    """On a full card it is right to make room."""
    return case.when == "once" and case.error != errno.ENOSPC


def _without_faults(case: Case, prepared: Gateway, own: Path) -> set[tuple[Epoch, int]]:
    """What a salvage finds, or nothing: elsewhere a failing call may give up a little more."""
    if not case.work.spoilt:
        return set()
    shutil.copytree(prepared.path.parent, own)
    gateway = prepared.moved_to(own / "outbox.db")
    _start_again(gateway)
    kept = gateway.on_card()
    shutil.rmtree(own)
    return kept


def _what_breaks(case: Case, at: int, gateway: Gateway, faults: Faults) -> str:
    try:
        _suffer(case, at, gateway, faults)
    except Exception as error:
        return f"call {at}: {why(error)}"
    finally:
        faults.end()
    return ""


def _suffer(case: Case, at: int, gateway: Gateway, faults: Faults) -> None:
    """The work on the failing card; then it is killed as it stands, and also gets well again."""
    started = case.work.starts
    if started:
        gateway.start()
    faults.begin(Fault(error=case.error, when=case.when, at=at))
    try:
        with failing(faults):
            case.work.do(gateway)
        started = True
    except OutboxFailed:
        started = started and case.work.name != "stop"
    finally:
        faults.end()
    if started:
        _killed(gateway)
        gateway.seal()
        if gateway.sealer.fault:
            raise Violation(f"the card is well, and it says: {gateway.sealer.fault}")
        gateway.stop()
    _start_again(gateway)


def _killed(gateway: Gateway) -> None:
    twin = gateway.killed(gateway.path.with_name("twin.db"))
    twin.start()
    twin.stop()
    twin.check(whole=False)


def _start_again(gateway: Gateway) -> None:
    gateway.start()
    gateway.state()
    gateway.stop()
    gateway.check(whole=True)
