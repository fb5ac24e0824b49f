"""A signed document is taken as it was signed, by whom, for whom and once; or refused by name."""

from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from contract.bundle import Bundle, Endpoint, open_bundle, read_bundle, sign_bundle
from contract.errors import (
    Altered,
    BadMessage,
    Expired,
    NadiError,
    OtherCity,
    OtherGateway,
    Reused,
    UnknownVersion,
)
from contract.identity import AssetId, City, GatewayId, Kind
from contract.inventory import AssetEntry, GatewayEntry
from contract.registry import Registry, read_registry, sign_registry
from contract.signed import pin_of, seal
from provisioning import certificates
from provisioning.certificates import Issuer, pem

NOW = datetime(2026, 11, 25, 9, 0, tzinfo=UTC)
MINE, OTHER = GatewayId("bb-0001"), GatewayId("bb-0002")
NONCE = "0123456789abcdef" * 2


def _authority(city: str) -> tuple[Issuer, Issuer]:
    key, issuing_key = certificates.new_key(), certificates.new_key()
    root = Issuer(certificate=certificates.root(city, key, now=NOW), key=key)
    issuing = certificates.issuing(root, issuing_key, now=NOW)
    return root, Issuer(certificate=issuing, key=issuing_key)


ROOT, ISSUING = _authority("baubau")
STRANGER_ROOT, STRANGER = _authority("baubau")  # of the same name, and another authority


def _bundle(root: Issuer = ROOT, **other: object) -> Bundle:
    values = {
        "city": City("baubau"),
        "gateway": MINE,
        "nonce": NONCE,
        "issued_at": NOW,
        "expires_at": NOW + timedelta(days=90),
        "root": pem(root.certificate).decode(),
        "pin": pin_of(root.certificate),
        "brokers": [Endpoint(host="broker.example.org", port=8883)],
        "assets": [AssetEntry(kind=Kind.STREETLIGHT, id=AssetId("PJU-0001"), gateway=MINE)],
    }
    return Bundle.model_validate(values | other)


def _signed(bundle: Bundle | None = None, by: Issuer = ISSUING) -> bytes:
    return sign_bundle(bundle or _bundle(), signer=by.certificate, key=by.key)


def test_a_bundle_opens_for_its_gateway_with_and_without_a_known_root() -> None:
    for root in (None, ROOT.certificate):
        opened = open_bundle(_signed(), gateway=MINE, now=NOW, used=(), root=root)
        assert (opened.bundle, opened.clock_behind) == (_bundle(), False)


def test_a_bundle_whose_root_has_a_name_that_cannot_be_read_is_refused_in_words() -> None:
    name = b"\x0c\x06baubau"  # a UTF8String in DER
    der = STRANGER_ROOT.certificate.public_bytes(serialization.Encoding.DER)
    assert name in der
    spoilt = der.replace(name, b"\x0b" + name[1:])
    root = x509.load_der_x509_certificate(spoilt)
    made = _bundle().model_copy(update={"root": pem(root).decode(), "pin": pin_of(root)})
    with pytest.raises(Altered):
        read_bundle(_signed(made))


def test_a_bundle_reads_as_text_and_holds_no_key() -> None:
    text = _signed().decode()
    assert '"gateway": "bb-0001"' in text
    assert "PRIVATE" not in text


def test_point_17_wrong_gateway_expired_altered_and_reused_are_told_apart() -> None:
    good, late = _signed(), NOW + timedelta(days=91)
    changed = good.replace(b"PJU-0001", b"PJU-0002")
    for error, data, gateway, now, used in (
        (OtherGateway, good, OTHER, NOW, ()),
        (Expired, good, MINE, late, ()),
        (Altered, changed, MINE, NOW, ()),
        (Reused, good, MINE, NOW, (NONCE,)),
    ):
        for root in (None, ROOT.certificate):
            with pytest.raises(NadiError) as refused:
                open_bundle(data, gateway=gateway, now=now, used=used, root=root)
            assert type(refused.value) is error


def test_point_19_a_clock_behind_the_day_of_issue_is_said_and_no_reason_to_refuse() -> None:
    opened = open_bundle(_signed(), gateway=MINE, now=datetime(1970, 1, 1, tzinfo=UTC), used=())
    assert opened.clock_behind


def test_a_bundle_of_another_authority_is_refused_where_ours_is_known() -> None:
    strange = _signed(_bundle(STRANGER_ROOT), by=STRANGER)
    assert read_bundle(strange).pin == pin_of(STRANGER_ROOT.certificate)
    with pytest.raises(OtherCity):
        read_bundle(strange, root=ROOT.certificate)


