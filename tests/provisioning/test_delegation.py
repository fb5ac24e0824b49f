"""A delegation makes the gateways it names, and the broker refuses all else that it could sign."""

import socket
import ssl
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.x509.oid import NameOID

from contract.tls import client_context
from provisioning import certificates
from provisioning.authority import delegating, issuing
from provisioning.authority.delegating import Delegation
from provisioning.authority.record import opened
from provisioning.certificates import Issuer, Role, new_key, pem
from provisioning.errors import Trouble
from tests.provisioning.conftest import PASSPHRASE, Centre, Nadi
from tests.system.mqtt_client import MqttClient

TAKEN = ("Success", "No matching subscribers")
NAMED = ("bb-0003", "bb-0004")


@pytest.fixture
def delegation(centre: Centre, tmp_path: Path) -> Delegation:
    """Handed out in the office, and known to the broker."""
    now = datetime.now(UTC)
    made = delegating.make(
        centre.authority,
        NAMED,
        life=timedelta(days=7),
        now=now,
        file=tmp_path / "stick",
        passphrase=PASSPHRASE,
    )
    issuing.send(centre.authority, now=now)
    address = centre.shown(*_own(made, "bb-0004"))
    _wait_until(lambda: centre.accepts(address))
    return delegating.load(tmp_path / "stick", passphrase=PASSPHRASE)


def _wait_until(true: Callable[[], bool]) -> None:
    """A SIGHUP takes a moment."""
    for _ in range(200):
        if true():
            return
    raise AssertionError("it never came true")


def _own(delegation: Delegation, name: str) -> tuple[bytes, EllipticCurvePrivateKey]:
    key, now = new_key(), datetime.now(UTC)
    return delegation.certify(key.public_key(), gateway=name, attempt=0, now=now), key


@pytest.mark.system
def test_a_delegation_makes_a_gateway_that_it_names(centre: Centre, delegation: Delegation) -> None:
    with MqttClient(centre.shown(*_own(delegation, "bb-0003"))) as gateway:
        assert gateway.publish("nadi/v1/baubau/edge/bb-0003/status") in TAKEN
        assert gateway.publish("nadi/v1/baubau/edge/bb-0004/status") == "Not authorized"


@pytest.mark.system
@pytest.mark.parametrize(
    ("role", "name"),
    [
        (Role.GATEWAY, "bb-0005"),
        (Role.GATEWAY, "bb-000"),
        (Role.GATEWAY, "bb-00030"),
        (Role.GATEWAY, "bridge"),
        (Role.BRIDGE, "bridge"),
        (Role.BRIDGE, "bb-0003"),
        (Role.READER, "reader"),
        (Role.AUTHORITY, "bb-0003"),
    ],
)
def test_a_delegation_makes_nobody_else(
    centre: Centre, delegation: Delegation, role: Role, name: str
) -> None:
    key, now = new_key(), datetime.now(UTC)
    issuer = delegation.issuer
    odd = certificates.client(issuer, key.public_key(), role=role, name=name, now=now)
    assert not centre.accepts(centre.shown(pem(odd, issuer.certificate, *delegation.chain), key))


def _crafted(
    issuer: Issuer, names: list[x509.NameAttribute[str]], *, authority: bool = False
) -> tuple[x509.Certificate, EllipticCurvePrivateKey]:
    """Whatever a thief of the laptop can sign."""
    key, now = new_key(), datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name(names))
        .issuer_name(issuer.certificate.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.BasicConstraints(ca=authority, path_length=0 if authority else None), critical=True
        )
    )
    return builder.sign(issuer.key, hashes.SHA256()), key


OWN = [
    x509.NameAttribute(NameOID.ORGANIZATION_NAME, "baubau"),
    x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, "gateway"),
    x509.NameAttribute(NameOID.COMMON_NAME, "bb-0003"),
]


