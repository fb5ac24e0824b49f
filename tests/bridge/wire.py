"""Messages of a gateway as its tests need them, made with the codec the agent uses."""

from dataclasses import dataclass, replace

from broker_bridge.inbound import Arrived
from contract.codec import (
    Header,
    Key,
    encode_body,
    encode_header,
    encode_model,
    sha256_of,
)
from contract.identity import AssetId, BootId, City, Epoch, GatewayId, Kind, Lane
from contract.messages import Counts, EpochHolding, HeldRange, Holding, Origin, Status
from contract.readings import Event, Reading
from contract.topics import Topics

TOPICS = Topics(City("baubau"))
GATEWAY = GatewayId("bb-0001")
EPOCH = Epoch("00112233445566aa")
BOOT = BootId("b0b1b2b3b4b5b6b7")
ORIGIN = Origin(boot=BOOT, origin_ms=1_795_300_000_000, uncertainty_ms=12, revision=1)
LAMP = AssetId("PJU-0417")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """One gateway's way of speaking; `replace` it to speak otherwise."""

    gateway: GatewayId = GATEWAY
    epoch: Epoch = EPOCH
    boot: BootId = BOOT
    origin: Origin | None = ORIGIN

    def key(self, n: int) -> Key:
        """The name of its batch `n`."""
        return Key(gateway=self.gateway, epoch=self.epoch, n=n)

    def body(self, n: int, *, watts: float = 61.0, events: tuple[Event, ...] = ()) -> bytes:
        """One reading a batch, a second after the one before."""
        reading = Reading(
            asset=LAMP, kind=Kind.STREETLIGHT, quantity="power", at_ms=n * 1_000, value=watts
        )
        before = Counts(readings=n - 1)
        return encode_body([reading], events, boot=self.boot, sealed_before=before)

    def batch(self, n: int, *, watts: float = 61.0, events: tuple[Event, ...] = ()) -> Arrived:
        """Batch `n` as it is sent."""
        return self.sent(n, self.body(n, watts=watts, events=events))

    def sent(self, n: int, body: bytes, *, lane: Lane = Lane.LIVE) -> Arrived:
        """Any body under the number `n`, with the hash that belongs to it."""
        key = self.key(n)
        header = Header(key=key, sha256=sha256_of(key, body), origin=self.origin)
        return Arrived(
            topic=TOPICS.batch(self.gateway, lane), header=encode_header(header), payload=body
        )

    def holding(
        self, *, revision: int, sealed: int, lost: tuple[int, int] | None = None
    ) -> Arrived:
        """A statement on its one epoch: numbers `lost` are given up, all others open."""
        first = lost[1] + 1 if lost else 1
        ranges = []
        if lost:
            ranges.append(_range("lost", *lost))
        if first <= sealed:
            ranges.append(_range("open", first, sealed))
        epoch = EpochHolding(
            epoch=self.epoch,
            boot=self.boot,
            sealed=sealed,
            sealed_counts=Counts(readings=sealed),
            ranges=ranges,
        )
        origins = [self.origin] if self.origin else []
        statement = Holding(
            gateway=self.gateway, revision=revision, origins=origins, epochs=[epoch]
        )
        topic = TOPICS.holding(self.gateway)
        return Arrived(topic=topic, header=(), payload=encode_model(statement))

    def status(self) -> Arrived:
        """It is online."""
        payload = encode_model(Status(gateway=self.gateway, state="online"))
        return Arrived(topic=TOPICS.status(self.gateway), header=(), payload=payload)


def with_field(arrived: Arrived, name: str, value: str) -> Arrived:
    """The same message, with one header field otherwise."""
    fields = [(n, value if n == name else v) for n, v in arrived.header]
    return replace(arrived, header=fields)


def _range(state: str, first: int, last: int) -> HeldRange:
    counts = Counts(readings=last - first + 1)
    return HeldRange.model_validate(
        {"state": state, "first": first, "last": last, "counts": counts}
    )
