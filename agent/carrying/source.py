"""Where a visitor gets the readings: from the running agent, or from the card if none runs."""

import asyncio
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol, TypeVar

from agent.asking import ask
from agent.carrying.answers import Closed, Held, SentBatches, received
from agent.carrying.carrier import Carried, Carrier
from agent.errors import AgentError, OutboxDamaged
from agent.language import _
from agent.outbox.file import OutboxFile
from agent.outbox.opening import damage_mark
from agent.outbox.outbox import Outbox
from contract.identity import Epoch
from contract.messages import Holding
from contract.ranges import Range
from contract.settings import AgentSettings

_T = TypeVar("_T")
# More than an agent can state in one epoch: what the card says after it stopped is the newest.
LATER_STATEMENTS = 1 << 23


class Source(Protocol):
    """The gateway's readings; each method raises AgentError in words."""

    running: bool

    def holding(self) -> Holding:
        """The gateway's statement."""
        ...

    def carry(self, epoch: Epoch, numbers: Range) -> Carried:
        """Some of these batches, from the first on."""
        ...

    def settle(self, receipt: bytes) -> int:
        """Hand over a signed receipt; how many batches it closed."""
        ...


class Running:
    """The running agent, through its socket."""

    running = True

    def __init__(self, socket: Path) -> None:
        self._socket = socket

    def holding(self) -> Holding:
        """See `Source`."""
        return self._asked({"cmd": "hold"}, Held).holding

    def carry(self, epoch: Epoch, numbers: Range) -> Carried:
        """See `Source`."""
        command = {"cmd": "carry", "epoch": epoch, "first": numbers[0], "last": numbers[1]}
        return received(self._asked(command, SentBatches))

    def settle(self, receipt: bytes) -> int:
        """See `Source`."""
        text = receipt.decode(errors="replace")
        return self._asked({"cmd": "settle", "receipt": text}, Closed).closed

    def _asked(self, command: dict[str, object], model: type[_T]) -> _T:
        answer = ask(self._socket, command, model)  # type: ignore[type-var]  # all are models
        if answer is None:
            raise AgentError(
                _("the agent has stopped meanwhile"), hint=_("run the same command again")
            )
        return answer


class Card:
    """The card itself, while no agent runs; a receipt is durable when `settle` returns."""

    running = False

    def __init__(self, carrier: Carrier) -> None:
        self._carrier = carrier

    def holding(self) -> Holding:
        """See `Source`."""
        return asyncio.run(self._carrier.holding())

    def carry(self, epoch: Epoch, numbers: Range) -> Carried:
        """See `Source`."""
        return asyncio.run(self._carrier.carry(epoch, numbers))

    def settle(self, receipt: bytes) -> int:
        """See `Source`."""
        return asyncio.run(self._settle(receipt))

    async def _settle(self, receipt: bytes) -> int:
        closed = await self._carrier.settle(receipt)
        await self._carrier.outbox.seal(())
        return closed


@contextmanager
def opened_source(settings: AgentSettings) -> Iterator[Source]:
    """The agent if it runs, otherwise the card; raises AgentError in words."""
    socket = Path(settings.gateway.socket)
    if ask(socket, {"cmd": "hold"}, Held) is not None:
        yield Running(socket)
        return
    path = Path(settings.gateway.data_dir) / "outbox.db"
    if not path.exists():
        raise AgentError(
            _("{path}: there is no outbox yet").format(path=path), hint=_("start nadi-agent once")
        )
    if damage_mark(path).exists():
        raise OutboxDamaged(
            _("{path}: found damaged").format(path=path),
            hint=_("start nadi-agent: it salvages the rest"),
        )
    file = OutboxFile(path)
    try:
        yield Card(_carrier(settings, file))
    finally:
        file.close()


def _carrier(settings: AgentSettings, file: OutboxFile) -> Carrier:
    contents = file.contents()
    if not contents.epochs:
        raise AgentError(
            _("{path}: nothing was ever sealed in it").format(path=file.path),
            hint=_("start nadi-agent"),
        )
    outbox = Outbox(
        file, contents, gateway=settings.gateway.id, budget_bytes=sys.maxsize, reserve_bytes=0,
        in_thread=_here, statements=LATER_STATEMENTS,
    )  # fmt: skip
    return Carrier.of(settings, outbox, file, _here)


async def _here(call: Callable[[], _T]) -> _T:
    return call()