@pytest.mark.system
def test_a_second_common_name_gives_nobody_elses_rights(
    centre: Centre, delegation: Delegation
) -> None:
    """It lies within the permitted subtree; the broker takes the first name."""
    names = [*OWN, x509.NameAttribute(NameOID.COMMON_NAME, "bridge")]
    odd, key = _crafted(delegation.issuer, names)
    chain = pem(odd, delegation.issuer.certificate, *delegation.chain)
    with MqttClient(centre.shown(chain, key)) as client:
        assert client.publish("nadi/v1/baubau/edge/bb-0003/receipt") == "Not authorized"
        assert client.publish("nadi/v1/baubau/edge/bb-0003/status") in TAKEN


@pytest.mark.system
@pytest.mark.parametrize(
    "names",
    [
        [x509.NameAttribute(NameOID.COMMON_NAME, "bridge"), *OWN],
        [OWN[2], OWN[0], OWN[1]],
        [OWN[2]],
        [],
    ],
    ids=["before", "order", "alone", "empty"],
)
def test_a_subject_outside_the_permitted_ones_is_refused(
    centre: Centre, delegation: Delegation, names: list[x509.NameAttribute[str]]
) -> None:
    odd, key = _crafted(delegation.issuer, names)
    chain = pem(odd, delegation.issuer.certificate, *delegation.chain)
    assert not centre.accepts(centre.shown(chain, key))


@pytest.mark.system
def test_another_case_of_a_name_is_another_gateway_that_nobody_knows(
    centre: Centre, delegation: Delegation
) -> None:
    """OpenSSL compares permitted names without case; the broker's topics do not."""
    names = [*OWN[:2], x509.NameAttribute(NameOID.COMMON_NAME, "BB-0003")]
    odd, key = _crafted(delegation.issuer, names)
    chain = pem(odd, delegation.issuer.certificate, *delegation.chain)
    with MqttClient(centre.shown(chain, key)) as client:
        assert client.publish("nadi/v1/baubau/edge/bb-0003/status") == "Not authorized"


@pytest.mark.system
def test_a_delegation_makes_no_authority_and_is_no_client(
    centre: Centre, delegation: Delegation
) -> None:
    under, under_key = _crafted(delegation.issuer, OWN, authority=True)
    leaf, key = _crafted(Issuer(certificate=under, key=under_key), OWN)
    chain = pem(leaf, under, delegation.issuer.certificate, *delegation.chain)
    assert not centre.accepts(centre.shown(chain, key))
    own = pem(delegation.issuer.certificate, *delegation.chain)
    assert not centre.accepts(centre.shown(own, delegation.issuer.key))


@pytest.mark.system
def test_a_gateway_believes_no_broker_that_a_delegation_made(
    centre: Centre, delegation: Delegation, tmp_path: Path
) -> None:
    key, now = new_key(), datetime.now(UTC)
    false = certificates.server(
        delegation.issuer, key.public_key(), name="127.0.0.1", hosts=["127.0.0.1"], now=now
    )
    address = centre.shown(pem(false, delegation.issuer.certificate, *delegation.chain), key)
    served = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    served.load_cert_chain(address.cert_file, address.key_file)
    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=_serve_once, args=(server, served))
        thread.start()
        trusting = client_context(centre.address("bb-0001"))
        with (
            socket.create_connection(server.getsockname(), timeout=5) as plain,
            pytest.raises(ssl.SSLCertVerificationError),
        ):
            trusting.wrap_socket(plain, server_hostname="127.0.0.1")
        thread.join(5)


def _serve_once(server: socket.socket, context: ssl.SSLContext) -> None:
    plain, _ = server.accept()
    with plain:
        try:
            context.wrap_socket(plain, server_side=True).close()
        except OSError:
            return


@pytest.mark.system
def test_a_revoked_delegation_takes_all_that_it_made_with_it(
    centre: Centre, delegation: Delegation, nadi: Nadi
) -> None:
    address, bystander = centre.shown(*_own(delegation, "bb-0003")), centre.address("bb-0001")
    with MqttClient(address) as gateway:
        ended = nadi(
            *("authority", "revoke", delegation.name, "--confirm", delegation.name),
            *("--reason", "laptop lost", "--authority", str(centre.authority.folder), "--json"),
        )
        assert ended.code == 0, ended.err
        gateway.wait_until(lambda: gateway.gone, "gone")
    assert not centre.accepts(address)
    assert centre.accepts(bystander)


