"""The way to the broker, step by step: its name, a connection, TLS; no step takes over 3 seconds.

The agent's own session stays as it is: nothing here says CONNECT under the gateway's name. A broker
that refuses a certificate says so after TLS 1.3's handshake, in an alert; one that accepts it
closes at a PINGREQ, which may not come first.
"""

import errno
import socket
import ssl
import threading
from contextlib import closing
from enum import Enum

from contract.tls import Broker, client_context

PROBE_S = 3.0
ALERT_S = 0.5
PINGREQ = bytes.fromhex("c000")
NO_NETWORK = (errno.ENETUNREACH, errno.ENETDOWN, errno.EADDRNOTAVAIL)
TEST_NET = ("192.0.2.1", 9)  # RFC 5737: nothing is sent there, only the way is asked for


class Way(Enum):
    """How far the way goes."""

    OPEN = "open"
    NO_NETWORK = "no network"
    NO_NAME = "no name"
    REFUSED = "refused"
    SILENT = "silent"


class Verdict(Enum):
    """What TLS says, of the broker's certificate and of ours."""

    GOOD = "good"
    THEIRS_EXPIRED = "theirs expired"
    THEIRS_EARLY = "theirs early"
    THEIRS_FOREIGN = "theirs foreign"
    THEIRS_MISNAMED = "theirs misnamed"
    OURS_REVOKED = "ours revoked"
    OURS_EXPIRED = "ours expired"
    OURS_FOREIGN = "ours foreign"
    OTHER = "other"


_OF_THEIRS = {  # X509_V_ERR_… of OpenSSL
    9: Verdict.THEIRS_EARLY,
    10: Verdict.THEIRS_EXPIRED,
    18: Verdict.THEIRS_FOREIGN,
    19: Verdict.THEIRS_FOREIGN,
    20: Verdict.THEIRS_FOREIGN,
    21: Verdict.THEIRS_FOREIGN,
    62: Verdict.THEIRS_MISNAMED,
    64: Verdict.THEIRS_MISNAMED,
    7: Verdict.THEIRS_FOREIGN,
}
_OF_OURS = {  # alerts of RFC 8446
    "CERTIFICATE_REVOKED": Verdict.OURS_REVOKED,
    "CERTIFICATE_EXPIRED": Verdict.OURS_EXPIRED,
    "UNKNOWN_CA": Verdict.OURS_FOREIGN,
    "DECRYPT_ERROR": Verdict.OURS_FOREIGN,
}


def route(host: str, port: int) -> tuple[Way, str]:
    """Whether a connection is taken there, and what the system says if not."""
    try:
        with closing(_connected(host, port)):
            return Way.OPEN, ""
    except socket.gaierror as error:
        return (Way.NO_NAME if _leads_out() else Way.NO_NETWORK), error.strerror or str(error)
    except TimeoutError:
        return Way.SILENT, ""
    except OSError as error:
        words = error.strerror or str(error)
        return (Way.NO_NETWORK if error.errno in NO_NETWORK else Way.REFUSED), words


def tls(broker: Broker) -> tuple[Verdict, str]:
    """What both sides think of each other's certificate; raises SettingsError or OSError."""
    context = client_context(broker)
    with closing(_connected(broker.host, broker.port)) as plain:
        try:
            with context.wrap_socket(plain, server_hostname=broker.host) as secure:
                return _accepted(secure)
        except ssl.SSLCertVerificationError as error:
            return _OF_THEIRS.get(error.verify_code, Verdict.OTHER), error.verify_message
        except ssl.SSLError as error:
            return _of_ours(error)


def _accepted(secure: ssl.SSLSocket) -> tuple[Verdict, str]:
    for wait_s, word in ((ALERT_S, PINGREQ), (PROBE_S, b"")):
        secure.settimeout(wait_s)
        try:
            secure.recv(1)
        except TimeoutError:
            if word:
                secure.sendall(word)
                continue
        except ssl.SSLError as error:
            if error.reason not in ("UNEXPECTED_EOF_WHILE_READING", None):
                return _of_ours(error)
        except ConnectionResetError:
            pass
        else:
            if word:  # it closed before we said anything
                return Verdict.OTHER, "closed"
        return Verdict.GOOD, ""
    return Verdict.GOOD, ""


def _of_ours(error: ssl.SSLError) -> tuple[Verdict, str]:
    reason = error.reason or str(error)
    for alert, verdict in _OF_OURS.items():
        if reason.endswith(alert):
            return verdict, reason
    return Verdict.OTHER, reason.replace("_", " ").lower()


def _connected(host: str, port: int) -> socket.socket:
    connected = socket.create_connection((_address(host, port), port), timeout=PROBE_S)
    connected.settimeout(PROBE_S)
    return connected


def _address(host: str, port: int) -> str:
    """The first address of the name; a resolver may take longer than we have, so it is left."""
    found: list[str] = []
    failed: list[socket.gaierror] = []

    def look() -> None:
        try:
            found.append(str(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][4][0]))
        except socket.gaierror as error:
            failed.append(error)

    looking = threading.Thread(target=look, daemon=True)
    looking.start()
    looking.join(PROBE_S)
    if found:
        return found[0]
    raise failed[0] if failed else socket.gaierror(socket.EAI_AGAIN, "no answer within 3 s")


def _leads_out() -> bool:
    """Whether this machine has any way out of itself."""
    try:
        with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as wire:
            wire.connect(TEST_NET)
    except OSError:
        return False
    return True
