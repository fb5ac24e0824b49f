"""A token gives one certificate, to its gateway and nobody else, whatever is asked."""

import asyncio
import base64
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from contract.bundle import Endpoint
from provisioning import certificates, files
from provisioning.authority import record
from provisioning.authority.making import Wish, make
from provisioning.certificates import Role, key_pem, name_of, new_key, pem
from provisioning.enrolment.endpoint import RENEW
from provisioning.enrolment.server import Limits
from provisioning.joining.identity import Identities
from provisioning.joining.signing import request_of
from tests.provisioning.conftest import PASSPHRASE, Nadi
from tests.provisioning.endpoints import HOST, Listening, listening
from tests.provisioning.poles import GATEWAY, Pole, pole

pytestmark = pytest.mark.system
CITY = "baubau"


@pytest.fixture
def endpoint(tmp_path: Path) -> Iterator[Listening]:
    wish = Wish(city=CITY, hosts=(HOST,))
    authority = make(tmp_path / "authority", wish, passphrase=PASSPHRASE, now=datetime.now(UTC))
    with listening(authority) as there:
        yield there


def plain(gateway: str = GATEWAY) -> x509.CertificateSigningRequest:
    return request_of(new_key(), city=CITY, gateway=gateway)


async def test_a_token_gives_one_certificate_and_no_second(endpoint: Listening) -> None:
    token, request = endpoint.token(GATEWAY), plain()
    first = await endpoint.enrol(request, token)
    (made,) = first.certificates
    assert (first.status, name_of(made)) == (200, GATEWAY)
    assert made.public_key() == request.public_key()
    made.verify_directly_issued_by(endpoint.authority.issuing.certificate)
    for again in (request, plain()):
        replay = await endpoint.enrol(again, token)
        assert (replay.status, replay.code) == (401, "E-TOKEN-05")
    assert endpoint.issued() == [GATEWAY]


async def test_of_a_hundred_at_once_one_has_it(endpoint: Listening) -> None:
    token = endpoint.token(GATEWAY)
    replies = await asyncio.gather(*(endpoint.enrol(plain(), token) for _ in range(100)))
    assert sorted(reply.status for reply in replies) == [200] + [401] * 99
    assert endpoint.issued() == [GATEWAY]


async def test_an_expired_foreign_or_invented_token_gives_nothing(endpoint: Listening) -> None:
    old = endpoint.token(GATEWAY, now=datetime.now(UTC) - timedelta(minutes=15, seconds=1))
    assert (await endpoint.enrol(plain(), old)).code == "E-TOKEN-04"
    others = endpoint.token("bb-0001")
    assert (await endpoint.enrol(plain(), others, gateway=GATEWAY)).code == "E-TOKEN-03"
    assert (await endpoint.enrol(plain(), others)).code == "E-REQUEST-01"
    for invented in ("", "x", "x" * 4000, "nadi1:x"):
        reply = await endpoint.ask("/.well-known/est/simpleenroll", plain(), token=invented,
                                   gateway=GATEWAY)  # fmt: skip
        assert reply.status == 401
    assert endpoint.issued() == []
    assert (await endpoint.enrol(plain("bb-0001"), others)).status == 200


