"""What a city store must offer the ingest, and the values that cross that border."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Literal, Protocol

from broker_bridge.standing import BridgeSign, Census
from contract.codec import Key
from contract.identity import AssetId, Epoch, GatewayId, Kind
from contract.messages import (
    AssetEvent,
    AssetState,
    BatchBody,
    Counts,
    GatewayState,
    Holding,
    Origin,
    Status,
)
from contract.ranges import RangeSet

StreamName = tuple[GatewayId, Epoch]
AssetName = tuple[Kind, AssetId]
CardChange = Literal["cardReplaced", "cardCloned"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """One (gateway, epoch): its row and the numbers of it that are in the store."""

    id: int
    committed: RangeSet


@dataclass(frozen=True, slots=True, kw_only=True)
class NewBatch:
    """A batch that the ledger does not have yet."""

    stream: Stream
    key: Key
    sha256: str
    body: BatchBody


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected:
    """A number that the store will never take with these bytes."""

    stream: Stream
    n: int
    sha256: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Quarantined:
    """A message that could not be taken, kept with its bytes and the reason."""

    topic: str
    gateway: GatewayId | None
    reason: str
    header: tuple[tuple[str, str], ...]
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamFacts:
    """All that a receipt says of one epoch: `last` is the highest number stated or stored."""

    epoch: Epoch
    last: int
    committed: RangeSet
    rejected: tuple[tuple[int, str, str], ...]  # n, sha256, reason
    lost: RangeSet


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayFacts:
    """What one receipt is made of, read under the gateway's row lock."""

    gateway: GatewayId
    version: int
    streams: tuple[StreamFacts, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What a commit changed in the feed."""

    assets: frozenset[AssetName] = frozenset()
    events: tuple[AssetEvent, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """How many assets of a kind are well, faulty and silent."""

    kind: Kind
    well: int
    faulty: int
    silent: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Hole:
    """Numbers that were sealed and are neither in the store nor still on their way.

    Their times are UTC, None where the gateway states none or their boot has no date.
    """

    epoch: Epoch
    first: int
    last: int
    state: Literal["lost", "rejected", "unexplained"]
    reason: str
    readings: int
    events: int
    from_ms: int | None
    to_ms: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """One gateway: sealed = committed + held + rejected + lost + unexplained."""

    gateway: GatewayId
    sealed: Counts
    committed: Counts
    held: Counts
    rejected: Counts
    lost: Counts
    undated: int  # of the committed readings, how many have no date yet
    stated_revision: int  # of the holding this rests on; 0 if none was heard
    stated_ms: int | None = None  # when that was heard, UTC
    cards: int = 1  # that have spoken for it; what earlier ones hold is as they last said
    holes: tuple[Hole, ...] = ()

    @property
    def unexplained(self) -> tuple[int, int]:
        """Readings and events that are none of the four; must be (0, 0)."""
        named = self.committed + self.held + self.rejected + self.lost
        return self.sealed.readings - named.readings, self.sealed.events - named.events


class Transaction(Protocol):
    """One atomic step of the ingest; every method is called after `lock`."""

    def lock(self, gateways: Iterable[GatewayId]) -> None:
        """Create the missing gateway rows, then lock all of these, in sorted order."""
        ...

    def streams(self, names: Iterable[StreamName]) -> Mapping[StreamName, Stream]:
        """The ledger of each of these, created where missing."""
        ...

    def digests(self, wanted: Iterable[tuple[Stream, int]]) -> Mapping[tuple[int, int], str]:
        """SHA-256 of committed batches, by (stream id, n)."""
        ...

    def date(self, origins: Sequence[tuple[GatewayId, Origin]]) -> Change:
        """Keep the highest revision of each boot's origin; move what it dates out of `undated`."""
        ...

    def estimate(self, gateway: GatewayId) -> Change:
        """Place some boots that will never learn their origin between their neighbours."""
        ...

    def commit_batches(self, batches: Sequence[NewBatch]) -> Change:
        """Readings, events, batch rows, newest values and ledger of batches not there yet."""
        ...

    def reject(self, rejections: Sequence[Rejected]) -> None:
        """Close numbers for good, unless they are committed."""
        ...

    def quarantine(self, items: Sequence[Quarantined]) -> None:
        """Keep messages with their reason, within the quarantine's budget of bytes."""
        ...

    def hold(self, holdings: Sequence[Holding]) -> Sequence[CardChange | None]:
        """Keep each statement, in order, if it is news of its card, and say what the card is."""
        ...

    def hear(self, statuses: Sequence[Status]) -> None:
        """Keep each gateway's newest; one heard again keeps its time, a will what was said."""
        ...

    def facts(self, gateways: Iterable[GatewayId]) -> Sequence[GatewayFacts]:
        """What receipts are made of, with version = max(last + 1, database clock in ms), stored."""
        ...


class Store(Protocol):
    """A city store; one thread uses it. Raises StoreGone, StoreRefused or StoreNewer."""

    def transaction(self) -> AbstractContextManager[Transaction]:
        """Commits when the block ends, rolls back when it raises."""
        ...

    def tell_bridge(self, sign: BridgeSign) -> None:
        """Keep what a bridge says of itself, and once a day the store's size."""
        ...

    def census(self) -> Census:
        """How many gateways, bridges and quarantined messages there are."""
        ...

    def gateways(self) -> Sequence[GatewayId]:
        """Every gateway ever heard of, sorted."""
        ...

    def gateways_without_date(self) -> Sequence[GatewayId]:
        """Those with a boot that has no origin, and another one; sorted."""
        ...

    def asset_names(self) -> Sequence[AssetName]:
        """Every asset that was ever heard of or registered."""
        ...

    def registry_number(self) -> int:
        """Of the city's list that was loaded last; 0 before the first."""
        ...

    def retired(self) -> Sequence[AssetName]:
        """Gateways and assets that are gone for good; nothing else here tells of them."""
        ...

    def gateway_states(self, gateways: Iterable[GatewayId]) -> Sequence[GatewayState]:
        """The newest status of each of these that ever told one, for the feed."""
        ...

    def tallies(self, silent_after_s: int) -> Sequence[Tally]:
        """Of each kind that has any: how many are well, faulty and silent."""
        ...

    def asset_states(self, assets: Iterable[AssetName]) -> Sequence[AssetState]:
        """The newest of each of these assets, for the feed."""
        ...
