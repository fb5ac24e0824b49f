"""Central systems hear the newest of assets, events and gateways, once it is stored."""

from collections.abc import Callable, Iterable
from itertools import islice

from broker_bridge.store import AssetName, Store
from contract.codec import encode_model
from contract.identity import GatewayId, Kind
from contract.messages import AssetEvent
from contract.topics import Topics

Publish = Callable[[str, bytes, bool], bool]

# States of so many assets are told at a time, so that the next group never waits long.
STATES_AT_A_TIME = 200


class Feed:
    """Remembers which assets changed; what it tells of them is always the store's newest."""

    def __init__(self, topics: Topics) -> None:
        self._topics = topics
        self._untold: dict[AssetName, None] = {}
        self._untold_gateways: dict[GatewayId, None] = {}

    @property
    def pending(self) -> bool:
        """Whether the newest state of some asset or gateway is not told yet."""
        return bool(self._untold or self._untold_gateways)

    def note(self, assets: Iterable[AssetName]) -> None:
        """These changed, or may have to be said again; a gateway's state is its status alone."""
        self._untold.update((name, None) for name in assets if name[0] is not Kind.GATEWAY)

    def note_gateways(self, gateways: Iterable[GatewayId]) -> None:
        """The same of gateways."""
        self._untold_gateways.update(dict.fromkeys(gateways))

    def tell_states(self, store: Store, publish: Publish) -> bool:
        """Tells the next few; whether no other is left. Raises StoreGone."""
        return (
            self._tell_gateways(store, publish)
            and self._tell_assets(store, publish)
            and not self.pending
        )

    def clear(self, names: Iterable[AssetName], publish: Publish) -> None:
        """Nothing is retained of these any longer."""
        for kind, name in names:
            if kind is Kind.GATEWAY:
                publish(self._topics.gateway_state(GatewayId(name)), b"", True)
                publish(self._topics.receipt(GatewayId(name)), b"", True)
            else:
                publish(self._topics.asset_state(kind, name), b"", True)

    def tell_events(self, events: Iterable[AssetEvent], publish: Publish) -> None:
        """Begins and ends, as they were committed."""
        for event in events:
            publish(self._topics.asset_event(event.kind, event.asset), encode_model(event), False)

    def _tell_gateways(self, store: Store, publish: Publish) -> bool:
        some = list(islice(self._untold_gateways, STATES_AT_A_TIME))
        for state in store.gateway_states(some):
            if not publish(self._topics.gateway_state(state.gateway), encode_model(state), True):
                return False
        for gateway in some:
            del self._untold_gateways[gateway]
        return True

    def _tell_assets(self, store: Store, publish: Publish) -> bool:
        some = list(islice(self._untold, STATES_AT_A_TIME))
        for state in store.asset_states(some):
            topic = self._topics.asset_state(state.kind, state.asset)
            if not publish(topic, encode_model(state), True):
                return False
        for name in some:
            del self._untold[name]
        return True
