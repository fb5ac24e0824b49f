"""The city's list as a store takes it: whole, and never a reason to refuse a reading."""

from dataclasses import dataclass

from broker_bridge.stores.statements import storable
from contract.identity import AssetId, GatewayId, Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Degrees, WGS 84."""

    latitude: float
    longitude: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisteredGateway:
    """A gateway the city knows."""

    gateway: GatewayId
    title: str = ""
    place: Place | None = None

    def row(self) -> tuple[str, str, float | None, float | None]:
        """In the order of both stores' INSERT."""
        return self.gateway, storable(self.title), *_degrees(self.place)


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisteredAsset:
    """An asset the city owns."""

    kind: Kind
    asset: AssetId
    title: str = ""
    place: Place | None = None

    def row(self) -> tuple[str, str, str, float | None, float | None]:
        """In the order of both stores' INSERT."""
        return self.kind.value, self.asset, storable(self.title), *_degrees(self.place)


def _degrees(place: Place | None) -> tuple[float | None, float | None]:
    return (place.latitude, place.longitude) if place else (None, None)
