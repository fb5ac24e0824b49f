"""What is carried on a stick is what was sealed: signed by its gateway, answered by its city.

A stick has one folder for each gateway. In it, each *part* holds some batches, header and body as
on the wire, behind a manifest that the gateway's own key signed; the *statement* is what the
gateway says of itself and which parts there are; the *receipt* is the city's, signed by a bridge's
key. Each is whole or useless, so a stick may be pulled out at any moment.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated, Final, Literal, NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from pydantic import Field, StringConstraints

from contract.codec import (
    MAX_BODY_BYTES,
    MAX_STATEMENT_BYTES,
    Header,
    decode_header,
    decode_model,
    decode_statement,
    encode_header,
    encode_model,
    sha256_of,
)
from contract.errors import OtherCity, OtherGateway
from contract.holder import BRIDGE, GATEWAY, RevocationLists, refuse_revoked, signed_by
from contract.identity import City, CityField, Epoch, GatewayField, GatewayId
from contract.messages import Counts, Holding, Message, Receipt
from contract.ranges import Range, RangeSet
from contract.signed import Sealed, altered, parse, seal, written

FOLDER: Final = "nadi-kota"
STATEMENT: Final = "statement.nadi"
RECEIPT: Final = "receipt.nadi"
PART_BATCHES: Final = 500
PART_BYTES: Final = 4 << 20  # of bodies, unless one alone has more
MAX_PART_BYTES: Final = PART_BYTES + MAX_BODY_BYTES + (2 << 20)
MAX_DOCUMENT_BYTES: Final = MAX_STATEMENT_BYTES + (2 << 20)
MAX_PARTS: Final = 20_000
_MAGIC = re.compile(rb"nadi carried 1 ([1-9][0-9]{0,7})\n")
_NAME = re.compile(r"([0-9a-f]{16})-([0-9]{1,13})-([0-9]{1,13})\.part")

HeaderField = Annotated[str, StringConstraints(max_length=100)]
PartName = Annotated[str, StringConstraints(pattern=rf"^{_NAME.pattern}$")]


class Entry(Message):
    """One batch of a part: the header it would have on the wire, and the length of its body."""

    header: Annotated[list[tuple[HeaderField, HeaderField]], Field(max_length=16)]
    size: Annotated[int, Field(ge=0, le=MAX_BODY_BYTES)]


class Manifest(Message):
    """What a part holds, in order; `counts` are of all its batches."""

    v: Literal[1] = 1
    city: CityField
    gateway: GatewayField
    counts: Counts
    batches: Annotated[list[Entry], Field(min_length=1, max_length=PART_BATCHES)]


class Statement(Message):
    """What the gateway says of itself, and the names of the parts that it put beside."""

    v: Literal[1] = 1
    city: CityField
    gateway: GatewayField
    holding: Holding
    parts: Annotated[list[PartName], Field(max_length=MAX_PARTS)]


class CarriedReceipt(Message):
    """The city's statement for one gateway, on its way back."""

    v: Literal[1] = 1
    city: CityField
    receipt: Receipt


class Place(NamedTuple):
    """Whose folder on a stick."""

    city: City
    gateway: GatewayId


@dataclass(frozen=True, slots=True, kw_only=True)
class CarriedBatch:
    """A batch as it would be sent."""

    header: Header
    body: bytes
    counts: Counts


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A part whose every byte is what the gateway signed."""

    gateway: GatewayId
    counts: Counts
    batches: tuple[tuple[Header, bytes], ...]

    def numbers(self) -> dict[Epoch, RangeSet]:
        """Which batches it holds."""
        found: dict[Epoch, set[int]] = {}
        for header, _ in self.batches:
            found.setdefault(header.key.epoch, set()).add(header.key.n)
        return {epoch: RangeSet.of(sorted(numbers)) for epoch, numbers in found.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Signer:
    """Whoever signs: the certificate with those that vouch for it, and its key."""

    chain: tuple[x509.Certificate, ...]
    key: ec.EllipticCurvePrivateKey

    def seal(self, kind: str, message: Message) -> bytes:
        """The signed document."""
        chain, body = self.chain, encode_model(message)
        return seal(kind, body, signer=chain[0], key=self.key, vouchers=chain[1:])


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """Whom to believe: the city's root, and where lists are, who is not on them."""

    city: City
    root: x509.Certificate
    revoked: RevocationLists | None = None

    def body(self, kind: str, data: bytes, *, role: str, name: str | None = None) -> bytes:
        """What a holder of that role signed; raises SignedError."""
        sealed = parse(kind, data)
        if written(sealed) != data:
            raise altered("it is written otherwise than we write")
        self._check(sealed, role, name)
        return sealed.body

    def _check(self, sealed: Sealed, role: str, name: str | None) -> None:
        holder = signed_by(sealed, root=self.root)
        if holder.role != role:
            raise altered(f"a {holder.role} signed it, and no {role}")
        if name is not None and holder.name != name:
            raise OtherGateway(f"{holder.name} signed it, not {name}", theirs=holder.name)
        if self.revoked is not None:
            refuse_revoked((*sealed.chain, self.root), self.revoked)

    def same_city(self, city: City) -> None:
        """Returns if it is ours; raises OtherCity."""
        if city != self.city:
            raise OtherCity(f"it is of the city {city}, not of {self.city}")


