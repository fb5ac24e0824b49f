"""A bundle on its gateway: taken if it is for this one, now, for the first time; else refused."""

from collections.abc import Container
from datetime import datetime
from pathlib import Path

from cryptography import x509

from contract.bundle import Opened, open_bundle
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
from contract.identity import GatewayId
from contract.signed import MAX_BYTES
from provisioning.errors import Trouble

_CODES: dict[type[NadiError], str] = {
    Expired: "E-BUNDLE-02",
    Altered: "E-BUNDLE-03",
    BadMessage: "E-BUNDLE-03",
    Reused: "E-BUNDLE-04",
    OtherCity: "E-BUNDLE-05",
    UnknownVersion: "E-BUNDLE-06",
}


def opened(
    file: Path,
    gateway: str,
    *,
    now: datetime,
    used: Container[str],
    root: x509.Certificate | None = None,
) -> Opened:
    """See `contract.bundle.open_bundle`; raises Trouble with a code for each reason."""
    with file.open("rb") as source:
        data = source.read(MAX_BYTES + 1)
    try:
        return open_bundle(data, gateway=GatewayId(gateway), now=now, used=used, root=root)
    except OtherGateway as error:
        raise Trouble("E-BUNDLE-01", file=file.name, ours=gateway, theirs=error.theirs) from None
    except NadiError as error:
        raise Trouble(_CODES[type(error)], file=file.name, ours=gateway) from None
