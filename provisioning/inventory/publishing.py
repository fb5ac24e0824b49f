"""The inventory as the city's registry: signed, numbered, and the same file if nothing changed."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from contract.identity import AssetId, City, GatewayId
from contract.inventory import AssetEntry, GatewayEntry
from contract.registry import Registry, sign_registry
from provisioning import files
from provisioning.authority.folder import Authority
from provisioning.errors import Trouble
from provisioning.inventory.book import Because, Book, Entry, Publication

FOLDER = "published"


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """One registry in its file; `new` if it was signed now."""

    number: int
    file: Path
    gateways: int
    assets: int
    new: bool


def publish(authority: Authority, book: Book, because: Because, *, dry_run: bool) -> Published:
    """Signs the inventory as it is now, or names the file that says the same already."""
    entries = list(book.entries().values())
    if not entries:
        raise Trouble("E-FLEET-11")
    newest = book.newest_publication()
    registry = _registry(authority.city, entries, because, number=newest.number or 1)
    content = _content(registry)
    file = _file(authority, newest.number)
    new = content != newest.content_sha256 or not file.is_file()
    if new:
        registry = registry.model_copy(update={"number": newest.number + 1})
        file = _file(authority, registry.number)
    if new and not dry_run:
        _write(authority, registry, file)
        publication = Publication(number=registry.number, content_sha256=content)
        book.add_publication(publication, because)
    return Published(
        number=registry.number,
        file=file,
        gateways=len(registry.gateways),
        assets=len(registry.assets),
        new=new,
    )


def _registry(city: str, entries: Iterable[Entry], because: Because, *, number: int) -> Registry:
    listed: dict[tuple[bool, bool], list[Entry]] = {}
    for entry in entries:
        listed.setdefault((entry.is_gateway, entry.retired), []).append(entry)
    return Registry(
        city=City(city),
        number=number,
        published_at=because.at,
        gateways=[_gateway(entry) for entry in listed.get((True, False), [])],
        assets=[asset_entry(entry) for entry in listed.get((False, False), [])],
        retired_gateways=[_gateway(entry) for entry in listed.get((True, True), [])],
        retired_assets=[asset_entry(entry) for entry in listed.get((False, True), [])],
    )


def asset_entry(entry: Entry) -> AssetEntry:
    """The asset as documents name it."""
    return AssetEntry(
        kind=entry.kind,
        id=AssetId(entry.id),
        gateway=GatewayId(entry.gateway) if entry.gateway else None,
        name=entry.name,
        latitude=entry.latitude,
        longitude=entry.longitude,
        kelurahan=entry.kelurahan,
    )


def _gateway(entry: Entry) -> GatewayEntry:
    return GatewayEntry(
        id=GatewayId(entry.id),
        name=entry.name,
        latitude=entry.latitude,
        longitude=entry.longitude,
        kelurahan=entry.kelurahan,
    )


def _content(registry: Registry) -> str:
    """What it says, apart from its number and day."""
    said = registry.model_dump_json(exclude={"number", "published_at"})
    return hashlib.sha256(said.encode()).hexdigest()


def _file(authority: Authority, number: int) -> Path:
    return authority.folder / FOLDER / f"registry-{number}.signed"


def _write(authority: Authority, registry: Registry, file: Path) -> None:
    issuer = authority.issuing
    file.parent.mkdir(mode=0o755, exist_ok=True)
    data = sign_registry(registry, signer=issuer.certificate, key=issuer.key)
    files.write(files.NewFile(path=file, data=data))