def odd_requests() -> dict[str, x509.CertificateSigningRequest | bytes]:
    key = new_key()

    def signed(name: x509.Name, *more: x509.ExtensionType) -> x509.CertificateSigningRequest:
        builder = x509.CertificateSigningRequestBuilder().subject_name(name)
        for one in more:
            builder = builder.add_extension(one, critical=False)
        return builder.sign(key, hashes.SHA256())

    def named(*pairs: tuple[x509.ObjectIdentifier, str]) -> x509.Name:
        return x509.Name([x509.NameAttribute(oid, value) for oid, value in pairs])

    city, role = (NameOID.ORGANIZATION_NAME, CITY), (NameOID.ORGANIZATIONAL_UNIT_NAME, "gateway")
    own = (NameOID.COMMON_NAME, GATEWAY)
    good = named(city, role, own)
    rsa_key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    builder = x509.CertificateSigningRequestBuilder().subject_name(good)
    der = plain().public_bytes(serialization.Encoding.DER)
    return {
        "a bridge": signed(named(city, (NameOID.ORGANIZATIONAL_UNIT_NAME, "bridge"), own)),
        "the bridge's name": signed(named(city, role, (NameOID.COMMON_NAME, "bridge"))),
        "another city": signed(named((NameOID.ORGANIZATION_NAME, "kendari"), role, own)),
        "no city": signed(named(own)),
        "nobody": signed(x509.Name([])),
        "two names": signed(named(city, role, own, (NameOID.COMMON_NAME, "bridge"))),
        "capital letters": signed(named(city, role, (NameOID.COMMON_NAME, GATEWAY.upper()))),
        "a wildcard": signed(named(city, role, (NameOID.COMMON_NAME, "+"))),
        "a topic": signed(named(city, role, (NameOID.COMMON_NAME, "bb-0042/#"))),
        "a null byte": signed(named(city, role, (NameOID.COMMON_NAME, "bb-0042\0"))),
        "a look-alike": signed(named(city, role, (NameOID.COMMON_NAME, "bb-004２"))),
        "an alternative name": signed(good, x509.SubjectAlternativeName([x509.DNSName("bridge")])),
        "its own name again": signed(good, x509.SubjectAlternativeName([x509.DNSName(GATEWAY)])),
        "an authority": signed(good, x509.BasicConstraints(ca=True, path_length=None)),
        "a challenge": builder.add_attribute(
            x509.oid.AttributeOID.CHALLENGE_PASSWORD, b"bridge"
        ).sign(key, hashes.SHA256()),
        "an RSA key": builder.sign(rsa_key, hashes.SHA256()),
        "another curve": builder.sign(ec.generate_private_key(ec.SECP384R1()), hashes.SHA256()),
        "a changed signature": base64.encodebytes(der[:-1] + bytes([der[-1] ^ 1])),
        "a changed name": base64.encodebytes(der.replace(b"bb-0042", b"bb-0043")),
        "half of it": base64.encodebytes(der[: len(der) // 2]),
        "no base64": b"\xff\xfe",
        "nothing": b"",
        "too much": base64.encodebytes(b"0" * 5000),
    }


async def test_no_odd_certificate_is_ever_issued(endpoint: Listening) -> None:
    token = endpoint.token(GATEWAY)
    for what, request in odd_requests().items():
        reply = await endpoint.enrol(request, token)
        assert reply.status in (400, 413), what
    assert endpoint.issued() == []
    assert (await endpoint.enrol(plain(), token)).status == 200
    assert endpoint.issued() == [GATEWAY]


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", 404),
        (b"GET /.well-known/est/simpleenroll HTTP/1.1\r\n\r\n", 405),
        (b"POST /.well-known/est/simpleenroll HTTP/1.1\r\n\r\n", 415),
        (b"nonsense\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nA: 1\r\nA: 2\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nContent-Length: 99999999\r\n\r\n", 413),
        (b"GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", 411),
        (b"GET / HTTP/1.1\r\n" + b"A: " + b"x" * 20_000 + b"\r\n\r\n", 400),
        (b"GET \xff HTTP/1.1\r\n\r\n", 400),
    ],
)
async def test_what_is_no_request_is_refused_in_bounds(
    endpoint: Listening, data: bytes, status: int
) -> None:
    assert (await endpoint.send(data)).status == status


async def test_the_log_names_who_and_why_and_holds_no_secret(endpoint: Listening) -> None:
    token = endpoint.token(GATEWAY)
    await endpoint.enrol(odd_requests()["an alternative name"], token)
    await endpoint.enrol(plain(), token)
    await endpoint.enrol(plain(), token)
    log = "\n".join(endpoint.log)
    assert f"enrolled gateway={GATEWAY} serial=" in log
    assert "why='asks for more than its name'" in log
    assert "why='token used'" in log
    assert token.secret not in log
    assert token.secret not in repr(token)


async def test_one_address_may_not_ask_for_ever(tmp_path: Path) -> None:
    wish = Wish(city=CITY, hosts=(HOST,))
    authority = make(tmp_path / "authority", wish, passphrase=PASSPHRASE, now=datetime.now(UTC))
    with listening(authority, limits=Limits(requests_a_minute=3)) as few:
        asked = [(await few.send(b"GET / HTTP/1.1\r\n\r\n")).status for _ in range(5)]
    assert asked == [404, 404, 404, 429, 429]


def shown(folder: Path, endpoint: Listening, *, role: Role = Role.GATEWAY) -> tuple[Path, Path]:
    """A certificate that the city has made and recorded, in files."""
    key, now = new_key(), datetime.now(UTC)
    issuing = endpoint.authority.issuing
    made = certificates.client(issuing, key.public_key(), role=role, name=GATEWAY, now=now)
    with record.opened(endpoint.authority.record_file, write=True) as kept:
        kept.add(made, issuer="issuing", role=role)
    certificate, key_file = folder / "own.pem", folder / "own.key"
    certificate.write_bytes(pem(made, *endpoint.authority.chain))
    files.write(files.NewFile(path=key_file, data=key_pem(key), mode=files.PRIVATE))
    return certificate, key_file


async def test_a_gateway_renews_its_own_certificate_and_no_other(
    endpoint: Listening, tmp_path: Path
) -> None:
    own = shown(tmp_path, endpoint)
    reply = await endpoint.ask(RENEW, plain(), shown=own)
    assert [name_of(one) for one in reply.certificates] == [GATEWAY]
    assert (await endpoint.ask(RENEW, plain("bb-0001"), shown=own)).status == 400
    assert (await endpoint.ask(RENEW, plain())).status == 401


