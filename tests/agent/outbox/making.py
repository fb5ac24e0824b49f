"""An outbox on a real file, and the city's receipts for it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from agent.outbox.file import OutboxFile
from agent.outbox.opening import open_outbox
from agent.outbox.outbox import Outbox
from agent.outbox.records import Contents
from contract.event_types import EventType
from contract.identity import AssetId, BootId, Epoch, GatewayId, Kind
from contract.messages import EpochReceipt, Receipt, Rejection
from contract.ranges import Range
from contract.readings import Event, Phase, Reading

_T = TypeVar("_T")

OWN = GatewayId("bb-0001")
BOOT = BootId("b0b1b2b3b4b5b6b7")
LAMP = AssetId("PJU-0001")
PLENTY = 1 << 30


def epoch(number: int) -> Epoch:
    """The epoch of the `number`-th start."""
    return Epoch(f"{number:016x}")


def reading(at_ms: int, value: float = 230.1) -> Reading:
    """One reading of the lamp."""
    return Reading(asset=LAMP, kind=Kind.STREETLIGHT, quantity="voltage", at_ms=at_ms, value=value)


def begin(number: int, at_ms: int = 5) -> Event:
    """The begin of the `number`-th event."""
    return Event(
        id=f"e-{number}", asset=LAMP, kind=Kind.STREETLIGHT, type=EventType.DEVICE_UNREACHABLE,
        phase=Phase.BEGIN, at_ms=at_ms, detail="no answer within 300 ms",
    )  # fmt: skip


async def here(call: Callable[[], _T]) -> _T:
    """Runs the call at once."""
    return call()


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """One run of a gateway's outbox."""

    outbox: Outbox
    file: OutboxFile
    contents: Contents


@contextmanager
def started(
    path: Path,
    number: int = 1,
    *,
    boot: BootId = BOOT,
    budget_bytes: int = PLENTY,
    reserve_bytes: int = 0,
    salvaging: Callable[[], None] = lambda: None,
) -> Iterator[Started]:
    """The `number`-th start on the card at `path`."""
    file, contents = open_outbox(
        path, gateway=OWN, epoch=epoch(number), boot=boot, salvaging=salvaging
    )
    outbox = Outbox(
        file,
        contents,
        gateway=OWN,
        budget_bytes=budget_bytes,
        reserve_bytes=reserve_bytes,
        in_thread=here,
    )
    try:
        yield Started(outbox=outbox, file=file, contents=contents)
    finally:
        file.close()


async def seal_rounds(outbox: Outbox, count: int) -> None:
    """`count` batches of one reading each, at 1, 2, 3 … seconds after the last."""
    for _ in range(count):
        n = outbox.ledger.current.sealed + 1
        await outbox.seal([reading(n * 1_000)])


def receipt(
    number: int,
    *committed: Range,
    version: int = 1,
    rejected: tuple[Rejection, ...] = (),
    first: int = 1,
    last: int = 1_000,
) -> Receipt:
    """What the city says of the `number`-th epoch, and of no other."""
    said = EpochReceipt(
        epoch=epoch(number), first=first, last=last, committed=list(committed),
        rejected=list(rejected),
    )  # fmt: skip
    return Receipt(gateway=OWN, version=version, epochs=[said])
