"""One device's SNMP agent is asked over UDP; a late or foreign datagram is never its answer."""

import asyncio
import secrets
import socket
from collections.abc import Callable
from typing import Protocol

from agent.deadline import Deadline
from agent.drivers.resolver import Resolver
from agent.drivers.snmp_message import Binding, Bindings, Question
from agent.errors import DeviceError, DeviceRefused, DeviceSilent, FrameError, ServiceClosed
from agent.tap import Traffic

MAX_DATAGRAM = 4_096
MAX_TURNS = 4  # version 3: who are you, what time is it, and the answer
MAX_ROWS = 512
REPETITIONS = 16
Predicate = Callable[[Bindings], bool]
FIRST_NUMBER, LAST_NUMBER = 0x4000_0000, 0x7FFF_FFFF


class Dialect(Protocol):
    """How a question is wrapped in a datagram, and unwrapped from one."""

    def ask(self, question: Question, number: int) -> bytes:
        """The datagram to send next; raises LoginRefused while it must not be sent."""
        ...

    def hear(self, datagram: bytes, number: int) -> Bindings | None:
        """The answer, or None if the question is to be asked anew; raises DeviceError."""
        ...

    def shown(self, datagram: bytes) -> bytes:
        """The datagram without any secret."""
        ...


class SnmpAgent:
    """One device's agent; each question has its own socket and number."""

    def __init__(
        self,
        *,
        host: str,
        port: int,
        dialect: Dialect,
        timeout_ms: int,
        resolver: Resolver,
        new_number: Callable[[], int],
        traffic: Traffic | None = None,
    ) -> None:
        self._host = host
        self._port = port
        self._dialect = dialect
        self._timeout_ms = timeout_ms
        self._resolver = resolver
        self._new_number = new_number
        self._traffic = traffic or Traffic()

    async def get(self, oids: tuple[str, ...]) -> Bindings:
        """These objects, the missing ones marked so; raises DeviceError."""
        answer = await self._ask(Question(oids=oids))
        asked = set(oids)
        strangers = [one.oid for one in answer if one.oid not in asked]
        if strangers:
            raise FrameError(f"an answer about {strangers[0][:80]}, which was not asked")
        return answer

    async def walk(self, column: str) -> Bindings:
        """Every row of a table's column, in as many questions as it takes; raises DeviceError.

        At most 512 rows, in rising order, as RFC 3416 has it: an agent that runs in circles is
        left.
        """
        rows: list[Binding] = []
        last = column
        while True:
            question = Question(oids=(last,), repetitions=REPETITIONS)
            answer = await self._ask(question, may_show=_all_in(column))
            more = rows_of(column, last, answer)
            rows += more
            if len(rows) > MAX_ROWS:
                raise FrameError(f"a table of more than {MAX_ROWS} rows")
            if len(more) < len(answer) or not more:
                return tuple(rows)
            last = more[-1].oid

    async def _ask(self, question: Question, may_show: Predicate = lambda _: True) -> Bindings:
        strange: list[FrameError] = []
        try:
            async with Deadline(self._timeout_ms / 1_000):
                return await self._talk(question, may_show, strange)
        except TimeoutError:
            if strange:
                raise strange[-1] from None
            raise DeviceSilent(f"no answer to SNMP within {self._timeout_ms} ms") from None
        except ConnectionRefusedError:
            raise ServiceClosed(
                f"nothing listens on port {self._port}", hint="turn SNMP on"
            ) from None
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise DeviceSilent(f"no way to {self._host[:80]}: {reason[:80]}") from error

    async def _talk(
        self, question: Question, may_show: Predicate, strange: list[FrameError]
    ) -> Bindings:
        address = await self._resolver.find(self._host)
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        with socket.socket(family, socket.SOCK_DGRAM) as wire:
            wire.setblocking(False)
            wire.connect((address, self._port))  # the kernel drops what others send
            for _ in range(MAX_TURNS):
                number = self._new_number()
                await self._send(wire, self._dialect.ask(question, number))
                answer = await self._hear(wire, number, may_show, strange)
                if answer is not None:
                    return answer
        raise DeviceRefused("the device asks for another question again and again")

    async def _send(self, wire: socket.socket, datagram: bytes) -> None:
        await asyncio.get_running_loop().sock_sendall(wire, datagram)
        self._traffic.note(self._dialect.shown(datagram), sent=True)

    async def _hear(
        self,
        wire: socket.socket,
        number: int,
        may_show: Predicate,
        strange: list[FrameError],
    ) -> Bindings | None:
        """What the device says; whatever else comes is kept in `strange` and ends no wait."""
        while True:
            datagram = await asyncio.get_running_loop().sock_recv(wire, MAX_DATAGRAM)
            try:
                answer = self._dialect.hear(datagram, number)
            except DeviceError as error:
                self._note(datagram, show=may_show(()))
                if not isinstance(error, FrameError):
                    raise
                strange[:] = [error]
            else:
                self._note(datagram, show=answer is None or may_show(answer))
                return answer

    def _note(self, datagram: bytes, *, show: bool) -> None:
        hidden = f"({len(datagram)} bytes; what lies behind the table is not shown)".encode()
        self._traffic.note(self._dialect.shown(datagram) if show else hidden, sent=False)


def rows_of(column: str, last: str, answer: Bindings) -> Bindings:
    """The answer's rows of `column`, up to where it leaves it; raises FrameError if it turns back.

    `last` is the object that was asked for the following ones.
    """
    rows: list[Binding] = []
    before = _numbers(last)
    for one in answer:
        if one.missing or not one.oid.startswith(f"{column}."):
            break
        now = _numbers(one.oid)
        if now <= before:
            raise FrameError("a table whose rows do not rise")
        before = now
        rows.append(one)
    return tuple(rows)


def _all_in(column: str) -> Predicate:
    """Whether an answer holds nothing but the column: behind it may stand clients' addresses."""
    return lambda answer: bool(answer) and all(one.oid.startswith(f"{column}.") for one in answer)


def new_number() -> int:
    """A request-id that nobody can guess."""
    return FIRST_NUMBER + secrets.randbelow(LAST_NUMBER - FIRST_NUMBER + 1)


def _numbers(oid: str) -> tuple[int, ...]:
    return tuple(int(number) for number in oid.split("."))