async def test_a_bridge_renews_nothing_here(endpoint: Listening, tmp_path: Path) -> None:
    own = shown(tmp_path, endpoint, role=Role.BRIDGE)
    assert (await endpoint.ask(RENEW, plain(), shown=own)).status == 403


async def test_a_revoked_gateway_renews_nothing(endpoint: Listening, tmp_path: Path) -> None:
    own = shown(tmp_path, endpoint)
    made = x509.load_pem_x509_certificate(own[0].read_bytes())
    with record.opened(endpoint.authority.record_file, write=True) as kept:
        kept.revoke(
            [made.serial_number], issuer="issuing", name=GATEWAY, at=datetime.now(UTC),
            reason="stolen", until=made.not_valid_after_utc,
        )  # fmt: skip
    reply = await endpoint.ask(RENEW, plain(), shown=own)
    assert (reply.status, reply.code) == (403, "E-RENEW-01")


@pytest.fixture
def online(tmp_path: Path) -> Iterator[tuple[Pole, Listening]]:
    """A pole whose network reaches the endpoint."""
    there = pole(tmp_path)
    with listening(there.authority) as endpoint:
        reach = [Endpoint(host=HOST, port=endpoint.port)]
        yield Pole(top=tmp_path, authority=there.authority, enrolment=reach), endpoint


def test_the_same_wizard_takes_a_token_where_there_is_a_network(
    online: tuple[Pole, Listening], nadi: Nadi
) -> None:
    there, endpoint = online
    there.bundle()
    made = nadi("gateway", "token", GATEWAY, "--out", "token", env=there.environment)
    assert made.code == 0, made.err
    line = ["gateway", "enrol", "--bundle", f"usb:{GATEWAY}", "--token", "file:token", "--yes",
            "--line", "none", "--folder", str(there.folder), "--start", "true"]  # fmt: skip
    ended = nadi(*line, env=there.environment)
    assert (ended.code, ended.err) == (0, "")
    used = Identities(folder=there.folder).in_use()
    assert used is not None
    assert used.certificate is not None
    used.certificate.verify_directly_issued_by(there.authority.issuing.certificate)
    assert endpoint.issued() == [GATEWAY]
    other = [*line[:-4], "--folder", str(there.top / "other"), "--start", "true", "--json"]
    again = nadi(*other, env=there.environment)
    assert (again.code, again.document["code"]) == (5, "E-TOKEN-05")
    secret = (there.top / "token").read_text().strip()
    assert secret.rpartition(":")[2] not in ended.out + again.out + again.err + "".join(
        endpoint.log
    )


def test_a_token_of_another_authority_is_refused_before_anybody_is_asked(
    online: tuple[Pole, Listening], nadi: Nadi, tmp_path: Path
) -> None:
    there, endpoint = online
    there.bundle()
    token = endpoint.token(GATEWAY)
    (tmp_path / "token").write_text(token.text.replace(token.pin, "0" * 64))
    ended = nadi(
        "gateway", "enrol", "--bundle", f"usb:{GATEWAY}", "--token", "file:token", "--yes",
        "--line", "none", "--folder", str(there.folder), "--json", env=there.environment,
    )  # fmt: skip
    assert ended.document["code"] == "E-TOKEN-06"
    assert endpoint.log == []


def test_an_endpoint_of_another_authority_is_not_believed(
    online: tuple[Pole, Listening], nadi: Nadi, tmp_path: Path
) -> None:
    there, endpoint = online
    wish = Wish(city=CITY, hosts=(HOST,))
    false = make(tmp_path / "false", wish, passphrase=PASSPHRASE, now=datetime.now(UTC))
    with listening(false) as impostor:
        lured = Pole(
            top=there.top,
            authority=there.authority,
            enrolment=[Endpoint(host=HOST, port=impostor.port)],
        )
        lured.bundle()
        (tmp_path / "token").write_text(endpoint.token(GATEWAY).text)
        ended = nadi(
            "gateway", "enrol", "--bundle", f"usb:{GATEWAY}", "--token", "file:token", "--yes",
            "--line", "none", "--folder", str(there.folder), "--json", env=there.environment,
        )  # fmt: skip
        assert ended.document["code"] == "E-ENDPOINT-02"
        assert impostor.log == []


def test_a_literal_token_on_the_line_is_refused(nadi: Nadi, online: tuple[Pole, Listening]) -> None:
    there, endpoint = online
    there.bundle()
    token = endpoint.token(GATEWAY).text
    line = ["gateway", "enrol", "--bundle", f"usb:{GATEWAY}", "--token", token, "--yes", "--json"]
    ended = nadi(*line, "--folder", str(there.folder), env=there.environment)
    assert ended.document["code"] == "E-USAGE-07"
    assert token not in json.dumps(ended.document) + ended.err
