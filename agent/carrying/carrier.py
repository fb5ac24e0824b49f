"""Gives a visitor with a stick what waits on the card, and believes the city's signed answer."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from agent.errors import AgentError
from agent.language import _
from agent.outbox.file import OutboxFile
from agent.outbox.outbox import InOneThread, Outbox
from agent.outbox.records import Stored
from contract.carried import CarriedBatch, Place, Trust, unpack_receipt
from contract.codec import Header, Key, sha256_of
from contract.errors import MessageError, SettingsError, SignedError
from contract.identity import Epoch
from contract.messages import Holding
from contract.ranges import Range
from contract.settings import AgentSettings
from contract.signed import chain_of

LOG = logging.getLogger("nadi.carrying")
AT_ONCE = 32  # batches read together, so that memory and the wait of a seal stay small
MAX_BYTES = 512 << 10  # of bodies in one answer, unless one alone has more


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """Batches of a range; those from `next` on were not looked at."""

    batches: tuple[CarriedBatch, ...]
    next: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Carrier:
    """The outbox as a visitor may see it; asks the card in the card's own thread."""

    outbox: Outbox
    file: OutboxFile
    in_thread: InOneThread
    place: Place
    ca_file: Path
    settled: Callable[[], None]

    @classmethod
    def of(
        cls,
        settings: AgentSettings,
        outbox: Outbox,
        file: OutboxFile,
        in_thread: InOneThread,
        settled: Callable[[], None] = lambda: None,
    ) -> "Carrier":
        """Of the gateway that these settings name; `settled` is called after a receipt."""
        place = Place(settings.gateway.city, settings.gateway.id)
        return cls(
            outbox=outbox, file=file, in_thread=in_thread, place=place,
            ca_file=Path(settings.broker.ca_file), settled=settled,
        )  # fmt: skip

    async def holding(self) -> Holding:
        """The gateway's statement, now."""
        return await self.outbox.holding()

    async def carry(self, epoch: Epoch, numbers: Range) -> Carried:
        """Sound batches of this range from its first on, as many as fit in one answer."""
        try:
            ledger = self.outbox.ledger.of(epoch)
        except KeyError:
            raise AgentError(_("this gateway has no epoch {epoch}").format(epoch=epoch)) from None
        origin = self.outbox.origins.get(ledger.boot)
        first, last = numbers[0], min(numbers[1], numbers[0] + AT_ONCE - 1)
        found: list[CarriedBatch] = []
        size = 0
        for one in await self.in_thread(lambda: self.file.bodies(ledger.id, [(first, last)])):
            size += len(one.body)
            if found and size > MAX_BYTES:
                return Carried(batches=tuple(found), next=one.n)
            key = Key(gateway=self.outbox.gateway, epoch=epoch, n=one.n)
            header = Header(key=key, sha256=one.sha256, origin=origin)
            if _is_sound(header, one):
                found.append(CarriedBatch(header=header, body=one.body, counts=one.counts))
        return Carried(batches=tuple(found), next=last + 1)

    async def settle(self, document: bytes) -> int:
        """Believe a receipt that this city signed for this gateway; how many it closed.

        Raises AgentError in words, and then nothing has changed.
        """
        try:
            receipt = unpack_receipt(document, self._trust(), gateway=self.place.gateway)
        except (SettingsError, SignedError, MessageError) as error:
            raise AgentError(str(error), hint=error.hint) from None
        before = self.outbox.ledger.open_batches()
        await self.outbox.settle(receipt)
        self.settled()
        closed = before - self.outbox.ledger.open_batches()
        LOG.info("carried receipt version=%d closed=%d", receipt.version, closed)
        return closed

    def _trust(self) -> Trust:
        return trust_of(self.place, self.ca_file)


def trust_of(place: Place, ca_file: Path) -> Trust:
    """Whom this gateway believes; raises SettingsError."""
    try:
        (root, *_) = chain_of(ca_file.read_bytes())
    except (OSError, SignedError) as error:
        raise SettingsError(
            _("broker.ca_file: {ca_file} cannot be used: {why}").format(ca_file=ca_file, why=error),
            hint=_("enrol the gateway again"),
        ) from None
    return Trust(city=place.city, root=root)


def _is_sound(header: Header, one: Stored) -> bool:
    if sha256_of(header.key, one.body) == header.sha256:
        return True
    LOG.error("batch %d of epoch %s does not match its hash", header.key.n, header.key.epoch)
    return False
