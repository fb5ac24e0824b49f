"""Bundles for many gateways in one folder; what is there and still right stays as it is."""

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from contract.bundle import Bundle, Endpoint, read_bundle, sign_bundle
from contract.errors import NadiError
from contract.identity import City, GatewayId, Kind
from contract.signed import pin_of
from provisioning import files
from provisioning.authority.folder import Authority
from provisioning.certificates import fingerprint, pem
from provisioning.errors import Trouble
from provisioning.inventory.book import Entry, Prepared
from provisioning.inventory.publishing import asset_entry
from provisioning.preparing.labels import Label, sheet

LABELS = "labels.pdf"
RENEW_BEFORE = 0.25  # of its life; so little is not worth a way to a pole


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What the bundles are to say beside the inventory."""

    gateways: tuple[str, ...]
    folder: Path
    life: timedelta
    brokers: tuple[Endpoint, ...]
    enrolment: tuple[Endpoint, ...] = ()

    def file(self, gateway: str) -> Path:
        """Where the bundle of a gateway is."""
        return self.folder / f"{gateway}.bundle"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is to be written, and what is there already."""

    new: tuple[Bundle, ...]
    kept: tuple[str, ...]
    labels: files.NewFile
    city_code: str

    @property
    def nothing_to_do(self) -> bool:
        """Whether the folder is as it should be."""
        return not self.new and files.same(self.labels)


def plan(
    authority: Authority,
    wish: Wish,
    there: Mapping[str, Entry],
    prepared: Mapping[str, Prepared],
    *,
    now: datetime,
) -> Plan:
    """Raises Trouble if the folder holds another city's or damaged bundles, before any change."""
    new, kept, labels = [], [], []
    for gateway in wish.gateways:
        entry = there.get(gateway) or Entry(id=gateway, kind=Kind.GATEWAY)
        wanted = _bundle(authority, wish, entry, there.values(), now)
        if _is_there(authority, wish, wanted, prepared.get(gateway), now):
            kept.append(gateway)
        else:
            new.append(wanted)
        labels.append(_label(authority, entry))
    file = files.NewFile(path=wish.folder / LABELS, data=sheet(labels))
    code = fingerprint(authority.root)
    return Plan(new=tuple(new), kept=tuple(kept), labels=file, city_code=code)


def write(authority: Authority, wish: Wish, bundle: Bundle) -> Prepared:
    """Signs one bundle into its file."""
    issuer = authority.issuing
    data = sign_bundle(bundle, signer=issuer.certificate, key=issuer.key)
    files.write(files.NewFile(path=wish.file(bundle.gateway), data=data))
    return Prepared(
        gateway=bundle.gateway,
        nonce=bundle.nonce,
        issued_at=bundle.issued_at,
        expires_at=bundle.expires_at,
    )


def _bundle(
    authority: Authority, wish: Wish, entry: Entry, entries: Iterable[Entry], now: datetime
) -> Bundle:
    issued_at = now.replace(microsecond=0)
    return Bundle(
        city=City(authority.city),
        gateway=GatewayId(entry.id),
        nonce=secrets.token_hex(16),
        issued_at=issued_at,
        expires_at=issued_at + wish.life,
        root=pem(authority.root).decode(),
        pin=pin_of(authority.root),
        brokers=list(wish.brokers),
        enrolment=list(wish.enrolment),
        name=entry.name,
        latitude=entry.latitude,
        longitude=entry.longitude,
        kelurahan=entry.kelurahan,
        assets=[
            asset_entry(one)
            for one in sorted(entries, key=lambda one: one.id)
            if one.gateway == entry.id and not one.retired
        ],
    )


def _is_there(
    authority: Authority, wish: Wish, wanted: Bundle, newest: Prepared | None, now: datetime
) -> bool:
    """Whether the folder's bundle says the same, is the newest, and lives long enough."""
    file = wish.file(wanted.gateway)
    try:
        data = file.read_bytes()
    except FileNotFoundError:
        return False
    try:
        bundle = read_bundle(data, root=authority.root)
    except NadiError as error:
        raise Trouble("E-PREPARE-03", file=str(file), why=str(error)) from None
    same = ("nonce", "issued_at", "expires_at")
    left, life = bundle.expires_at - now, bundle.expires_at - bundle.issued_at
    return (
        bundle.model_copy(update={name: getattr(wanted, name) for name in same}) == wanted
        and newest is not None
        and newest.nonce == bundle.nonce
        and left > life * RENEW_BEFORE
    )


def _label(authority: Authority, entry: Entry) -> Label:
    return Label(
        city=authority.city,
        gateway=entry.id,
        title=entry.name,
        city_code=fingerprint(authority.root),
    )
