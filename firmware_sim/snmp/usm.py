"""An SNMP v3 agent's side of one user: who may ask, and the answer's signature and secrecy.

RFC 3412 and RFC 3414; signatures also of RFC 7860, AES-128 of RFC 3826.
"""

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass

from firmware_sim.snmp import ber, message
from firmware_sim.snmp.ber import Oid
from firmware_sim.snmp.message import Request

VERSION_3, USM = 3, 3
AUTH, PRIV, REPORTABLE = 1, 2, 4
MAX_SIZE = 1472
WINDOW_S = 150
REPORT = 0xA8
STATS: Oid = (1, 3, 6, 1, 6, 3, 15, 1, 1)
UNSUPPORTED_LEVEL, NOT_IN_TIME, UNKNOWN_USER, UNKNOWN_ENGINE, WRONG_DIGEST = 1, 2, 3, 4, 5
MAC_LEN = {"md5": 12, "sha1": 12, "sha256": 24}
BOOTS = 1

Answering = Callable[[Request], bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A question's parts; `covered` is the datagram with zeros for its signature."""

    number: int
    flags: int
    engine: bytes
    boots: int
    time_s: int
    user: bytes
    mac: bytes
    salt: bytes
    data: bytes
    covered: bytes


class Usm:
    """One user on one agent, whose engine started once, at second 0 of the clock."""

    def __init__(
        self, *, engine: bytes, user: str, auth: str, auth_password: str, priv_password: str
    ) -> None:
        self.engine = engine
        self._user = user.encode()
        self._auth = auth
        self._auth_key = self._key(auth_password)
        self._priv_key = self._key(priv_password)[:16] if priv_password else b""
        self._salt = 0
        self._counts = dict.fromkeys(range(1, 7), 0)

    def answer(self, datagram: bytes, now_s: int, answering: Answering) -> bytes | None:
        """The reply, a report, or None to what no agent answers; `answering` makes v2's PDU."""
        asked = parse(datagram)
        if asked.engine != self.engine:
            return self._report(asked, UNKNOWN_ENGINE, now_s)
        if asked.user != self._user:
            return self._report(asked, UNKNOWN_USER, now_s)
        if asked.flags & (AUTH | PRIV) != (AUTH | PRIV if self._priv_key else AUTH):
            return self._report(asked, UNSUPPORTED_LEVEL, now_s)
        if not hmac.compare_digest(self._mac(asked.covered), asked.mac):
            return self._report(asked, WRONG_DIGEST, now_s)
        if asked.boots != BOOTS or abs(asked.time_s - now_s) > WINDOW_S:
            return self._report(asked, NOT_IN_TIME, now_s, flags=AUTH)
        scoped = self._opened(asked)
        request = message.request_of(scoped[1], scoped[2], community=b"")
        return self._reply(asked, answering(request), now_s, flags=asked.flags & (AUTH | PRIV))

    def _opened(self, asked: Asked) -> tuple[bytes, int, bytes]:
        """Engine, PDU's tag and content; raises BerError for another priv_password's."""
        plain = asked.data
        if self._priv_key:
            (secret,) = ber.expect(asked.data, ber.OCTET_STRING)
            plain = self._cipher(asked.boots, asked.time_s, asked.salt).decryptor().update(secret)
        (scoped,) = ber.expect(plain, ber.SEQUENCE)
        parts = list(ber.read(scoped))
        if [tag for tag, _ in parts[:2]] != [ber.OCTET_STRING, ber.OCTET_STRING] or len(parts) != 3:
            raise ber.BerError("no scoped PDU")
        return parts[0][1], *parts[2]

    def _report(self, asked: Asked, what: int, now_s: int, *, flags: int = 0) -> bytes:
        self._counts[what] += 1
        counted = ber.oid((*STATS, what, 0)) + ber.integer(self._counts[what], ber.COUNTER32)
        fields = ber.integer(0) * 3 + ber.tlv(ber.SEQUENCE, ber.tlv(ber.SEQUENCE, counted))
        return self._reply(asked, ber.tlv(REPORT, fields), now_s, flags=flags)

    def _reply(self, asked: Asked, pdu: bytes, now_s: int, *, flags: int) -> bytes:
        scoped = ber.tlv(
            ber.SEQUENCE,
            ber.tlv(ber.OCTET_STRING, self.engine) + ber.tlv(ber.OCTET_STRING, b"") + pdu,
        )
        salt = b""
        if flags & PRIV:
            self._salt += 1
            salt = self._salt.to_bytes(8)
            secret = self._cipher(BOOTS, now_s, salt).encryptor().update(scoped)
            scoped = ber.tlv(ber.OCTET_STRING, secret)
        user = asked.user if flags & AUTH else b""
        blank = bytes(MAC_LEN[self._auth]) if flags & AUTH else b""

        def whole(mac: bytes) -> bytes:
            return self._message(
                number=asked.number, flags=flags, now_s=now_s, user=user, mac=mac, salt=salt,
                data=scoped,
            )  # fmt: skip

        return whole(self._mac(whole(blank))) if flags & AUTH else whole(b"")

    def _message(
        self,
        *,
        number: int,
        flags: int,
        now_s: int,
        user: bytes,
        mac: bytes,
        salt: bytes,
        data: bytes,
    ) -> bytes:
        header = (
            ber.integer(number) + ber.integer(MAX_SIZE)
            + ber.tlv(ber.OCTET_STRING, bytes([flags])) + ber.integer(USM)
        )  # fmt: skip
        security = (
            ber.tlv(ber.OCTET_STRING, self.engine) + ber.integer(BOOTS) + ber.integer(now_s)
            + ber.tlv(ber.OCTET_STRING, user) + ber.tlv(ber.OCTET_STRING, mac)
            + ber.tlv(ber.OCTET_STRING, salt)
        )  # fmt: skip
        return ber.tlv(
            ber.SEQUENCE,
            ber.integer(VERSION_3) + ber.tlv(ber.SEQUENCE, header)
            + ber.tlv(ber.OCTET_STRING, ber.tlv(ber.SEQUENCE, security)) + data,
        )  # fmt: skip

    def _mac(self, covered: bytes) -> bytes:
        return hmac.digest(self._auth_key, covered, self._auth)[: MAC_LEN[self._auth]]

    def _key(self, password: str) -> bytes:
        """RFC 3414, A.2: a megabyte of the password, then with the engine in its middle."""
        if not password:
            return b""
        hashed = hashlib.new(self._auth)
        secret, left = password.encode(), 1_048_576
        whole, rest = divmod(left, len(secret))
        hashed.update(secret * whole + secret[:rest])
        master = hashed.digest()
        return hashlib.new(self._auth, master + self.engine + master).digest()

    def _cipher(self, boots: int, time_s: int, salt: bytes):  # type: ignore[no-untyped-def]  # a library's own
        from cryptography.hazmat.decrepit.ciphers.modes import CFB  # noqa: PLC0415
        from cryptography.hazmat.primitives.ciphers import Cipher, algorithms  # noqa: PLC0415

        if len(salt) != 8 or not 0 <= time_s < 2**31:
            raise ber.BerError("no salt of eight bytes")
        vector = boots.to_bytes(4) + time_s.to_bytes(4) + salt
        return Cipher(algorithms.AES(self._priv_key), CFB(vector))


def parse(datagram: bytes) -> Asked:
    """The parts of a v3 message; raises BerError."""
    (whole,) = ber.expect(datagram, ber.SEQUENCE)
    fields = list(ber.read(whole))
    tags = [tag for tag, _ in fields[:3]]
    if tags != [ber.INTEGER, ber.SEQUENCE, ber.OCTET_STRING] or len(fields) != 4:
        raise ber.BerError("no SNMP v3 message")
    (_, version), (_, header), (_, security), (tag, data) = fields
    number, _, flags, model = ber.expect(
        header, ber.INTEGER, ber.INTEGER, ber.OCTET_STRING, ber.INTEGER
    )
    if ber.to_int(version) != VERSION_3 or ber.to_int(model) != USM or len(flags) != 1:
        raise ber.BerError("no SNMP v3 message with users")
    (usm,) = ber.expect(security, ber.SEQUENCE)
    engine, boots, time_s, user, mac, salt = ber.expect(
        usm, ber.OCTET_STRING, ber.INTEGER, ber.INTEGER, *[ber.OCTET_STRING] * 3
    )
    # A signature is as good as random: it stands in one place only.
    once = mac and datagram.count(mac) == 1
    return Asked(
        number=ber.to_int(number), flags=flags[0], engine=engine, boots=ber.to_int(boots),
        time_s=ber.to_int(time_s), user=user, mac=mac, salt=salt,
        data=ber.tlv(tag, data),
        covered=datagram.replace(mac, bytes(len(mac))) if once else b"",
    )  # fmt: skip
