"""A visit to the broker under one name shows whether that name is let in, and pushes it out."""

import socket
import ssl
import threading
from collections.abc import Iterable
from contextlib import suppress
from typing import Any, Self

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.reasoncodes import ReasonCode

from provisioning.memory_file import in_memory

ANSWER_S = 5.0


class Visit:
    """One connection; it is open while its block runs."""

    def __init__(self, host: str, port: int, context: ssl.SSLContext) -> None:
        self._where = (host, port)
        self._answered = threading.Event()
        self._ended = threading.Event()
        self._accepted = False
        self._mqtt = mqtt.Client(
            CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5, reconnect_on_failure=False
        )
        self._mqtt.tls_set_context(context)
        self._mqtt.connect_timeout = ANSWER_S
        self._mqtt.on_connect = self._on_connect
        self._mqtt.on_disconnect = self._on_disconnect

    def __enter__(self) -> Self:
        """Connects; raises OSError if nobody listens there."""
        with suppress(ssl.SSLError, ConnectionResetError):
            self._mqtt.connect(*self._where)
            self._mqtt.loop_start()
            self._answered.wait(ANSWER_S)
        return self

    def __exit__(self, *_: object) -> None:
        self._mqtt.disconnect()
        self._mqtt.loop_stop()
        # paho closes its sockets when it is collected, and its callbacks hold us, who hold it.
        self._mqtt.on_connect = self._mqtt.on_disconnect = None

    @property
    def accepted(self) -> bool:
        """Whether the broker let this name in."""
        return self._accepted

    def pushed_out(self, within_s: float) -> bool:
        """Whether the connection ended meanwhile, as when another one takes the name."""
        return self._ended.wait(within_s)

    def clears(self, topics: Iterable[str]) -> bool:
        """Whether the broker took it that nothing is retained there any more."""
        sent = [self._mqtt.publish(topic, b"", qos=1, retain=True) for topic in topics]
        try:
            for one in sent:
                one.wait_for_publish(ANSWER_S)
        except (ValueError, RuntimeError):
            return False
        return all(one.is_published() for one in sent)

    def _on_connect(self, _: mqtt.Client, __: Any, ___: Any, code: ReasonCode, ____: Any) -> None:
        self._accepted = not code.is_failure
        self._answered.set()

    def _on_disconnect(self, *_: Any) -> None:
        self._ended.set()
        self._answered.set()


def listens(host: str, port: int) -> bool:
    """Whether anybody takes connections there."""
    try:
        with socket.create_connection((host, port), timeout=ANSWER_S):
            return True
    except OSError:
        return False


def context_of(anchor: bytes, certificate: bytes, key: bytes) -> ssl.SSLContext:
    """TLS 1.3 under a certificate whose key never touches a disk."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.load_verify_locations(cadata=anchor.decode())
    with in_memory(certificate + key) as path:
        context.load_cert_chain(path)
    return context
