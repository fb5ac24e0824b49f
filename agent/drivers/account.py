"""One user of one device over all its services: a wrong password is given once an hour at most."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Protocol, TypeVar

from agent.drivers.login import Credentials, authorization, choose, parse_challenges
from agent.drivers.login_pause import LoginPause, LoginPauses
from agent.errors import DeviceRefused, FrameError, LoginRefused

UNAUTHORIZED, FORBIDDEN = 401, 403
# A password that one service took just now is right; another that refuses it means something else.
PROVEN_MS = 60_000


class Answered(Protocol):
    """An answer that may be a refusal with challenges."""

    @property
    def status(self) -> int:
        """Its status code."""
        ...

    @property
    def challenges(self) -> tuple[str, ...]:
        """Its WWW-Authenticate headers."""
        ...


_A = TypeVar("_A", bound=Answered)


class Account:
    """Who asks; one login at a time, so that many devices of one host try a password once."""

    def __init__(
        self,
        credentials: Credentials,
        pauses: LoginPauses,
        *,
        device: str = "",
        new_cnonce: Callable[[], str] = lambda: secrets.token_hex(8),
    ) -> None:
        self.credentials = credentials
        self._clock = pauses.clock
        self._new_cnonce = new_cnonce
        self._all = pauses
        self._device = device
        self._pause = self._pause_of(device, who="the camera")
        self._pauses: dict[str, LoginPause] = {}
        self._proven_until_ms = 0
        self._turn = asyncio.Lock()

    def check(self, service: str) -> None:
        """Raises LoginRefused while that service must not be given the password."""
        self._pause.check()
        if service in self._pauses:
            self._pauses[service].check()

    @asynccontextmanager
    async def attempt(self, service: str) -> AsyncIterator[None]:
        """The one login that is under way; raises LoginRefused while there must be none."""
        async with self._turn:
            self.check(service)
            yield

    def accepted(self) -> None:
        """A service took the password."""
        self._proven_until_ms = self._clock.boot_ms() + PROVEN_MS

    def refused(self, service: str) -> LoginRefused:
        """A service did not take it; the error to raise."""
        if self._clock.boot_ms() >= self._proven_until_ms:
            return self._pause.begin()
        words = f"the camera takes the user and password elsewhere, and its {service}"
        pause = self._pause_of(f"{self._device} {service}", who=words)
        return self._pauses.setdefault(service, pause).begin()

    def _pause_of(self, device: str, *, who: str) -> LoginPause:
        return self._all.of(device, self.credentials.user, self.credentials.password, who=who)

    async def log_in(
        self,
        service: str,
        answer: _A,
        ask: Callable[[str], Awaitable[_A]],
        *,
        method: str,
        uri: str,
    ) -> _A:
        """Asks again with an Authorization after a 401, and once more if its nonce was stale.

        Raises LoginRefused if the password is not taken, DeviceRefused for an unknown challenge.
        """
        async with self.attempt(service):
            for _ in range(2):
                answer = await _heard(ask(self._authorization(answer, method=method, uri=uri)))
                if not _is_stale(answer):
                    break
            if answer.status in (UNAUTHORIZED, FORBIDDEN):
                raise self.refused(service)
            self.accepted()
        return answer

    def _authorization(self, answer: Answered, *, method: str, uri: str) -> str:
        challenge = choose(parse_challenges(answer.challenges))
        if challenge is None:
            raise DeviceRefused(
                "the camera offers no login that is known here (Digest MD5, SHA-256, Basic)",
                hint="allow Digest in the camera's settings",
            )
        return authorization(
            challenge, self.credentials, method=method, uri=uri, cnonce=self._new_cnonce()
        )


class Accounts:
    """The accounts of a line's devices.

    A recorder's channels share host and port, and so one account; cameras behind one router's
    address differ in their ports.
    """

    def __init__(self, pauses: LoginPauses) -> None:
        self._pauses = pauses
        self._known: dict[tuple[str, int, str, str], Account] = {}

    def of(self, host: str, port: int, user: str, password: str) -> Account | None:
        """None where there is no user, and so nothing to log in with."""
        if not user:
            return None
        key = (host.lower(), port, user, password)
        if key not in self._known:
            credentials = Credentials(user=user, password=password)
            device = f"{host.lower()}:{port}"
            self._known[key] = Account(credentials, self._pauses, device=device)
        return self._known[key]


async def _heard(answering: Awaitable[_A]) -> _A:
    """The answer to a login; one that cannot be read is not shown, for it may repeat the login."""
    try:
        return await answering
    except FrameError:
        raise FrameError("what came in answer to the login is no answer") from None


def _is_stale(answer: Answered) -> bool:
    if answer.status != UNAUTHORIZED:
        return False
    challenge = choose(parse_challenges(answer.challenges))
    return challenge is not None and challenge.stale
