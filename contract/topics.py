"""Every topic of the wire is built and parsed here and nowhere else."""

from dataclasses import dataclass

from contract.errors import BadMessage
from contract.identity import AssetId, City, GatewayId, Kind, Lane

ROOT = "nadi/v1"
LANES = frozenset(lane.value for lane in Lane)


@dataclass(frozen=True, slots=True)
class Upward:
    """Where an upward message came from; `what` is `batch`, `holding` or `status`."""

    gateway: GatewayId
    what: str
    lane: Lane | None = None


def is_backlog(topic: str) -> bool:
    """Whether it is an upward topic of batches that whatever is fresh goes before."""
    return topic.endswith(f"/batch/{Lane.BACKLOG}")


@dataclass(frozen=True, slots=True)
class Topics:
    """The topics of one city."""

    city: City

    def batch(self, gateway: GatewayId, lane: Lane) -> str:
        """Sealed batches, upward."""
        return f"{ROOT}/{self.city}/edge/{gateway}/batch/{lane}"

    def holding(self, gateway: GatewayId) -> str:
        """The gateway's statement, upward, retained."""
        return f"{ROOT}/{self.city}/edge/{gateway}/holding"

    def status(self, gateway: GatewayId) -> str:
        """The gateway's health, upward, retained; `offline` is its Last Will."""
        return f"{ROOT}/{self.city}/edge/{gateway}/status"

    def receipt(self, gateway: GatewayId) -> str:
        """The city's statement, downward, retained."""
        return f"{ROOT}/{self.city}/edge/{gateway}/receipt"

    def asset_state(self, kind: Kind, asset: AssetId) -> str:
        """The newest of everything known about one asset, retained."""
        return f"{ROOT}/{self.city}/feed/{kind}/{asset}/state"

    def asset_event(self, kind: Kind, asset: AssetId) -> str:
        """Begins and ends of events of one asset, as they are committed."""
        return f"{ROOT}/{self.city}/feed/{kind}/{asset}/event"

    def gateway_state(self, gateway: GatewayId) -> str:
        """The newest known state of one gateway, retained."""
        return f"{ROOT}/{self.city}/feed/gateway/{gateway}/state"

    def kind_summary(self, kind: Kind) -> str:
        """How many of one kind are well, faulty and silent, retained."""
        return f"{ROOT}/{self.city}/feed/summary/{kind}"

    @property
    def states(self) -> str:
        """The subscription to the state of every asset and gateway."""
        return f"{ROOT}/{self.city}/feed/+/+/state"

    def parse_state(self, topic: str) -> tuple[Kind, AssetId] | None:
        """Whose state it is; None of a kind that is not known here."""
        *_, kind, asset, _state = topic.split("/")
        return (Kind(kind), AssetId(asset)) if kind in tuple(Kind) else None

    @property
    def shared_batches(self) -> str:
        """The subscription that splits batches among the bridges of a city."""
        return f"$share/bridge/{ROOT}/{self.city}/edge/+/batch/+"

    @property
    def statements(self) -> tuple[str, str]:
        """Holdings and statuses: every bridge hears all of them."""
        edge = f"{ROOT}/{self.city}/edge/+"
        return f"{edge}/holding", f"{edge}/status"

    def parse_upward(self, topic: str) -> Upward:
        """The sender of an upward topic; raises BadMessage for any other topic."""
        parts = topic.split("/")
        if parts[:4] != [*ROOT.split("/"), self.city, "edge"] or len(parts) not in (6, 7):
            raise BadMessage(f"{topic!r} is not an upward topic of {self.city}")
        gateway, what = GatewayId(parts[4]), parts[5]
        if len(parts) == 6 and what in ("holding", "status"):
            return Upward(gateway, what)
        if len(parts) == 7 and what == "batch" and parts[6] in LANES:
            return Upward(gateway, what, Lane(parts[6]))
        raise BadMessage(f"{topic!r} is not an upward topic of {self.city}")
