"""The issuing certificate gets its years anew; key and name stay, so all that it signed stays good.

A new key would need a list of its own beside that of the old one, until the last certificate that
the old one signed has run out.
"""

from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from provisioning import certificates, files
from provisioning.authority import folder as places
from provisioning.authority import record
from provisioning.authority.folder import Authority
from provisioning.broker.folder import CRL, broker_file
from provisioning.certificates import Issuer, pem
from provisioning.errors import Trouble
from provisioning.language import mark

NAME = "issuing"
LOST = mark("make a new authority until then, and enrol each gateway with it.")


def root_of(authority: Authority, key_file: Path, *, passphrase: str) -> Issuer:
    """The city's root with its key, from where that is kept; raises Trouble."""
    until = authority.issuing.certificate.not_valid_after_utc
    where = {"file": str(key_file), "day": f"{until:%Y-%m-%d}", "lost": LOST}
    try:
        text = key_file.read_bytes()
    except FileNotFoundError:
        raise Trouble("E-AUTH-07", **where) from None
    try:
        key = serialization.load_pem_private_key(text, password=passphrase.encode())
    except (ValueError, TypeError):
        raise Trouble("E-AUTH-08", **where) from None
    fits = key.public_key() == authority.root.public_key()
    if not fits or not isinstance(key, ec.EllipticCurvePrivateKey):
        root = str(authority.folder / places.ROOT)
        raise Trouble("E-AUTH-04", key=str(key_file), certificate=root)
    return Issuer(certificate=authority.root, key=key)


def lengthen(authority: Authority, root: Issuer, *, now: datetime) -> x509.Certificate:
    """The new certificate, and lists that live as long; the broker learns of them with `send`."""
    old = authority.issuing
    made = certificates.issuing(root, old.key, now=now, name=old.certificate.subject)
    files.write(files.NewFile(path=authority.folder / places.ISSUING, data=pem(made)))
    there = places.load(authority.folder)
    with record.opened(there.record_file, write=True) as kept:
        lists = there.signed_lists(kept, number=kept.next_list(now), now=now)
        files.write(broker_file(there.broker_folder, CRL, lists))
    return made
