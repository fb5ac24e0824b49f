"""The answer to a device's challenge: Digest (RFC 2617, RFC 7616) or Basic (RFC 7617)."""

import base64
import hashlib
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

MAX_CHALLENGE = 1_024
MAX_CHALLENGES = 8

_PARAMETER = re.compile(r'(?:([A-Za-z][\w-]*+) +)?([A-Za-z][\w-]*+) *= *(?:"([^"]*)"|([^\s,"]+))')
_HASHES: dict[str, Callable[[bytes], "hashlib._Hash"]] = {
    "SHA-256": hashlib.sha256,
    "MD5": hashlib.md5,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """Who asks; the password is in no representation."""

    user: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Challenge:
    """One way in that the device offers; parameter names are in lower case."""

    scheme: str
    parameters: dict[str, str]

    @property
    def algorithm(self) -> str:
        """The hash's name; MD5 where none is named."""
        return self.parameters.get("algorithm", "MD5").upper()

    @property
    def stale(self) -> bool:
        """Whether only the nonce was refused, not the password."""
        return self.parameters.get("stale", "").lower() == "true"


def parse_challenges(headers: Iterable[str]) -> list[Challenge]:
    """The challenges of all WWW-Authenticate headers, of which each may hold several."""
    challenges: list[Challenge] = []
    for header in list(headers)[:MAX_CHALLENGES]:
        for scheme, name, quoted, plain in _PARAMETER.findall(header[:MAX_CHALLENGE]):
            if scheme:
                challenges.append(Challenge(scheme=scheme.lower(), parameters={}))
            if challenges:
                challenges[-1].parameters[name.lower()] = quoted or plain
    return challenges


def choose(challenges: Iterable[Challenge]) -> Challenge | None:
    """The strongest that can be answered: SHA-256, then MD5, then Basic."""
    strengths = [(_strength(challenge), challenge) for challenge in challenges]
    strength, challenge = max(strengths, key=lambda item: item[0], default=(0, None))
    return challenge if strength else None


def authorization(
    challenge: Challenge, credentials: Credentials, *, method: str, uri: str, cnonce: str
) -> str:
    """The Authorization header's value for the first request under this nonce."""
    if challenge.scheme == "basic":
        plain = f"{credentials.user}:{credentials.password}".encode()
        return f"Basic {base64.b64encode(plain).decode()}"
    given = challenge.parameters
    qop = "auth" if "qop" in given else ""
    nc = "00000001"
    fields = {
        "username": credentials.user.replace("\\", "\\\\").replace('"', '\\"'),
        "realm": given.get("realm", ""),
        "nonce": given.get("nonce", ""),
        "uri": uri,
        "response": digest(
            challenge, credentials, method=method, uri=uri, qop=qop, nc=nc, cnonce=cnonce
        ),
    }
    text = ", ".join(f'{name}="{value}"' for name, value in fields.items())
    if "opaque" in given:
        text += f', opaque="{given["opaque"]}"'
    if "algorithm" in given:
        text += f", algorithm={challenge.algorithm}"
    if qop:
        text += f', qop={qop}, nc={nc}, cnonce="{cnonce}"'
    return f"Digest {text}"


def digest(
    challenge: Challenge,
    credentials: Credentials,
    *,
    method: str,
    uri: str,
    qop: str,
    nc: str,
    cnonce: str,
) -> str:
    """The `response` parameter in hex; an empty `qop` is the way of RFC 2069."""

    def hashed(*parts: str) -> str:
        return _HASHES[challenge.algorithm](":".join(parts).encode()).hexdigest()

    nonce = challenge.parameters.get("nonce", "")
    secret = hashed(credentials.user, challenge.parameters.get("realm", ""), credentials.password)
    asked = hashed(method, uri)
    if qop:
        return hashed(secret, nonce, nc, cnonce, qop, asked)
    return hashed(secret, nonce, asked)


def _strength(challenge: Challenge) -> int:
    if challenge.scheme == "basic":
        return 1
    qops = challenge.parameters.get("qop", "auth").replace(" ", "").lower().split(",")
    if challenge.scheme != "digest" or challenge.algorithm not in _HASHES or "auth" not in qops:
        return 0
    return 3 if challenge.algorithm == "SHA-256" else 2
