"""Central systems hear the newest of assets, events and gateways, once it is stored."""

from collections.abc import Callable, Iterable, Mapping
from itertools import islice
from typing import NamedTuple

from broker_bridge.retained import Retained
from broker_bridge.store import AssetName, Store
from contract.codec import encode_model
from contract.identity import AssetId, GatewayId, Kind
from contract.messages import AssetEvent
from contract.topics import Topics

Publish = Callable[[str, bytes, bool], bool]

# States of so many assets are told at a time, so that the next group never waits long.
STATES_AT_A_TIME = 200


class _State(NamedTuple):
    payload: bytes
    observed_at: str = ""


NOTHING = _State(b"")


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

    def note_any(self, names: Iterable[AssetName]) -> None:
        """Of whatever kind: the broker retains something of these."""
        every = list(names)
        self.note(every)
        self.note_gateways(GatewayId(name) for kind, name in every if kind is Kind.GATEWAY)

    def note_gateways(self, gateways: Iterable[GatewayId]) -> None:
        """The same of gateways."""
        self._untold_gateways.update(dict.fromkeys(gateways))

    def tell_states(self, store: Store, publish: Publish, retained: Retained) -> bool:
        """Tells what differs of the next few; whether no other is left. Raises StoreGone."""
        return (
            self._tell_gateways(store, publish, retained)
            and self._tell_assets(store, publish, retained)
            and not self.pending
        )

    def clear(self, names: Iterable[AssetName], publish: Publish) -> None:
        """Nothing is retained of these any longer."""
        for kind, name in names:
            if kind is Kind.GATEWAY:
                publish(self._topics.receipt(GatewayId(name)), b"", True)
            publish(self._topic((kind, name)), b"", True)

    def tell_events(self, events: Iterable[AssetEvent], publish: Publish) -> None:
        """Begins and ends, as they were committed."""
        for event in events:
            publish(self._topics.asset_event(event.kind, event.asset), encode_model(event), False)

    def _tell_gateways(self, store: Store, publish: Publish, retained: Retained) -> bool:
        some = list(islice(self._untold_gateways, STATES_AT_A_TIME))
        states = {
            (Kind.GATEWAY, AssetId(state.gateway)): _State(encode_model(state))
            for state in store.gateway_states(some)
        }
        wanted = [(Kind.GATEWAY, AssetId(gateway)) for gateway in some]
        if not self._tell(wanted, states, publish, retained):
            return False
        for gateway in some:
            del self._untold_gateways[gateway]
        return True

    def _tell_assets(self, store: Store, publish: Publish, retained: Retained) -> bool:
        some = list(islice(self._untold, STATES_AT_A_TIME))
        states = {
            (state.kind, state.asset): _State(encode_model(state), state.observed_at)
            for state in store.asset_states(some)
        }
        if not self._tell(some, states, publish, retained):
            return False
        for name in some:
            del self._untold[name]
        return True

    def _tell(
        self,
        names: Iterable[AssetName],
        states: Mapping[AssetName, _State],
        publish: Publish,
        retained: Retained,
    ) -> bool:
        """Of what has no state, nothing stays retained."""
        for name in names:
            payload, observed_at = states.get(name, NOTHING)
            if retained.is_news(name, payload, observed_at):
                if not publish(self._topic(name), payload, True):
                    return False
                retained.told(name, payload, observed_at)
        return True

    def _topic(self, name: AssetName) -> str:
        kind, asset = name
        if kind is Kind.GATEWAY:
            return self._topics.gateway_state(GatewayId(asset))
        return self._topics.asset_state(kind, asset)
