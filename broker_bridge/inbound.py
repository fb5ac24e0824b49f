"""An arrived message is a good batch, a holding, a status, or poison with its reason."""

from collections.abc import Sequence
from dataclasses import dataclass

from contract.codec import Header, decode_body, decode_header, decode_statement
from contract.errors import BadMessage, MessageError
from contract.identity import GatewayId
from contract.messages import BatchBody, Holding, Status
from contract.topics import Topics


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrived:
    """A message as the broker handed it over; `header` are its MQTT 5 user properties."""

    topic: str
    header: Sequence[tuple[str, str]]
    payload: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class GoodBatch:
    """A body that matches its hash and can be read, from the gateway its topic names."""

    arrived: Arrived
    header: Header
    body: BatchBody


@dataclass(frozen=True, slots=True, kw_only=True)
class GoodHolding:
    """A gateway's statement on itself."""

    arrived: Arrived
    holding: Holding


@dataclass(frozen=True, slots=True, kw_only=True)
class GoodStatus:
    """A gateway's health, told by itself or by its Last Will."""

    arrived: Arrived
    status: Status


@dataclass(frozen=True, slots=True, kw_only=True)
class Poison:
    """A message that cannot be taken.

    `final` is its header if its body is intact: only then its number can be rejected for good.
    """

    arrived: Arrived
    gateway: GatewayId | None
    reason: str
    final: Header | None = None


Inbound = GoodBatch | GoodHolding | GoodStatus | Poison


def read(arrived: Arrived, topics: Topics) -> Inbound | None:
    """What arrived; None for a retained statement that was cleared."""
    try:
        sender = topics.parse_upward(arrived.topic)
    except MessageError as error:
        return Poison(arrived=arrived, gateway=None, reason=str(error))
    if sender.what == "batch":
        return _batch(arrived, sender.gateway)
    if not arrived.payload:
        return None
    try:
        return _statement(arrived, sender.gateway, sender.what)
    except MessageError as error:
        return Poison(arrived=arrived, gateway=sender.gateway, reason=str(error))


def _batch(arrived: Arrived, sender: GatewayId) -> GoodBatch | Poison:
    try:
        header = decode_header(arrived.header)
        _refuse_foreign(header.key.gateway, sender)
    except MessageError as error:
        return Poison(arrived=arrived, gateway=sender, reason=str(error))
    try:
        body = decode_body(header, arrived.payload)
    except BadMessage as error:
        return Poison(arrived=arrived, gateway=sender, reason=str(error), final=header)
    except MessageError as error:
        return Poison(arrived=arrived, gateway=sender, reason=str(error))
    return GoodBatch(arrived=arrived, header=header, body=body)


def _statement(arrived: Arrived, sender: GatewayId, what: str) -> GoodHolding | GoodStatus:
    if what == "holding":
        holding = decode_statement(Holding, arrived.payload)
        _refuse_foreign(holding.gateway, sender)
        return GoodHolding(arrived=arrived, holding=holding)
    status = decode_statement(Status, arrived.payload)
    _refuse_foreign(status.gateway, sender)
    return GoodStatus(arrived=arrived, status=status)


def _refuse_foreign(named: GatewayId, sender: GatewayId) -> None:
    if named != sender:
        raise BadMessage(f"it names gateway {named}, but came on the topic of {sender}")
