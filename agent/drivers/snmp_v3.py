"""SNMP version 3 with one user: signed, and with a second password also secret (RFC 3412, 3414).

Signatures after RFC 3414 and RFC 7860, AES-128 after RFC 3826. Loaded only if a setting names a
user, and `cryptography` only if one has a password for privacy.
"""

import hmac
from dataclasses import dataclass, field, replace

from agent.clock import Clock
from agent.drivers import ber
from agent.drivers.login_pause import LoginPause
from agent.drivers.snmp_keys import MAC_LEN, aes, localised, master_key
from agent.drivers.snmp_message import REPORT, RESPONSE, Bindings, Question, bindings, pdu
from agent.errors import DeviceRefused, FrameError

VERSION_3, USM = 3, 3
MAX_SIZE = 4_096
AUTH, PRIV, REPORTABLE = 1, 2, 4
TIME_WINDOW_S = 150  # RFC 3414, 2.2.3
LAST_BOOTS = 2**31 - 1
MAX_IGNORED = 3  # questions it does not answer though it answers who it is
STATS = "1.3.6.1.6.3.15.1.1."
NOT_IN_TIME, UNKNOWN_ENGINE = f"{STATS}2.0", f"{STATS}4.0"
REFUSED = (f"{STATS}3.0", f"{STATS}5.0", f"{STATS}6.0")  # user, signature, decryption
UNSUPPORTED_LEVEL = f"{STATS}1.0"


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """Who asks; passwords are in no representation."""

    name: str
    auth: str
    auth_password: str = field(repr=False)
    priv_password: str = field(repr=False, default="")


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """The device's own name and time, and when we heard it; `proven` by a signature."""

    id: bytes
    boots: int
    time_s: int
    heard_ms: int
    proven: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message's parts; `mac_at` is where in the datagram its signature stands."""

    number: int
    flags: int
    engine: bytes
    boots: int
    time_s: int
    user: bytes
    mac: bytes
    mac_at: int
    salt: bytes
    tag: int
    data: bytes


