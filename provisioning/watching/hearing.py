"""What the feed retains of every gateway, heard by a reader of the city in some seconds."""

import ssl
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt
from cryptography.x509 import load_pem_x509_certificate
from cryptography.x509.oid import NameOID

from contract.codec import decode_statement
from contract.errors import MessageError
from contract.identity import City, GatewayId
from contract.messages import GatewayState
from contract.tls import Broker, client_context
from contract.topics import Topics
from provisioning.errors import Trouble
from provisioning.visit import ANSWER_S, Visit

QUIET_S = 0.5  # nothing more came for so long,
QUIET_ANSWERS = 3  # or for so many times as the broker took to answer, if that is longer
LONGEST_S = 20.0
QOS = 1  # the broker waits for us, and drops nothing
ANCHOR = "ca.pem"

States = dict[str, GatewayState]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """Who may hear the feed: the folder that `nadi authority issue` made."""

    folder: Path
    name: str
    city: City

    def address(self, host: str, port: int) -> Broker:
        """How it reaches the broker."""
        own = self.folder / self.name
        return Broker(
            host=host,
            port=port,
            ca_file=str(self.folder / ANCHOR),
            cert_file=f"{own}.pem",
            key_file=f"{own}.key",
        )


def reader_of(folder: Path) -> Reader:
    """Whose certificate is in the folder; raises Trouble if there is none."""
    own = [file for file in sorted(folder.glob("*.pem")) if file.name != ANCHOR]
    try:
        (file,) = own
        subject = load_pem_x509_certificate(file.read_bytes()).subject
        (organisation,) = subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)
    except ValueError:
        raise Trouble("E-STATUS-01", folder=str(folder)) from None
    return Reader(folder=folder, name=file.stem, city=City(str(organisation.value)))


def heard(reader: Reader, host: str, port: int, *, monotonic: Callable[[], float]) -> States:
    """All that is retained; raises Trouble if the broker cannot be reached or refuses."""
    where, topic = f"{host}:{port}", Topics(reader.city).gateway_state(GatewayId("+"))
    try:
        with _Listening(host, port, client_context(reader.address(host, port))) as listening:
            if not listening.accepted:
                raise Trouble("E-STATUS-03", name=reader.name, broker=where)
            return listening.hear(topic, monotonic)
    except OSError as error:
        why = error.strerror or str(error)
        raise Trouble("E-STATUS-02", broker=where, why=why) from None


class _Listening(Visit):
    """A visit that listens; what is no state of this version is passed over."""

    def __init__(self, host: str, port: int, context: ssl.SSLContext) -> None:
        super().__init__(host, port, context)
        self._states: States = {}
        self._granted, self._told = threading.Event(), threading.Event()
        self._mqtt.on_subscribe = self._on_subscribe
        self._mqtt.on_message = self._on_message

    def __exit__(self, *parts: object) -> None:
        super().__exit__(*parts)
        self._mqtt.on_subscribe = self._mqtt.on_message = None

    def hear(self, topic: str, monotonic: Callable[[], float]) -> States:
        """Until nothing more comes, or it has lasted long enough."""
        began = monotonic()
        ends = began + LONGEST_S
        self._mqtt.subscribe(topic, qos=QOS)
        self._granted.wait(ANSWER_S)
        quiet_s = max(QUIET_S, QUIET_ANSWERS * (monotonic() - began))
        while (left_s := ends - monotonic()) > 0 and self._told.wait(min(quiet_s, left_s)):
            self._told.clear()
        return dict(self._states)

    def _on_subscribe(self, *_: Any) -> None:
        self._granted.set()

    def _on_message(self, _: mqtt.Client, __: Any, message: mqtt.MQTTMessage) -> None:
        with suppress(MessageError):
            state = decode_statement(GatewayState, bytes(message.payload))
            self._states[state.gateway] = state
        self._told.set()
