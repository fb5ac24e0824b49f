"""The certificates that the settings name, and when each of them ends."""

from cryptography import x509
from cryptography.x509.oid import NameOID

from broker_bridge.errors import SettingsRefused
from broker_bridge.language import mark
from contract.errors import SignedError
from contract.signed import chain_of
from contract.tls import handed_over


def shown(path: str) -> tuple[x509.Certificate, ...]:
    """All certificates of a PEM file, the leaf first; raises SettingsError."""
    try:
        return chain_of(handed_over(path).read_bytes())
    except (OSError, ValueError, SignedError) as error:
        raise SettingsRefused(
            mark("{path} cannot be read as a certificate: {why}"),
            hint=mark("give a file in PEM that this user may read"),
            path=path,
            why=error,
        ) from error


def name_of(certificate: x509.Certificate) -> str:
    """Its common name."""
    names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(names[0].value) if names else certificate.subject.rfc4514_string()


def ends_s(cert_file: str, ca_file: str) -> dict[str, float]:
    """When the bridge's own, what issued it, and the authority's root end, in Unix time."""
    leaf, *above = shown(cert_file)
    named = {"bridge": leaf, "root": shown(ca_file)[0]}
    named |= {"issuing": above[0]} if above else {}
    return {name: one.not_valid_after_utc.timestamp() for name, one in named.items()}
