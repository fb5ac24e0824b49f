"""What the running agent answers a visitor with a stick, over its socket."""

from base64 import b64decode, b64encode
from collections.abc import Mapping

from pydantic import TypeAdapter, ValidationError

from agent.carrying.carrier import Carried, Carrier
from agent.errors import AgentError
from contract.carried import CarriedBatch
from contract.codec import decode_header, encode_header
from contract.identity import EpochField
from contract.live import Shown
from contract.messages import Counts, Holding, Number

_RANGE = TypeAdapter(tuple[EpochField, Number, Number])


class Held(Shown):
    """The gateway's statement."""

    holding: Holding


class SentBatch(Shown):
    """One batch; its body is in base64."""

    header: list[tuple[str, str]]
    body: str
    counts: Counts


class SentBatches(Shown):
    """See `Carried`."""

    batches: list[SentBatch]
    next: int


class Closed(Shown):
    """How many batches a receipt closed."""

    closed: int


async def hold(carrier: Carrier, _: Mapping[str, object]) -> Shown:
    """The holding."""
    return Held(holding=await carrier.holding())


async def carry(carrier: Carrier, command: Mapping[str, object]) -> Shown:
    """Some batches of one range."""
    try:
        asked = tuple(command.get(name) for name in ("epoch", "first", "last"))
        epoch, first, last = _RANGE.validate_python(asked)
    except ValidationError:
        raise AgentError("carry takes epoch, first and last") from None
    found = await carrier.carry(epoch, (first, last))
    sent = [
        SentBatch(
            header=encode_header(one.header), body=b64encode(one.body).decode(), counts=one.counts
        )
        for one in found.batches
    ]
    return SentBatches(batches=sent, next=found.next)


async def settle(carrier: Carrier, command: Mapping[str, object]) -> Shown:
    """A receipt from a stick, judged here: whoever may open the socket may not settle anything."""
    document = str(command.get("receipt", "")).encode()
    return Closed(closed=await carrier.settle(document))


def received(sent: SentBatches) -> Carried:
    """What was sent, as it was before."""
    batches = (
        CarriedBatch(header=decode_header(one.header), body=b64decode(one.body), counts=one.counts)
        for one in sent.batches
    )
    return Carried(batches=tuple(batches), next=sent.next)


ANSWERS = {"hold": hold, "carry": carry, "settle": settle}
