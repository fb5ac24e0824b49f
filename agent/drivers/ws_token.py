"""A SOAP header that proves a password by its digest (WS-Security UsernameToken Profile 1.0)."""

import base64
import hashlib
from datetime import datetime
from xml.sax.saxutils import escape

from agent.drivers.login import Credentials

_WSS = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss"
HEADER = (
    '<s:Header><Security s:mustUnderstand="1"'
    f' xmlns="{_WSS}-wssecurity-secext-1.0.xsd"><UsernameToken><Username>{{user}}</Username>'
    f'<Password Type="{_WSS}-username-token-profile-1.0#PasswordDigest">{{digest}}</Password>'
    f'<Nonce EncodingType="{_WSS}-soap-message-security-1.0#Base64Binary">{{nonce}}</Nonce>'
    f'<Created xmlns="{_WSS}-wssecurity-utility-1.0.xsd">{{created}}</Created>'
    "</UsernameToken></Security></s:Header>"
)


def token_header(credentials: Credentials, *, nonce: bytes, created: datetime) -> str:
    """The header for one message; `created` is the device's own UTC."""
    at = created.strftime("%Y-%m-%dT%H:%M:%SZ")
    return HEADER.format(
        user=escape(credentials.user),
        digest=password_digest(nonce, at, credentials.password),
        nonce=base64.b64encode(nonce).decode(),
        created=at,
    )


def password_digest(nonce: bytes, created: str, password: str) -> str:
    """Base64 of SHA-1 over nonce, creation time and password."""
    hashed = hashlib.sha1(nonce + created.encode() + password.encode())  # noqa: S324 the profile's
    return base64.b64encode(hashed.digest()).decode()
