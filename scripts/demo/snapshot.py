"""What is seen of the district at one moment, asked of the agents and counted in the store."""

from dataclasses import dataclass, replace

from contract.identity import GatewayId
from scripts.district.district import District
from scripts.district.gateway import AgentState, Gateway
from scripts.district.process import ProgramError
from scripts.district.stored import CityStore


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayRow:
    """One gateway; `drain_from` is the largest backlog since it was last empty."""

    gateway: GatewayId
    link: str
    up: bool
    sealed: int
    backlog: int
    backlog_age_s: float
    committed: int
    drain_from: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """The whole district at `at_s` seconds of the story."""

    at_s: float
    of_s: float
    rows: tuple[GatewayRow, ...]
    broker_runs: bool
    bridge_runs: bool
    said: tuple[str, ...]

    def drained(self, round_s: float) -> bool:
        """Whether nothing waits but what was sealed in the last two rounds."""
        return all(row.up and row.backlog_age_s <= 2 * round_s for row in self.rows)


class Observer:
    """Remembers the last answer of each agent, for a killed one answers nothing."""

    def __init__(self, district: District, store: CityStore, *, of_s: float) -> None:
        self._district = district
        self._store = store
        self._of_s = of_s
        self._last: dict[GatewayId, GatewayRow] = {}
        self._said: list[str] = []

    def say(self, at_s: float, words: str) -> str:
        """Keeps the sentence for the view, with its time."""
        sentence = f"{at_s:5.1f} s  {words}"
        self._said.append(sentence)
        return sentence

    def look(self, at_s: float) -> Snapshot:
        """Everything now."""
        committed = self._store.committed()
        rows = tuple(self._row(g, committed.get(g.id)) for g in self._district.gateways)
        self._last = {row.gateway: row for row in rows}
        return Snapshot(
            at_s=at_s,
            of_s=self._of_s,
            rows=rows,
            broker_runs=self._district.broker.program.running,
            bridge_runs=self._district.bridge.running,
            said=tuple(self._said[-8:]),
        )

    def _row(self, gateway: Gateway, committed: int | None) -> GatewayRow:
        before = self._last.get(gateway.id) or _unknown(gateway.id)
        stored = before.committed if committed is None else committed
        state = _state(gateway)
        if state is None or state.status.sealed is None or state.status.backlog is None:
            word = "starting" if gateway.agent.running else "agent killed"
            return replace(before, link=word, up=False, committed=stored)
        backlog = state.status.backlog
        waiting = backlog.counts.readings
        return GatewayRow(
            gateway=gateway.id,
            link=_link(state),
            up=state.link.up,
            sealed=state.status.sealed.readings,
            backlog=waiting,
            backlog_age_s=backlog.oldest_age_ms / 1_000,
            committed=stored,
            drain_from=max(before.drain_from, waiting) if waiting else 0,
        )


def _state(gateway: Gateway) -> AgentState | None:
    try:
        return gateway.state()
    except ProgramError:
        return None


def _link(state: AgentState) -> str:
    return "up" if state.link.up else f"down {state.link.for_s:.0f} s"


def _unknown(gateway: GatewayId) -> GatewayRow:
    return GatewayRow(
        gateway=gateway,
        link="starting",
        up=False,
        sealed=0,
        backlog=0,
        backlog_age_s=0,
        committed=0,
        drain_from=0,
    )
