"""A delegation signs a gateway's request, and beside it stands what it has signed.

The list is written before a certificate leaves: so a bundle serves one key only, and the serial of
each certificate is one that the city knows beforehand.
"""

import hashlib
from datetime import datetime
from pathlib import Path
from typing import Annotated

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from pydantic import Field, ValidationError

from contract.bundle import Bundle
from contract.identity import GatewayField
from contract.messages import Message, Sha256
from contract.signed import pin_of
from provisioning import certificates, files
from provisioning.authority.delegating import Delegation
from provisioning.certificates import Role
from provisioning.errors import Trouble

SUFFIX = ".made"


class Made(Message):
    """One certificate that the delegation has signed, or was about to."""

    gateway: GatewayField
    nonce: str
    key: Sha256


class Ledger(Message):
    """All of them, in order."""

    made: Annotated[list[Made], Field(max_length=10_000)] = []


def request_of(
    key: ec.EllipticCurvePrivateKey, *, city: str, gateway: str
) -> x509.CertificateSigningRequest:
    """What a gateway asks to have certified: its name and its public key, nothing else."""
    builder = x509.CertificateSigningRequestBuilder()
    return builder.subject_name(certificates.subject(city, Role.GATEWAY, gateway)).sign(
        key, hashes.SHA256()
    )


def check(delegation: Delegation, bundle: Bundle, *, file: Path, now: datetime) -> None:
    """Raises Trouble if the delegation cannot help this gateway; nothing is written yet."""
    if pin_of(delegation.root) != bundle.pin:
        raise Trouble("E-BUNDLE-05", file=file.name)
    delegation.refuse(bundle.gateway, now=now)


def sign(delegation: Delegation, bundle: Bundle, key: ec.EllipticCurvePublicKey, *, file: Path,
         now: datetime) -> bytes:  # fmt: skip
    """The gateway's certificate and what stands behind it; `file` is the delegation's own."""
    ledger_file = file.with_name(file.name + SUFFIX)
    made = Made(gateway=bundle.gateway, nonce=bundle.nonce, key=_digest(key))
    ledger = _read(ledger_file)
    if any(one.nonce == made.nonce and one.key != made.key for one in ledger.made):
        raise Trouble("E-BUNDLE-04", file=f"{bundle.gateway}.bundle", ours=bundle.gateway)
    if made not in ledger.made:
        ledger = Ledger(made=[*ledger.made, made])
    attempt = [one for one in ledger.made if one.gateway == made.gateway].index(made)
    chain = delegation.certify(key, gateway=bundle.gateway, attempt=attempt, now=now)
    data = ledger.model_dump_json(indent=1).encode()
    files.write(files.NewFile(path=ledger_file, data=data))
    return chain


def _read(file: Path) -> Ledger:
    try:
        return Ledger.model_validate_json(file.read_bytes())
    except FileNotFoundError:
        return Ledger()
    except ValidationError:
        raise Trouble("E-AUTH-05", file=str(file)) from None


def _digest(key: ec.EllipticCurvePublicKey) -> str:
    raw = key.public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return hashlib.sha256(raw).hexdigest()