class Usm:
    """The user-based security model towards one device."""

    def __init__(self, user: User, *, clock: Clock, pause: LoginPause, first_salt: int) -> None:
        self._user = user
        self._clock = clock
        self._pause = pause
        self._salt = first_salt
        self._engine: Engine | None = None
        self._waiting = False
        self._ignored = 0
        self._proven = False

    def ask(self, question: Question, number: int) -> bytes:
        """The question, or before it the one who the device is; raises LoginRefused."""
        self._pause.check()
        self._count_ignored()
        engine = self._engine
        if engine is None:
            return self._discovery(number)
        self._waiting = True
        time_s = engine.time_s + (self._clock.boot_ms() - engine.heard_ms) // 1_000
        scoped = _scoped(engine.id, pdu(question, number))
        flags, salt = REPORTABLE | AUTH, b""
        if self._user.priv_password:
            flags, salt = flags | PRIV, self._next_salt()
            scoped = ber.tlv(
                ber.OCTET_STRING,
                aes(self._priv_key(engine.id), engine.boots, time_s, salt).encrypt(scoped),
            )
        unsigned = Message(
            number=number, flags=flags, engine=engine.id, boots=engine.boots, time_s=time_s,
            user=self._user.name.encode(), mac=bytes(MAC_LEN[self._user.auth]), mac_at=0,
            salt=salt, tag=0, data=scoped,
        )  # fmt: skip
        return encode(replace(unsigned, mac=self._mac(encode(unsigned), engine.id)))

    def hear(self, datagram: bytes, number: int) -> Bindings | None:
        """The answer, or None if the device said first who or when it is.

        Raises FrameError for what nobody signed, LoginRefused, DeviceRefused.
        """
        heard = decode(datagram)
        if heard.number != number:
            raise FrameError(f"an answer to message {heard.number}, not to {number}")
        signed = bool(heard.flags & AUTH)
        if signed:
            self._verify(datagram, heard)
        tag, body = self._opened(heard)
        if tag == REPORT:
            self._reported(_first_oid(body), heard, signed=signed)
            return None
        needed = AUTH | (PRIV if self._user.priv_password else 0)
        if heard.flags & needed != needed:
            raise FrameError("an SNMP answer that is less protected than its question")
        self._proven, self._ignored = True, 0
        return bindings(body, number)

    def shown(self, datagram: bytes) -> bytes:
        """As it is: no password is ever in it."""
        return datagram

    def _count_ignored(self) -> None:
        """After silence it is asked anew who it is: if it then ignores us, it is our priv_password.

        A wrong name or auth_password it would report. Not of a user whom it answered before: then
        the network loses datagrams.
        """
        if not self._waiting:
            return
        self._waiting, self._engine = False, None
        self._ignored += 1
        encrypts = bool(self._user.priv_password)
        if self._ignored >= MAX_IGNORED and encrypts and not self._proven:
            self._ignored = 0
            raise self._pause.begin()

    def _discovery(self, number: int) -> bytes:
        empty = Message(
            number=number, flags=REPORTABLE, engine=b"", boots=0, time_s=0, user=b"", mac=b"",
            mac_at=0, salt=b"", tag=0, data=_scoped(b"", pdu(Question(oids=()), number)),
        )  # fmt: skip
        return encode(empty)

    def _verify(self, datagram: bytes, heard: Message) -> None:
        engine = self._engine
        if engine is None or heard.engine != engine.id or heard.user != self._user.name.encode():
            raise FrameError("an SNMP answer of another device or user")
        end = heard.mac_at + len(heard.mac)
        blank = datagram[: heard.mac_at] + bytes(len(heard.mac)) + datagram[end:]
        if not hmac.compare_digest(self._mac(blank, engine.id), heard.mac):
            raise FrameError("an SNMP answer that is not signed with this password")
        now = (heard.boots, heard.time_s + TIME_WINDOW_S)
        if heard.boots == LAST_BOOTS or (engine.proven and now < (engine.boots, engine.time_s)):
            raise FrameError("an SNMP answer from long ago")
        self._learn(heard, proven=True)
        self._waiting = False

    def _opened(self, heard: Message) -> tuple[int, bytes]:
        scoped = heard.data
        if heard.tag == ber.OCTET_STRING:
            if self._engine is None or not heard.flags & AUTH or not self._user.priv_password:
                raise FrameError("an SNMP answer encrypted for somebody else")
            key = self._priv_key(self._engine.id)
            # A block cipher's padding may follow the message.
            plain = aes(key, heard.boots, heard.time_s, heard.salt).decrypt(scoped)
            tag, start, stop = next(ber.spans(plain, 0, len(plain)), (0, 0, 0))
            scoped = plain[start:stop]
            if tag != ber.SEQUENCE:
                raise FrameError("an SNMP answer that cannot be decrypted")
        parts = list(ber.spans(scoped, 0, len(scoped)))
        if len(parts) != 3 or parts[2][0] not in (RESPONSE, REPORT):
            raise FrameError("an SNMP message that is no answer")
        tag, start, stop = parts[2]
        return tag, scoped[start:stop]

    def _reported(self, oid: str, heard: Message, *, signed: bool) -> None:
        self._waiting = False
        if oid == NOT_IN_TIME and signed:
            return
        if oid == UNKNOWN_ENGINE and heard.engine:
            self._learn(heard, proven=False)
            return
        if oid in REFUSED:
            raise self._pause.begin()
        if oid == UNSUPPORTED_LEVEL:
            raise DeviceRefused(
                "the device does not take this user's kind of protection",
                hint="give auth_password and priv_password as the user has them on the device",
            )
        raise FrameError(f"an SNMP report about {oid[:80]}")

    def _learn(self, heard: Message, *, proven: bool) -> None:
        self._engine = Engine(
            id=heard.engine, boots=heard.boots, time_s=heard.time_s,
            heard_ms=self._clock.boot_ms(), proven=proven,
        )  # fmt: skip

    def _mac(self, message: bytes, engine: bytes) -> bytes:
        master = master_key(self._user.auth, self._user.auth_password)
        key = localised(self._user.auth, master, engine)
        return hmac.digest(key, message, self._user.auth)[: MAC_LEN[self._user.auth]]

    def _priv_key(self, engine: bytes) -> bytes:
        master = master_key(self._user.auth, self._user.priv_password)
        return localised(self._user.auth, master, engine)[:16]

    def _next_salt(self) -> bytes:
        self._salt = (self._salt + 1) % 2**64
        return self._salt.to_bytes(8)