def test_whoever_is_not_under_the_root_in_it_signs_no_bundle() -> None:
    with pytest.raises(Altered):
        read_bundle(_signed(by=STRANGER))


def test_a_delegation_or_a_gateway_signs_no_bundle() -> None:
    key = certificates.new_key()
    life = timedelta(days=14)
    delegated = certificates.delegation(
        ISSUING, key, name="delegation-1", gateways=[MINE], now=NOW, life=life
    )
    holder = certificates.client(
        ISSUING, key.public_key(), role=certificates.Role.GATEWAY, name=MINE, now=NOW
    )
    for certificate in (delegated, holder):
        forged = _signed(by=Issuer(certificate=certificate, key=key))
        for root in (None, ROOT.certificate):
            with pytest.raises((Altered, OtherCity)):
                read_bundle(forged, root=root)


def test_no_changed_byte_of_a_bundle_goes_unseen() -> None:
    good, random = _signed(), Random(7)
    end = good.index(b"-----END CERTIFICATE-----\n", good.index(b"NADI SIGNATURE"))
    for at in random.sample(range(end), 1_000):
        changed = bytearray(good)
        changed[at] ^= 1 << random.randrange(7)
        try:
            bundle = read_bundle(bytes(changed), root=ROOT.certificate)
        except NadiError:
            continue
        assert bundle == _bundle()  # base64 and PEM have bits that mean nothing


def test_a_signature_of_one_type_serves_no_other() -> None:
    body = _bundle().model_dump_json(indent=1).encode()
    other = seal("registry", body, signer=ISSUING.certificate, key=ISSUING.key)
    with pytest.raises(Altered):
        read_bundle(other)


def test_a_bundle_of_a_newer_program_is_named_so() -> None:
    body = _bundle().model_dump_json(indent=1).replace('"v": 1', '"v": 2').encode()
    newer = seal("enrolment bundle", body, signer=ISSUING.certificate, key=ISSUING.key)
    with pytest.raises(UnknownVersion):
        read_bundle(newer)


@pytest.mark.parametrize("data", [b"", b"{}", b"\x00" * 100, b"-----BEGIN NADI SIGNATURE-----\n"])
def test_what_is_no_bundle_is_refused(data: bytes) -> None:
    with pytest.raises(Altered):
        read_bundle(data)


def _registry(**other: object) -> Registry:
    lamp = AssetEntry(kind=Kind.STREETLIGHT, id=AssetId("PJU-0001"), gateway=MINE)
    values = {
        "city": City("baubau"),
        "number": 1,
        "published_at": NOW,
        "gateways": [GatewayEntry(id=MINE, latitude=-5.47, longitude=122.6)],
        "assets": [lamp],
    }
    return Registry.model_validate(values | other)


def test_a_registry_is_taken_as_the_city_signed_it() -> None:
    data = sign_registry(_registry(), signer=ISSUING.certificate, key=ISSUING.key)
    assert read_registry(data, city=City("baubau"), root=ROOT.certificate) == _registry()
    with pytest.raises(OtherCity):
        read_registry(data, city=City("baubau"), root=STRANGER_ROOT.certificate)
    with pytest.raises(Altered):
        read_registry(
            data.replace(b"PJU-0001", b"PJU-0002"), city=City("baubau"), root=ROOT.certificate
        )


def test_a_registry_lists_nothing_twice_and_no_asset_on_an_unknown_gateway() -> None:
    lamp = AssetEntry(kind=Kind.STREETLIGHT, id=AssetId("PJU-0001"))
    gateway = GatewayEntry(id=MINE)
    for wrong in (
        {"assets": [lamp, lamp]},
        {"assets": [lamp], "retired_assets": [lamp]},
        {"gateways": [gateway, gateway]},
        {"gateways": [], "assets": [lamp.model_copy(update={"gateway": OTHER})]},
    ):
        with pytest.raises(ValueError, match="listed"):
            _registry(**wrong)


def test_a_registry_that_contradicts_itself_is_refused_though_it_is_signed() -> None:
    wrong = _registry().model_copy(update={"gateways": []})
    data = sign_registry(wrong, signer=ISSUING.certificate, key=ISSUING.key)
    with pytest.raises(BadMessage, match="not listed"):
        read_registry(data, city=City("baubau"), root=ROOT.certificate)
