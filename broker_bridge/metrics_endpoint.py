"""Prometheus reads the bridge's metrics on loopback; whoever is slow or hostile holds nobody up."""

import logging
import socket
import threading
import time
from collections.abc import Callable
from http import HTTPStatus

from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

from broker_bridge.errors import SettingsRefused
from broker_bridge.language import mark

LOOPBACK = "127.0.0.1"
EXCHANGE_S = 2.0  # from the connection to the last byte of the answer
MAX_REQUEST_BYTES = 8_192
WAITING = 16
AGAIN_S = 1.0

log = logging.getLogger(__name__)


class MetricsEndpoint:
    """One thread, one exchange at a time: it can take no more of the machine than that."""

    def __init__(self, port: int, text: Callable[[], bytes]) -> None:
        """Raises SettingsError if the port is taken."""
        self._text = text
        self._closing = False
        try:
            self._listener = socket.create_server((LOOPBACK, port), backlog=WAITING)
        except OSError as error:
            raise SettingsRefused(
                mark("metrics.port: {host}:{port} cannot be used: {why}"),
                hint=mark("give each bridge on this machine a port of its own, or 0 for none"),
                host=LOOPBACK,
                port=str(port),
                why=error.strerror,
            ) from error
        self.port = int(self._listener.getsockname()[1])
        self._thread = threading.Thread(target=self._serve, name="metrics", daemon=True)

    def start(self) -> None:
        """Answers from now on."""
        self._thread.start()

    def close(self) -> None:
        """Answers nobody any more."""
        self._closing = True
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(EXCHANGE_S + AGAIN_S)

    def _serve(self) -> None:
        while not self._closing:
            try:
                caller, _ = self._listener.accept()
            except OSError as error:
                if not self._closing:
                    log.warning("metrics: no connection can be taken: %s", error)
                    time.sleep(AGAIN_S)
                continue
            with caller:
                self._answer(caller)

    def _answer(self, caller: socket.socket) -> None:
        """Whatever goes wrong between us is the caller's loss."""
        until = time.monotonic() + EXCHANGE_S
        try:
            answer = self._answer_to(_request(caller, until))
            caller.settimeout(_left_s(until))
            caller.sendall(answer)
        except OSError:
            return

    def _answer_to(self, request: bytes) -> bytes:
        method, _, rest = request.partition(b" ")
        path = rest.split(b" ")[0].split(b"?")[0]
        if not request.endswith(b"\r\n\r\n"):
            return _response(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
        if path != b"/metrics":
            return _response(HTTPStatus.NOT_FOUND)
        if method not in (b"GET", b"HEAD"):
            return _response(HTTPStatus.METHOD_NOT_ALLOWED)
        whole = _response(HTTPStatus.OK, self._text(), CONTENT_TYPE_PLAIN_0_0_4)
        return whole if method == b"GET" else whole[: whole.index(b"\r\n\r\n") + 4]


def _request(caller: socket.socket, until: float) -> bytes:
    """Its header; without its end if it is too long."""
    request = b""
    while b"\r\n\r\n" not in request and len(request) < MAX_REQUEST_BYTES:
        caller.settimeout(_left_s(until))
        part = caller.recv(MAX_REQUEST_BYTES - len(request))
        if not part:
            raise ConnectionResetError
        request += part
    header, end, _ = request.partition(b"\r\n\r\n")
    return header + end


def _left_s(until: float) -> float:
    left_s = until - time.monotonic()
    if left_s <= 0:
        raise TimeoutError
    return left_s


def _response(
    status: HTTPStatus, body: bytes = b"", content: str = "text/plain; charset=utf-8"
) -> bytes:
    body = body or f"{status.value} {status.phrase}\n".encode()
    head = (
        f"HTTP/1.1 {status.value} {status.phrase}\r\nContent-Type: {content}\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    return head.encode() + body