def encode(message: Message) -> bytes:
    """A message, after RFC 3412, 6; its `data` is encoded already."""
    header = (
        ber.integer(message.number)
        + ber.integer(MAX_SIZE)
        + ber.tlv(ber.OCTET_STRING, bytes([message.flags]))
        + ber.integer(USM)
    )
    usm = (
        ber.tlv(ber.OCTET_STRING, message.engine)
        + ber.integer(message.boots)
        + ber.integer(message.time_s)
        + ber.tlv(ber.OCTET_STRING, message.user)
        + ber.tlv(ber.OCTET_STRING, message.mac)
        + ber.tlv(ber.OCTET_STRING, message.salt)
    )
    parameters = ber.tlv(ber.OCTET_STRING, ber.tlv(ber.SEQUENCE, usm))
    fields = ber.integer(VERSION_3) + ber.tlv(ber.SEQUENCE, header) + parameters + message.data
    return ber.tlv(ber.SEQUENCE, fields)


def decode(datagram: bytes) -> Message:
    """A message's parts; raises FrameError."""
    ((_, at, end),) = _of(datagram, 0, len(datagram), ber.SEQUENCE)
    version, header, security, data = _of(
        datagram, at, end, ber.INTEGER, ber.SEQUENCE, ber.OCTET_STRING, None
    )
    number, _, flags, model = _of(
        datagram, *header[1:], ber.INTEGER, ber.INTEGER, ber.OCTET_STRING, ber.INTEGER
    )
    found = [ber.to_int(datagram[one[1] : one[2]]) for one in (version, number, model)]
    if found[0] != VERSION_3 or found[2] != USM or flags[2] - flags[1] != 1:
        raise FrameError("an SNMP message of another version or security model")
    ((_, *inside),) = _of(datagram, *security[1:], ber.SEQUENCE)
    engine, boots, time_s, user, mac, salt = _of(
        datagram, *inside, ber.OCTET_STRING, ber.INTEGER, ber.INTEGER, *[ber.OCTET_STRING] * 3
    )
    clock = [ber.to_int(datagram[one[1] : one[2]]) for one in (boots, time_s)]
    if not 0 <= min(clock) <= max(clock) <= LAST_BOOTS:
        raise FrameError("an SNMP message with a clock that cannot be")
    return Message(
        number=found[1],
        flags=datagram[flags[1]],
        engine=datagram[engine[1] : engine[2]],
        boots=clock[0],
        time_s=clock[1],
        user=datagram[user[1] : user[2]],
        mac=datagram[mac[1] : mac[2]],
        mac_at=mac[1],
        salt=datagram[salt[1] : salt[2]],
        tag=data[0],
        data=datagram[data[1] : data[2]],
    )


def _of(data: bytes, at: int, end: int, *tags: int | None) -> list[tuple[int, int, int]]:
    """Exactly these tags, None being any; raises FrameError."""
    found = list(ber.spans(data, at, end))
    fits = len(found) == len(tags) and all(
        tag is None or tag == one[0] for tag, one in zip(tags, found, strict=True)
    )
    if not fits:
        raise FrameError("bytes that are no SNMP message")
    return found


def _scoped(engine: bytes, asked: bytes) -> bytes:
    context = ber.tlv(ber.OCTET_STRING, engine) + ber.tlv(ber.OCTET_STRING, b"")
    return ber.tlv(ber.SEQUENCE, context + asked)


def _first_oid(report: bytes) -> str:
    *_, listed = ber.read(report, ber.INTEGER, ber.INTEGER, ber.INTEGER, ber.SEQUENCE)
    for tag, at, end in ber.spans(listed, 0, len(listed)):
        if tag == ber.SEQUENCE:
            for inner, start, stop in ber.spans(listed, at, end):
                if inner == ber.OBJECT_IDENTIFIER:
                    return ber.to_oid(listed[start:stop])
    raise FrameError("an SNMP report about nothing")
