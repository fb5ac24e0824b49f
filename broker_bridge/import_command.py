"""`nadi-bridge import`: says of each gateway what its stick brought, and of each file why not."""

import json
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from broker_bridge.carried import Imported, Importer, nothing_there
from broker_bridge.config import BridgeSettings
from broker_bridge.errors import SettingsRefused
from broker_bridge.ingest import Ingest
from broker_bridge.language import _, mark, number
from broker_bridge.moving_line import MovingLine
from broker_bridge.opening import opened_store
from contract.carried import FOLDER, Signer, Trust
from contract.errors import SignedError
from contract.holder import RevocationLists
from contract.signed import chain_of
from contract.topics import Topics

_T = TypeVar("_T")


def import_stick(settings: BridgeSettings, stick: Path, *, as_json: bool) -> bool:
    """Whether every file was taken; raises StoreGone, StoreNewer or SettingsError."""
    if not (stick / FOLDER).is_dir():
        raise nothing_there(stick)
    signer, trust = _signer(settings), _trust(settings)
    topics = Topics(settings.city)
    with opened_store(settings.store) as store:
        importer = Importer(
            ingest=Ingest(store, topics),
            topics=topics,
            trust=trust,
            signer=signer,
            progress=_Told(),
        )
        found = []
        for imported in importer.run(stick):
            found.append(imported)
            if not as_json:
                _print(imported)
    if not found:
        raise nothing_there(stick)
    if as_json:
        print(json.dumps({"schema": 1, "gateways": [asdict(one) for one in found]}))
    return not any(one.findings for one in found)


class _Told:
    """How many files of a gateway are read."""

    def __init__(self) -> None:
        self._line = MovingLine()

    def __call__(self, gateway: str, done: int, total: int) -> None:
        said = _("{gateway}: {done} of {total} files")
        counts = {"done": number(done), "total": number(total)}
        self._line.show(said.format(gateway=gateway, **counts), over=done == total)


def _print(imported: Imported) -> None:
    new = _("{gateway}: {batches} batches with {readings} readings are new, {known} were known")
    print(
        new.format(
            gateway=imported.gateway,
            batches=number(imported.committed),
            readings=number(imported.readings),
            known=number(imported.known),
        )
    )
    if imported.rejected:
        rejected = _("✗ {count} batches were quarantined; nadi-bridge balance names them")
        print(rejected.format(count=number(imported.rejected)))
    for finding in imported.findings:
        print(f"✗ {finding.file}: {finding.reason}")
    if imported.findings:
        kept = _("nothing of these is in the store; the gateway has it still: collect again")
        print(f"  {kept}")
    if imported.receipt:
        print(_("✓ the receipt is on the stick: bring it back to the gateway"))


def _signer(settings: BridgeSettings) -> Signer:
    chain = _read("cert_file", settings.broker.cert_file, chain_of)
    key = _read(
        "key_file",
        settings.broker.key_file,
        lambda text: serialization.load_pem_private_key(text, password=None),
    )
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise _unusable("key_file", settings.broker.key_file, mark("it is not an EC key"))
    return Signer(chain=chain, key=key)


def _trust(settings: BridgeSettings) -> Trust:
    (root, *_) = _read("ca_file", settings.broker.ca_file, chain_of)
    revoked = None
    if settings.crl_file:
        lists = _read("crl_file", settings.crl_file, _lists_of)
        revoked = RevocationLists(lists=lists, now=datetime.now(UTC))
    return Trust(city=settings.city, root=root, revoked=revoked)


def _lists_of(text: bytes) -> tuple[x509.CertificateRevocationList, ...]:
    end = b"-----END X509 CRL-----"
    parts = [part + end for part in text.split(end)[:-1]]
    return tuple(x509.load_pem_x509_crl(part) for part in parts)


def _read(key: str, path: str, understood: Callable[[bytes], _T]) -> _T:
    try:
        return understood(Path(path).read_bytes())
    except (OSError, ValueError, TypeError, SignedError) as error:
        raise _unusable(key, path, str(error)) from None


def _unusable(key: str, path: str, why: str) -> SettingsRefused:
    return SettingsRefused(
        mark("{key}: {path} cannot be used: {why}"),
        hint=mark("give the bridge's own PEM"),
        key=key,
        path=path,
        why=why,
    )
