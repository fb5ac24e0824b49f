"""One reading is followed for a person: read now, sealed at once, and asked after by its number."""

from collections.abc import Mapping
from dataclasses import dataclass

from agent.errors import AgentError
from agent.live import described
from agent.outbox.outbox import Outbox
from agent.sampler import Sampler
from agent.sealer import Sealer
from agent.uplink import Name, Uplink
from contract.agent_status import Fate, LinkReport, Traced, Way
from contract.identity import Epoch


@dataclass(frozen=True, slots=True, kw_only=True)
class Tracer:
    """Answers `trace` and `fate`."""

    sampler: Sampler
    sealer: Sealer
    outbox: Outbox
    uplink: Uplink

    async def trace(self, asset: str) -> Traced:
        """Read the device and seal what it said before the round is due."""
        answer = await self.sampler.read_now(asset, keep=True)
        reading = described(answer)
        if answer.fault or not answer.observations:
            return Traced(reading=reading)
        name = await self.sealer.seal_now()
        if name is None:
            return Traced(reading=reading, fault=self.sealer.fault or "nothing could be sealed")
        return Traced(reading=reading, epoch=name.epoch, n=name.n)

    def fate(self, command: Mapping[str, object], link: LinkReport) -> Fate:
        """How far the batch has come; raises AgentError if this card never sealed it."""
        epoch, n = command.get("epoch"), command.get("n")
        if not isinstance(epoch, str) or not isinstance(n, int):
            raise AgentError("fate needs an epoch and a number n", hint="take them from trace")
        return Fate(way=self._way(Name(Epoch(epoch), n)), link=link)

    def _way(self, name: Name) -> Way:
        ledger = next((it for it in self.outbox.ledger.epochs if it.epoch == name.epoch), None)
        if ledger is None or not 1 <= name.n <= ledger.sealed:
            raise AgentError(f"batch {name.n} of {name.epoch} was never sealed here")
        if name.n in ledger.settled:
            return "committed"
        if name.n in ledger.rejected:
            return "rejected"
        for gone in ledger.gone:
            if gone.numbers[0] <= name.n <= gone.numbers[1]:
                return "lost" if gone.state == "lost" else "committed"
        flight = self.uplink.flight(name)
        if flight is None:
            return "waiting"
        return "acknowledged" if flight.acknowledged else "sent"
