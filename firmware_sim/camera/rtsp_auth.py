"""Who may look: HTTP Digest (RFC 2617, RFC 7616) and Basic (RFC 7617) as RTSP cameras use them."""

import base64
import binascii
import hashlib
import hmac
import re
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from firmware_sim.camera.settings import CameraAuth

Verdict = Literal["welcome", "unknown", "wrong", "stale"]
MAX_NONCES = 32
HASHES: dict[CameraAuth, Callable[[bytes], "hashlib._Hash"]] = {
    "digest-md5": hashlib.md5,
    "digest-sha256": hashlib.sha256,
}
PARAMETER = re.compile(r'([A-Za-z]+)\s*=\s*(?:"([^"]*)"|([^\s,"]+))')


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """The one user of a camera."""

    user: str
    password: str
    realm: str


class Doorkeeper:
    """Challenges and judges; remembers the last 32 nonces it gave out."""

    def __init__(self, account: Account, auth: CameraAuth, *, nonce: Callable[[], str]) -> None:
        self._account = account
        self._auth: CameraAuth = auth
        self._nonce = nonce
        self._nonces: deque[str] = deque(maxlen=MAX_NONCES)

    def challenge(self, *, stale: bool = False) -> str:
        """The WWW-Authenticate header's value, with a fresh nonce."""
        if self._auth == "basic":
            return f'Basic realm="{self._account.realm}"'
        nonce = self._nonce()
        self._nonces.append(nonce)
        # Hikvision and Dahua offer MD5 without qop; RFC 7616 wants qop with SHA-256.
        more = ', algorithm=SHA-256, qop="auth"' if self._auth == "digest-sha256" else ""
        old = ", stale=true" if stale else ""
        return f'Digest realm="{self._account.realm}", nonce="{nonce}"{more}{old}'

    def judge(self, authorization: str | None, *, method: str, uri: str) -> Verdict:
        """Whether an Authorization header's value opens `uri` to `method`."""
        if self._auth == "none":
            return "welcome"
        if authorization is None:
            return "unknown"
        scheme, _, rest = authorization.partition(" ")
        if self._auth == "basic":
            good = scheme.lower() == "basic" and self._is_basic(rest.strip())
            return "welcome" if good else "wrong"
        if scheme.lower() != "digest":
            return "wrong"
        return self._judge_digest(_parameters(rest), method, uri)

    def _is_basic(self, credentials: str) -> bool:
        try:
            given = base64.b64decode(credentials, validate=True)
        except (binascii.Error, ValueError):
            return False
        return hmac.compare_digest(given, f"{self._account.user}:{self._account.password}".encode())

    def _judge_digest(self, given: dict[str, str], method: str, uri: str) -> Verdict:
        expected = digest(self._account, self._auth, given, method=method)
        right = hmac.compare_digest(given.get("response", "").encode(), expected.encode())
        if not right or given.get("uri") != uri or given.get("username") != self._account.user:
            return "wrong"
        return "welcome" if given.get("nonce") in self._nonces else "stale"


def digest(account: Account, auth: CameraAuth, given: dict[str, str], *, method: str) -> str:
    """The response a client that knows the password computes from the parameters it sends."""

    def hashed(*parts: str) -> str:
        return HASHES[auth](":".join(parts).encode()).hexdigest()

    secret = hashed(account.user, account.realm, account.password)
    asked = hashed(method, given.get("uri", ""))
    nonce = given.get("nonce", "")
    if qop := given.get("qop"):
        return hashed(secret, nonce, given.get("nc", ""), given.get("cnonce", ""), qop, asked)
    return hashed(secret, nonce, asked)


def _parameters(text: str) -> dict[str, str]:
    return {name.lower(): quoted or plain for name, quoted, plain in PARAMETER.findall(text)}
