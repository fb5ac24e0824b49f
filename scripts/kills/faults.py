"""Every way in which a part of a district fails, and how it comes back."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Literal

from scripts.district.bridge import Bridge
from scripts.district.broker import Broker
from scripts.district.district import District
from scripts.district.fibre import Fibre
from scripts.district.gateway import Gateway
from scripts.district.postgres import Postgres
from scripts.district.trial import Stops

Kind = Literal["kill", "freeze", "partition", "wipe"]
KINDS: tuple[Kind, ...] = ("kill", "freeze", "partition", "wipe")
FIBRES, DATABASE, BROKER, OTHERS = range(4)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What happens to which part; of several, the one that others need is mended first."""

    kind: Kind
    part: str
    words: str
    begin: Callable[[], None]
    end: Callable[[], None]
    needs: int = OTHERS

    def __str__(self) -> str:
        return f"{self.part} {self.words}"


def faults_of(
    district: District, stops: Stops, *, postgres: Postgres | None, to_database: Fibre | None
) -> list[Fault]:
    """All that can happen to this district."""
    faults = [*_of_broker(district.broker)]
    for gateway in district.gateways:
        faults += [*_of_agent(gateway, stops), *_of_fibre(f"fibre of {gateway.id}", gateway.fibre)]
    for bridge in district.bridges:
        faults += [*_of_bridge(bridge), *_of_fibre(f"line of {bridge.name}", bridge.fibre)]
    if postgres:
        faults += _of_database(postgres)
    if to_database:
        faults += _of_line("line to the database", to_database)
    return faults


def _of_agent(gateway: Gateway, stops: Stops) -> Iterator[Fault]:
    part = f"agent {gateway.id}"
    yield Fault(
        kind="kill", part=part, words="is killed",
        begin=partial(stops.kill, gateway), end=partial(stops.restart, gateway),
    )  # fmt: skip
    yield Fault(
        kind="freeze", part=part, words="is frozen",
        begin=partial(stops.freeze, gateway), end=partial(stops.thaw, gateway),
    )  # fmt: skip


def _of_bridge(bridge: Bridge) -> Iterator[Fault]:
    program = bridge.program
    yield Fault(
        kind="kill", part=bridge.name, words="is killed", begin=program.kill, end=bridge.start
    )
    yield Fault(
        kind="freeze", part=bridge.name, words="is frozen", begin=program.freeze, end=program.thaw
    )


def _of_broker(broker: Broker) -> Iterator[Fault]:
    def wipe() -> None:
        broker.kill()
        broker.wipe()

    program = broker.program
    yield Fault(
        kind="kill", part="broker", words="is killed",
        begin=broker.kill, end=broker.start, needs=BROKER,
    )  # fmt: skip
    yield Fault(
        kind="wipe", part="broker", words="is killed and its files are deleted",
        begin=wipe, end=broker.start, needs=BROKER,
    )  # fmt: skip
    yield Fault(
        kind="freeze", part="broker", words="is frozen",
        begin=program.freeze, end=program.thaw, needs=BROKER,
    )  # fmt: skip


def _of_database(postgres: Postgres) -> Iterator[Fault]:
    yield Fault(
        kind="kill", part="database", words="is killed",
        begin=postgres.kill, end=postgres.start, needs=DATABASE,
    )  # fmt: skip
    yield Fault(
        kind="freeze", part="database", words="is frozen",
        begin=postgres.freeze, end=postgres.thaw, needs=DATABASE,
    )  # fmt: skip


def _of_fibre(part: str, fibre: Fibre) -> Iterator[Fault]:
    """What is spoilt inside TLS is found by TLS."""
    yield from _of_line(part, fibre)
    yield Fault(
        kind="partition", part=part, words="flips a bit each way",
        begin=fibre.spoil, end=fibre.mend, needs=FIBRES,
    )  # fmt: skip


def _of_line(part: str, fibre: Fibre) -> Iterator[Fault]:
    for words, begin in (
        ("is cut", fibre.cut),
        ("falls silent", fibre.silence),
        ("lets nothing back", fibre.silence_back),
        ("is reset", fibre.reset),
    ):
        yield Fault(
            kind="partition", part=part, words=words, begin=begin, end=fibre.mend, needs=FIBRES
        )