def _pure(now: datetime) -> Delegation:
    """A delegation without an authority's folder."""
    anchor_key, issuing_key, key = new_key(), new_key(), new_key()
    anchor = Issuer(certificate=certificates.root("baubau", anchor_key, now=now), key=anchor_key)
    issuer = Issuer(certificate=certificates.issuing(anchor, issuing_key, now=now), key=issuing_key)
    made = certificates.delegation(
        issuer, key, name="delegation-1", gateways=NAMED, now=now, life=timedelta(days=7)
    )
    return Delegation(
        issuer=Issuer(certificate=made, key=key),
        chain=(issuer.certificate,),
        root=anchor.certificate,
    )


def test_the_laptop_refuses_what_the_broker_would_refuse() -> None:
    now = datetime.now(UTC)
    made, key = _pure(now), new_key().public_key()
    assert made.gateways == NAMED
    for gateway, attempt, at, code in (
        ("bb-0005", 0, now, "E-DELEGATION-01"),
        ("bb-0003", 0, now + timedelta(days=8), "E-DELEGATION-02"),
        ("bb-0003", 16, now, "E-DELEGATION-03"),
    ):
        with pytest.raises(Trouble) as trouble:
            made.certify(key, gateway=gateway, attempt=attempt, now=at)
        assert trouble.value.known.code == code


def test_nothing_that_a_delegation_makes_outlives_it() -> None:
    now = datetime.now(UTC)
    made = _pure(now)
    chain = made.certify(new_key().public_key(), gateway="bb-0003", attempt=0, now=now)
    leaf, *_ = x509.load_pem_x509_certificates(chain)
    assert leaf.not_valid_after_utc <= made.until


def test_the_city_knows_the_serials_before_they_are_used() -> None:
    now = datetime.now(UTC)
    made = _pure(now)
    certificate = made.issuer.certificate
    foreseen = [certificates.delegated_serial(certificate, "bb-0003", n) for n in range(16)]
    assert len(set(foreseen)) == 16
    for attempt in (0, 15):
        chain = made.certify(new_key().public_key(), gateway="bb-0003", attempt=attempt, now=now)
        leaf, *_ = x509.load_pem_x509_certificates(chain)
        assert leaf.serial_number == foreseen[attempt]


@pytest.mark.parametrize("name", ["bridge", "Bridge", "127.0.0.1", "nadi-probe-1"])
def test_a_name_that_somebody_else_has_is_not_delegated(
    nadi: Nadi, authority: Path, passphrase: str, name: str
) -> None:
    ended = nadi(
        *("authority", "delegate", "bb-0001", name, "--out", "stick", "--json"),
        *("--passphrase", passphrase),
    )
    assert (ended.code, ended.document["code"]) == (5, "E-DELEGATION-04")


def test_two_names_that_differ_in_case_only_are_refused(
    nadi: Nadi, authority: Path, passphrase: str
) -> None:
    ended = nadi(
        *("authority", "delegate", "bb-0001", "BB-0001", "--out", "stick", "--json"),
        *("--passphrase", passphrase),
    )
    assert (ended.code, ended.document["code"]) == (5, "E-DELEGATION-04")


def test_a_stick_needs_its_passphrase(
    nadi: Nadi, authority: Path, passphrase: str, tmp_path: Path
) -> None:
    line = ("authority", "delegate", "bb-0001", "--out", "stick", "--passphrase", passphrase)
    ended = nadi(*line, "--json")
    assert (ended.code, ended.document["code"]) == (0, "queued")  # no broker runs here
    assert ended.document["pending"] == ["apply"]
    assert (tmp_path / "stick").stat().st_mode & 0o777 == 0o600
    assert delegating.load(tmp_path / "stick", passphrase=PASSPHRASE).gateways == ("bb-0001",)
    with pytest.raises(Trouble) as trouble:
        delegating.load(tmp_path / "stick", passphrase="another one")
    assert trouble.value.known.code == "E-AUTH-06"
    assert nadi(*line, "--json").code == 5
    with opened(authority / "private" / "authority.db", write=False) as kept:
        assert len(kept.delegations(datetime.now(UTC))) == 1
