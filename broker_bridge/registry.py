"""A registry that the office signed becomes the city's list in the store."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from cryptography import x509

from broker_bridge.config import BridgeSettings
from broker_bridge.errors import SettingsRefused
from broker_bridge.language import _, mark, number
from broker_bridge.opening import opened_store
from broker_bridge.stores.registry import Line, NewRegistry, State
from broker_bridge.stores.statements import storable
from contract.identity import Kind
from contract.inventory import AssetEntry, Placed
from contract.registry import Registry, read_registry
from contract.signed import MAX_BYTES


def load_registry(settings: BridgeSettings, path: str) -> str:
    """Loads the file; what became of it, in one sentence. Raises NadiError."""
    registry = registry_of(settings, path)
    with opened_store(settings.store) as store:
        changes = store.load_registry(registry)
    if changes is None:
        return _("registry {number} is loaded already").format(number=registry.number)
    said = _("registry {number} is loaded: {changes}")
    return said.format(number=registry.number, changes=_counted(changes))


def registry_of(settings: BridgeSettings, path: str) -> NewRegistry:
    """The registry in a file, if the city's authority signed it for this city."""
    data, anchor = _read(path), _read(settings.broker.ca_file)
    try:
        root = x509.load_pem_x509_certificate(anchor)
    except ValueError as error:
        raise SettingsRefused(
            mark("broker.ca_file: {path} holds no certificate"),
            hint=mark("it is the authority's root.pem"),
            path=settings.broker.ca_file,
        ) from error
    registry = read_registry(data, city=settings.city, root=root)
    return new_registry(registry, sha256=hashlib.sha256(data).hexdigest())


def new_registry(registry: Registry, *, sha256: str) -> NewRegistry:
    """As a store takes it."""
    return NewRegistry(
        number=registry.number,
        sha256=sha256,
        published_at=registry.published_at.isoformat(),
        lines=(
            *(_line(Kind.GATEWAY, one.id, one, "listed") for one in registry.gateways),
            *(_line(one.kind, one.id, one, "listed") for one in registry.assets),
            *(_line(Kind.GATEWAY, one.id, one, "retired") for one in registry.retired_gateways),
            *(_line(one.kind, one.id, one, "retired") for one in registry.retired_assets),
        ),
    )


def _counted(changes: Sequence[Line]) -> str:
    counts = Counter(line.state for line in changes)
    words: dict[State, str] = {
        "listed": _("{count} new or changed"),
        "unlisted": _("{count} no longer listed"),
        "retired": _("{count} retired"),
    }
    said = [w.format(count=number(counts[state])) for state, w in words.items() if counts[state]]
    return ", ".join(said) or _("nothing changed")


def _read(path: str) -> bytes:
    try:
        with Path(path).open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except OSError as error:
        raise SettingsRefused(
            mark("{path} cannot be read: {why}"),
            hint=mark("correct the path"),
            path=path,
            why=error.strerror,
        ) from error


def _line(kind: Kind, name: str, entry: Placed, state: State) -> Line:
    gateway = entry.gateway if isinstance(entry, AssetEntry) else None
    return Line(
        kind=kind.value,
        name=name,
        state=state,
        title=storable(entry.name),
        latitude=entry.latitude,
        longitude=entry.longitude,
        kelurahan=entry.kelurahan,
        planned_gateway=gateway or "",
    )
