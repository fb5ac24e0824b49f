"""Central systems hear the newest of assets, events and gateways, once it is stored."""

from collections.abc import Callable, Iterable
from itertools import islice

from broker_bridge.store import AssetName, Store
from contract.codec import encode_model
from contract.identity import GatewayId, Kind
from contract.messages import AssetEvent, GatewayState, Status
from contract.topics import Topics

Publish = Callable[[str, bytes, bool], bool]

# States of so many assets are told at a time, so that the next group never waits long.
STATES_AT_A_TIME = 200


class Feed:
    """Remembers which assets changed; what it tells of them is always the store's newest."""

    def __init__(self, topics: Topics, *, registered: Callable[[GatewayId], bool]) -> None:
        self._topics = topics
        self._registered = registered
        self._untold: dict[AssetName, None] = {}

    @property
    def pending(self) -> bool:
        """Whether some asset's newest state is not told yet."""
        return bool(self._untold)

    def note(self, assets: Iterable[AssetName]) -> None:
        """These changed, or may have to be said again; a gateway's state is its status alone."""
        self._untold.update((name, None) for name in assets if name[0] is not Kind.GATEWAY)

    def tell_states(self, store: Store, publish: Publish) -> bool:
        """Tells the next few; whether no other is left. Raises StoreGone."""
        some = list(islice(self._untold, STATES_AT_A_TIME))
        for state in store.asset_states(some):
            topic = self._topics.asset_state(state.kind, state.asset)
            if not publish(topic, encode_model(state), True):
                return False
        for name in some:
            del self._untold[name]
        return not self._untold

    def tell_events(self, events: Iterable[AssetEvent], publish: Publish) -> None:
        """Begins and ends, as they were committed."""
        for event in events:
            publish(self._topics.asset_event(event.kind, event.asset), encode_model(event), False)

    def tell_gateways(self, states: Iterable[GatewayState], publish: Publish) -> None:
        """As the store has them."""
        for state in states:
            publish(self._topics.gateway_state(state.gateway), encode_model(state), True)

    def tell_statuses(self, statuses: Iterable[Status], publish: Publish, *, heard_at: str) -> None:
        """The newest of each gateway; `heard_at` is RFC 3339 UTC."""
        newest = {status.gateway: status for status in statuses}
        for gateway, status in newest.items():
            state = GatewayState(
                gateway=gateway,
                registered=self._registered(gateway),
                heard_at=heard_at,
                status=status,
            )
            publish(self._topics.gateway_state(gateway), encode_model(state), True)