def part_name(epoch: Epoch, numbers: Range) -> str:
    """The file name of a part with the batches from the first to the last of `numbers`."""
    return f"{epoch}-{numbers[0]}-{numbers[1]}.part"


def part_range(name: str) -> tuple[Epoch, Range] | None:
    """What a part's file name says that it holds; None for a file of another kind."""
    match = _NAME.fullmatch(name)
    return (Epoch(match[1]), (int(match[2]), int(match[3]))) if match else None


def pack(place: Place, batches: Sequence[CarriedBatch], signer: Signer) -> bytes:
    """A part of these batches."""
    manifest = Manifest(
        city=place.city,
        gateway=place.gateway,
        counts=sum((one.counts for one in batches), Counts()),
        batches=[Entry(header=encode_header(one.header), size=len(one.body)) for one in batches],
    )
    head = signer.seal("carried batches", manifest)
    return b"nadi carried 1 %d\n" % len(head) + head + b"".join(one.body for one in batches)


def unpack(data: bytes, trust: Trust, *, gateway: GatewayId) -> Part:
    """The part, if each byte is what the gateway signed; raises SignedError or MessageError."""
    match = _MAGIC.match(data[:32])
    if match is None or len(data) > MAX_PART_BYTES:
        raise altered("it does not begin as a part does")
    bodies_at = match.end() + int(match[1])
    head = data[match.end() : bodies_at]
    manifest = decode_model(
        Manifest, trust.body("carried batches", head, role=GATEWAY, name=gateway)
    )
    trust.same_city(manifest.city)
    _same_gateway(manifest.gateway, gateway)
    batches = tuple(_batches(manifest, data[bodies_at:]))
    return Part(gateway=manifest.gateway, counts=manifest.counts, batches=batches)


def _batches(manifest: Manifest, bodies: bytes) -> Iterable[tuple[Header, bytes]]:
    if sum(entry.size for entry in manifest.batches) != len(bodies):
        raise altered("it is longer or shorter than its manifest says")
    at = 0
    for entry in manifest.batches:
        header, body = decode_header(entry.header), bodies[at : at + entry.size]
        at += entry.size
        _same_gateway(header.key.gateway, manifest.gateway)
        if sha256_of(header.key, body) != header.sha256:
            raise altered(f"batch {header.key.n} is not what was sealed")
        yield header, body


def pack_statement(statement: Statement, signer: Signer) -> bytes:
    """The gateway's statement as it is carried."""
    return signer.seal("carried statement", statement)


def unpack_statement(data: bytes, trust: Trust, *, gateway: GatewayId) -> Statement:
    """The gateway's statement; raises SignedError or MessageError."""
    body = trust.body("carried statement", data, role=GATEWAY, name=gateway)
    statement = decode_model(Statement, body)
    trust.same_city(statement.city)
    _same_gateway(statement.gateway, gateway)
    _same_gateway(statement.holding.gateway, gateway)
    decode_statement(Holding, encode_model(statement.holding))
    return statement


def pack_receipt(city: City, receipt: Receipt, signer: Signer) -> bytes:
    """The city's receipt as it is carried."""
    return signer.seal("carried receipt", CarriedReceipt(city=city, receipt=receipt))


def unpack_receipt(data: bytes, trust: Trust, *, gateway: GatewayId) -> Receipt:
    """The city's receipt for this gateway; raises SignedError or MessageError."""
    body = trust.body("carried receipt", data, role=BRIDGE)
    carried = decode_model(CarriedReceipt, body)
    trust.same_city(carried.city)
    _same_gateway(carried.receipt.gateway, gateway)
    return carried.receipt


def _same_gateway(named: GatewayId, wanted: GatewayId) -> None:
    if named != wanted:
        raise OtherGateway(f"it is for {named}, not for {wanted}", theirs=named)
