"""What an agent does with its card, each with a card to do it on and what must be true after it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from agent.errors import OutboxFailed
from agent.outbox.opening import damage_mark
from tests.campaigns.seeds import Violation
from tests.card_faults.gateway import PLENTY, Gateway


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """Calls to the card are counted from the begin of `do`; `prepare` leaves a closed card."""

    name: str
    do: Callable[[Gateway], None]
    starts: bool = True  # before the faults begin
    spoilt: bool = False
    budget_bytes: int = PLENTY

    def prepare(self, path: Path) -> Gateway:
        """A card with two epochs on it."""
        gateway = Gateway(path, budget_bytes=self.budget_bytes)
        for _ in range(2):
            gateway.start()
            for n in range(5):
                gateway.seal(event=n == 2)
            gateway.settle(2)
            gateway.seal()
            gateway.stop()
        if self.spoilt:
            _spoil(path)
        return gateway


def _spoil(path: Path) -> None:
    """A stretch of the file is zeroes, and the agent has met it."""
    whole = bytearray(path.read_bytes())
    whole[10_240:11_264] = bytes(1_024)
    path.write_bytes(whole)
    damage_mark(path).touch()


def _seal(gateway: Gateway) -> None:
    for n in range(4):
        gateway.seal(event=n == 1)


def _settle(gateway: Gateway) -> None:
    for upto in range(1, 3):
        _tried(lambda: gateway.settle(upto))  # noqa: B023 called at once
        gateway.seal()


def _state(gateway: Gateway) -> None:
    _tried(gateway.state)
    gateway.seal()
    _tried(gateway.state)


def _start(gateway: Gateway) -> None:
    gateway.start()
    gateway.seal(event=True)


def _stop(gateway: Gateway) -> None:
    gateway.stop()
    gateway.start()


def _tried(step: Callable[[], None]) -> None:
    """A card that cannot be read is said; nothing else may be."""
    try:
        step()
    except OutboxFailed as error:
        if type(error).__name__ == "OutboxDamaged":
            raise Violation(f"an error is taken for damage: {error}") from error


WORKS = (
    Work(name="seal", do=_seal),
    Work(name="settle", do=_settle),
    Work(name="thin", do=_seal, budget_bytes=8_000),
    Work(name="state", do=_state),
    Work(name="start", do=_start, starts=False),
    Work(name="stop", do=_stop),
    Work(name="salvage", do=_start, starts=False, spoilt=True),
)
