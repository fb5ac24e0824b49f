"""One outbox damaged at random; the agent starts on it, keeps what is intact, believes no more."""

import contextlib
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from random import Random

from agent.errors import AgentError, OutboxDamaged
from agent.outbox.file import OutboxFile
from agent.outbox.opening import damage_mark, open_outbox
from agent.outbox.outbox import Outbox
from contract.codec import Key, sha256_of
from contract.identity import AssetId, BootId, Epoch, GatewayId, Kind
from contract.readings import Reading
from tests.campaigns.seeds import Violation, why
from tests.simulation.loopless import at_once, run

GATEWAY, BOOT = GatewayId("bb-0001"), BootId("b" * 16)
PAGE = 1_024
READ_AHEAD = 64  # as the agent does
EPOCHS, ROUNDS, READINGS = 3, 12, 40
Name = tuple[Epoch, int]
Damage = Callable[["Card", Random], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """An outbox that nobody has open, its log beside it, and every batch that was sealed on it."""

    path: Path
    sealed: dict[Name, bytes]

    @property
    def log(self) -> Path:
        """What was not yet checkpointed."""
        return self.path.with_name(f"{self.path.name}-wal")


def sealed_card(path: Path, random: Random) -> Card:
    """As a killed agent leaves it."""
    sealed: dict[Name, bytes] = {}
    for number in range(1, EPOCHS + 1):
        epoch = Epoch(f"{number:016x}")
        file, contents = open_outbox(path, gateway=GATEWAY, epoch=epoch, boot=BOOT)
        outbox = Outbox(
            file, contents, gateway=GATEWAY, budget_bytes=1 << 30, reserve_bytes=0,
            in_thread=at_once,
        )  # fmt: skip
        for n in range(1, ROUNDS + 1):
            batch = run(outbox.seal(_round(n, random)))
            assert batch is not None
            sealed[epoch, n] = batch.body
        if number == EPOCHS:
            _keep_as_killed(path)
        file.close()
    _put_back(path)
    return Card(path=path, sealed=sealed)


def _round(n: int, random: Random) -> list[Reading]:
    return [
        Reading(
            asset=AssetId(f"PJU-{at:04}"), kind=Kind.STREETLIGHT, quantity="voltage",
            at_ms=n * 10_000 + at, value=random.randint(2_100, 2_400) / 10,
        )
        for at in range(random.choice((1, READINGS)))
    ]  # fmt: skip


def _keep_as_killed(path: Path) -> None:
    for part in (path, path.with_name(f"{path.name}-wal")):
        shutil.copyfile(part, part.with_name(f"{part.name}.killed"))


def _put_back(path: Path) -> None:
    for part in (path, path.with_name(f"{path.name}-wal")):
        part.with_name(f"{part.name}.killed").replace(part)


# What can happen to it.


def _rewrite(path: Path, change: Callable[[bytearray], bytearray]) -> None:
    path.write_bytes(change(bytearray(path.read_bytes())))


def _any_part(card: Card, random: Random) -> Path:
    return random.choice([card.path, card.path, card.log])


def truncated(card: Card, random: Random) -> None:
    """Its end is missing."""
    _rewrite(_any_part(card, random), lambda data: data[: random.randrange(len(data) + 1)])


def flipped(card: Card, random: Random) -> None:
    """Some bits are others."""

    def change(data: bytearray) -> bytearray:
        for _ in range(random.choice((1, 3, 30)) if data else 0):
            data[random.randrange(len(data))] ^= 1 << random.randrange(8)
        return data

    _rewrite(_any_part(card, random), change)


def filled(card: Card, random: Random) -> None:
    """A stretch is zeroes, or noise."""

    def change(data: bytearray) -> bytearray:
        at = random.randrange(len(data) + 1)
        size = min(random.choice((100, 512, 4_096, 40_000)), len(data) - at)
        data[at : at + size] = random.choice((bytes(size), random.randbytes(size)))
        return data

    _rewrite(_any_part(card, random), change)


def swapped(card: Card, random: Random) -> None:
    """Two pages have changed places."""

    def change(data: bytearray) -> bytearray:
        one, other = (PAGE * random.randrange(len(data) // PAGE) for _ in range(2))
        first, second = data[one : one + PAGE], data[other : other + PAGE]
        data[one : one + PAGE], data[other : other + PAGE] = second, first
        return data

    _rewrite(card.path, change)


def renumbered(card: Card, random: Random) -> None:
    """A whole body lies under another's number, with the hash it had."""
    with closing(OutboxFile(card.path)) as file:
        rows = [row for (row,) in file._connection.execute("SELECT id FROM batch")]
        one, other = random.sample(rows, 2)
        file._connection.execute(
            "UPDATE batch SET (body, sha256) = (SELECT body, sha256 FROM batch WHERE id = ?)"
            " WHERE id = ?",
            (one, other),
        )
    damage_mark(card.path).touch()


def foreign(card: Card, random: Random) -> None:
    """The file, or only its log, is something else."""
    _any_part(card, random).write_bytes(
        random.choice((b"", b"hello", random.randbytes(9_000), b"SQLite format 3\0" + bytes(2_000)))
    )


def marked(card: Card, random: Random) -> None:
    """The running agent met a bad page."""
    random.choice((truncated, flipped, filled, swapped))(card, random)
    damage_mark(card.path).touch()


DAMAGES: tuple[Damage, ...] = (truncated, flipped, filled, swapped, renumbered, foreign, marked)


# What must be true.


def what_breaks(seed: int, folder: Path) -> str:
    """In words, or nothing."""
    random = Random(seed)
    card = sealed_card(folder / "outbox.db", random)
    damage = random.choice(DAMAGES)
    damage(card, random)
    try:
        intact = _intact(card)
        if random.random() < 0.3:
            _cut_off(card.path, random)
        _judge(card, intact=intact)
    except AgentError as error:
        return f"{damage.__name__}: does not start: {error}"
    except Exception as error:
        return f"{damage.__name__}: {why(error)}"
    return ""


class _Killed(BaseException):
    pass


def _cut_off(path: Path, random: Random) -> None:
    """The agent is killed while it salvages, before, in or after the one commit of it."""

    def die() -> None:
        raise _Killed

    try:
        epoch = Epoch("e" * 16)
        file, _ = open_outbox(path, gateway=GATEWAY, epoch=epoch, boot=BOOT, salvaging=die)
    except _Killed:
        random.choice(CUTS)(path, random)
        return
    file.close()


def _before(_path: Path, _random: Random) -> None:
    """Nothing stands in the old file's place yet."""


def _as_it_was_made(path: Path, random: Random) -> None:
    """With the power, so the new file is torn."""
    OutboxFile(path).close()
    whole = path.read_bytes()
    at = random.randrange(len(whole))
    torn = (whole[:at], random.randbytes(5_000), whole[:at] + bytes(PAGE) + whole[at + PAGE :])
    path.write_bytes(random.choice(torn))


def _after(path: Path, _random: Random) -> None:
    """All is taken over, and the mark still says that it is to be."""
    with closing(OutboxFile(path)) as file:
        file.adopt(path.with_name(damage_mark(path).read_text()), GATEWAY)


CUTS = (_before, _as_it_was_made, _after)


def _intact(card: Card) -> set[Name]:
    """What sqlite3 itself still reads of a copy, one batch at a time."""
    copy = card.path.with_name("copy.db")
    shutil.copyfile(card.path, copy)
    if card.log.exists():
        shutil.copyfile(card.log, copy.with_name(f"{copy.name}-wal"))
    intact = set()
    with closing(sqlite3.connect(copy)) as database:
        for (epoch, n), body in card.sealed.items():
            with contextlib.suppress(sqlite3.Error, ValueError):
                row = (int(epoch, 16) << 40 | n,)
                found = database.execute("SELECT body, sha256 FROM batch WHERE id = ?", row)
                key = Key(gateway=GATEWAY, epoch=epoch, n=n)
                if found.fetchone() == (body, bytes.fromhex(sha256_of(key, body))):
                    intact.add((epoch, n))
    return intact


def _judge(card: Card, *, intact: set[Name]) -> None:
    """Starts until all it holds is sound, as the agent does, and once more: that stays so."""
    starts = iter(range(100, 110))
    kept = None
    while kept is None:
        kept = _started(card, Epoch(f"{next(starts):016x}"))
    if lost := intact - kept:
        raise Violation(f"{len(lost)} of {len(intact)} intact batches were not kept")
    if _started(card, Epoch(f"{next(starts):016x}")) != kept:
        raise Violation("the next start holds something else")
    if damage_mark(card.path).exists():
        raise Violation("it salvages at each start")


def _started(card: Card, epoch: Epoch) -> set[Name] | None:
    """What the agent would send; None if it finds a batch spoilt, and marks the file."""
    file, contents = open_outbox(card.path, gateway=GATEWAY, epoch=epoch, boot=BOOT)
    outbox = Outbox(
        file, contents, gateway=GATEWAY, budget_bytes=1 << 30, reserve_bytes=0, in_thread=at_once
    )
    sent = {}
    try:
        for ledger in outbox.ledger.epochs:
            held = iter(ledger.held)  # by a torn page of more batches than there is memory for
            while numbers := list(islice(held, READ_AHEAD)):
                for batch in run(outbox.batches(ledger.epoch, numbers)):
                    sent[batch.key.epoch, batch.key.n] = batch.body
    except OutboxDamaged:
        damage_mark(card.path).touch()
        return None
    finally:
        file.close()
    for name, body in sent.items():
        if card.sealed.get(name) != body:
            raise Violation(f"accepted: batch {name[1]} of epoch {name[0]}, never sealed so")
    return set(sent)
