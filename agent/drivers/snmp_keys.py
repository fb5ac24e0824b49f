"""A user's passwords become the keys of one SNMP engine (RFC 3414, A.2; RFC 7860; RFC 3826)."""

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from agent.errors import FrameError

MAC_LEN = {"md5": 12, "sha1": 12, "sha224": 16, "sha256": 24, "sha384": 32, "sha512": 48}
MEGABYTE = 1_048_576


@lru_cache(maxsize=64)
def master_key(auth: str, password: str) -> bytes:
    """A megabyte of the password, hashed: slow on purpose, so each is made once."""
    secret = password.encode()
    return hashlib.new(auth, (secret * (MEGABYTE // len(secret) + 1))[:MEGABYTE]).digest()


def localised(auth: str, master: bytes, engine: bytes) -> bytes:
    """The key that opens this one engine."""
    return hashlib.new(auth, master + engine + master).digest()


@dataclass(frozen=True, slots=True)
class Aes:
    """AES-128 in cipher feedback mode, for one message."""

    _cipher: Any

    def encrypt(self, plain: bytes) -> bytes:
        """Of the same length."""
        return bytes(self._cipher.encryptor().update(plain))

    def decrypt(self, secret: bytes) -> bytes:
        """Of the same length; anything at all if the key is another."""
        return bytes(self._cipher.decryptor().update(secret))


def aes(key: bytes, boots: int, time_s: int, salt: bytes) -> Aes:
    """The cipher of one message; raises FrameError if its vector cannot be made."""
    from cryptography.hazmat.decrepit.ciphers.modes import CFB  # noqa: PLC0415
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms  # noqa: PLC0415

    return Aes(Cipher(algorithms.AES(key), CFB(_vector(boots, time_s, salt))))


def _vector(boots: int, time_s: int, salt: bytes) -> bytes:
    if len(salt) != 8 or min(boots, time_s) < 0 or max(boots, time_s) >= 1 << 32:
        raise FrameError("an SNMP message that cannot be decrypted")
    return boots.to_bytes(4) + time_s.to_bytes(4) + salt
