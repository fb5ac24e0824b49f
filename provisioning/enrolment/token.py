"""A one-time token: 256 bits for one gateway, with the fingerprint of the authority it is of.

The city keeps only its hash.
"""

import hashlib
import re
import secrets
from dataclasses import dataclass, field
from datetime import timedelta

from provisioning.errors import Trouble

LIFE = timedelta(minutes=15)
_TEXT = re.compile(
    r"nadi1:(?P<gateway>[A-Za-z0-9._-]{1,64}):(?P<pin>[0-9a-f]{64}):(?P<secret>[A-Za-z0-9_-]{43})"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """No representation of it shows its secret."""

    gateway: str
    pin: str
    secret: str = field(repr=False)

    @property
    def text(self) -> str:
        """As it is handed to the technician."""
        return f"nadi1:{self.gateway}:{self.pin}:{self.secret}"

    @property
    def digest(self) -> str:
        """What the city keeps."""
        return digest_of(self.secret)


def digest_of(secret: str) -> str:
    """The hash of a token's secret."""
    return hashlib.sha256(secret.encode(errors="replace")).hexdigest()


def new(gateway: str, pin: str) -> Token:
    """A token that nobody has seen."""
    return Token(gateway=gateway, pin=pin, secret=secrets.token_urlsafe(32))


def parse(text: str) -> Token:
    """What a technician gives; raises Trouble if it is none."""
    found = _TEXT.fullmatch(text.strip())
    if found is None:
        raise Trouble("E-TOKEN-01")
    return Token(gateway=found["gateway"], pin=found["pin"], secret=found["secret"])
