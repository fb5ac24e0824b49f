"""The way to the broker: a connection, and what TLS says of both certificates.

Nothing here says CONNECT: the bridge that runs keeps its session. A broker that refuses a
certificate says so after TLS 1.3's handshake, in an alert; one that accepts it closes at a
PINGREQ, which may not come first.
"""

import socket
import ssl
from contextlib import closing
from dataclasses import dataclass
from typing import Literal

from cryptography import x509

from contract.tls import Broker, client_context

PROBE_S = 3.0
ALERT_S = 0.5
PINGREQ = bytes.fromhex("c000")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """How far it went; `why` is the words of whoever refused."""

    verdict: Literal["good", "no way", "theirs", "ours"]
    why: str = ""
    certificate: x509.Certificate | None = None  # the broker's


def ask(broker: Broker) -> Answer:
    """Raises SettingsError if our own certificate cannot be used."""
    context = client_context(broker)
    try:
        plain = socket.create_connection((broker.host, broker.port), timeout=PROBE_S)
    except OSError as error:
        return Answer(verdict="no way", why=error.strerror or str(error))
    with closing(plain):
        try:
            with context.wrap_socket(plain, server_hostname=broker.host) as secure:
                shown = secure.getpeercert(binary_form=True) or b""
                refused = _refused(secure)
        except ssl.SSLCertVerificationError as error:
            return Answer(verdict="theirs", why=error.verify_message)
        except OSError as error:
            return Answer(verdict="no way", why=error.strerror or str(error))
    if refused:
        return Answer(verdict="ours", why=refused)
    return Answer(verdict="good", certificate=x509.load_der_x509_certificate(shown))


def _refused(secure: ssl.SSLSocket) -> str:
    """The alert's words; empty if our certificate is accepted."""
    for wait_s, word in ((ALERT_S, PINGREQ), (PROBE_S, b"")):
        secure.settimeout(wait_s)
        try:
            secure.recv(1)
        except TimeoutError:
            if word:
                secure.sendall(word)
        except ssl.SSLError as error:
            if error.reason and error.reason != "UNEXPECTED_EOF_WHILE_READING":
                return error.reason.replace("_", " ").lower()
            return ""
        except ConnectionResetError:
            return ""
        else:
            return "it closes the connection" if word else ""
    return ""
