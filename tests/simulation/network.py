"""The simulated fibre and broker: what is on its way can be lost, late, doubled or overtaken."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from agent.uplink import Name
from broker_bridge.inbound import Arrived
from contract.identity import GatewayId

NO_SUBSCRIBERS = "No matching subscribers"


@dataclass(frozen=True, slots=True, kw_only=True)
class Upward:
    """A message a gateway sent on its link number `link`; `name` if it is a batch."""

    gateway: GatewayId
    link: int
    arrived: Arrived
    retain: bool = False
    name: Name | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Puback:
    """The broker's answer to a batch; `refusal` is None if it took it."""

    gateway: GatewayId
    link: int
    name: Name
    refusal: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Downward:
    """A receipt on its way to a gateway."""

    gateway: GatewayId
    payload: bytes


@dataclass(slots=True)
class Network:
    """What is on its way; `listening` is whether a bridge has subscribed."""

    receipt_topic: Callable[[GatewayId], str]
    broker_up: bool = True
    listening: bool = False
    upward: list[Upward] = field(default_factory=list)
    pubacks: list[Puback] = field(default_factory=list)
    downward: list[Downward] = field(default_factory=list)
    waiting: list[Arrived] = field(default_factory=list)
    retained: dict[str, Arrived] = field(default_factory=dict)
    linked: dict[GatewayId, int] = field(default_factory=dict)

    def reach_broker(self, sent: Upward) -> None:
        """One message arrives at the broker, if that still is the gateway's link."""
        if not self.broker_up or self.linked.get(sent.gateway) != sent.link:
            return
        if sent.retain:
            self.retained[sent.arrived.topic] = sent.arrived
        if self.listening:
            self.waiting.append(sent.arrived)
        if sent.name:
            refusal = None if self.listening else NO_SUBSCRIBERS
            self.pubacks.append(
                Puback(gateway=sent.gateway, link=sent.link, name=sent.name, refusal=refusal)
            )

    def subscribe(self) -> None:
        """A bridge listens from now on, and hears what is retained."""
        self.listening = True
        self.waiting += [
            said for topic, said in self.retained.items() if not topic.endswith("/receipt")
        ]

    def unsubscribe(self, kept: Callable[[Arrived], bool]) -> None:
        """The bridge is gone; of what it had not acknowledged only some is delivered again."""
        self.listening = False
        self.waiting = [arrived for arrived in self.waiting if kept(arrived)]

    def publish_receipt(self, gateway: GatewayId, payload: bytes) -> None:
        """Retained, and on its way to the gateway if it is linked."""
        if not self.broker_up:
            return
        topic = self.receipt_topic(gateway)
        self.retained[topic] = Arrived(topic=topic, header=(), payload=payload)
        if gateway in self.linked:
            self.downward.append(Downward(gateway=gateway, payload=payload))

    def link(self, gateway: GatewayId, number: int) -> None:
        """A gateway connects, and hears the retained receipt."""
        self.linked[gateway] = number
        if said := self.retained.get(self.receipt_topic(gateway)):
            self.downward.append(Downward(gateway=gateway, payload=said.payload))

    def unlink(self, gateway: GatewayId) -> None:
        """Its connection and all that is on it are gone."""
        self.linked.pop(gateway, None)
        self.upward = [sent for sent in self.upward if sent.gateway != gateway]
        self.pubacks = [ack for ack in self.pubacks if ack.gateway != gateway]
        self.downward = [said for said in self.downward if said.gateway != gateway]

    def kill_broker(self, *, wiped: bool) -> Sequence[GatewayId]:
        """Everything in it is gone; returns whose links are."""
        self.broker_up = self.listening = False
        self.waiting.clear()
        if wiped:
            self.retained.clear()
        cut = list(self.linked)
        for gateway in cut:
            self.unlink(gateway)
        return cut
