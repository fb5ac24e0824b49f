"""A camera's web service is asked now and then, and whenever a person looks on."""

import ssl
from dataclasses import replace

from agent.drivers.account import UNAUTHORIZED, Account
from agent.drivers.http import MAX_BODY, Answer, Peer, Request, ask
from agent.drivers.place import NetworkPlace
from agent.drivers.redirection import elsewhere
from agent.errors import DeviceRefused
from contract.network_devices import CameraWeb as Settings


class CameraWeb:
    """One service of one camera; `account` is who asks it, if anybody."""

    def __init__(
        self,
        service: str,
        host: str,
        settings: Settings,
        place: NetworkPlace,
        *,
        account: Account | None = None,
    ) -> None:
        self.service = service
        self.account = account
        self._host = host
        self._settings = settings
        self._place = place
        self._tls = _only_pinned() if settings.certificate_sha256 else None
        self._due_ms = 0

    def is_due(self) -> bool:
        """Whether to ask now; the next time is `interval_s` later, whatever comes of this one."""
        now_ms = self._place.clock.boot_ms()
        if now_ms < self._due_ms and not self._place.traffic.is_heard:
            return False
        self._due_ms = now_ms + round(self._settings.interval_s * 1_000)
        return True

    async def ask(self, request: Request, *, max_body: int = MAX_BODY) -> Answer:
        """The answer without a login, whatever its status but a redirection; raises DeviceError."""
        peer = Peer(
            address=await self._place.resolver.find(self._host),
            port=self._settings.port,
            host=self._host,
            tls=self._tls,
            pin=self._settings.certificate_sha256,
        )
        answer = await ask(
            peer,
            request,
            timeout_ms=self._settings.timeout_ms,
            max_body=max_body,
            traffic=self._place.traffic,
        )
        if 300 <= answer.status < 400:
            raise elsewhere(answer.status, next(iter(answer.all("location")), ""))
        return answer

    async def ask_as_user(self, request: Request, *, max_body: int = MAX_BODY) -> Answer:
        """The answer, with a login if the camera wants one; raises DeviceError."""
        answer = await self.ask(request, max_body=max_body)
        if answer.status != UNAUTHORIZED or self.account is None:
            return answer
        return await self.log_in(answer, request, max_body=max_body)

    async def log_in(
        self, refusal: Answer, request: Request, *, max_body: int = MAX_BODY
    ) -> Answer:
        """The answer to the same question with what the refusal challenges to."""
        if self.account is None:
            raise DeviceRefused(
                f"the camera's {self.service} wants a login", hint="set user and password"
            )

        async def ask_with(login: str) -> Answer:
            headers = (*request.headers, ("Authorization", login))
            return await self.ask(replace(request, headers=headers), max_body=max_body)

        return await self.account.log_in(
            self.service, refusal, ask_with, method=request.method, uri=request.path
        )


def _only_pinned() -> ssl.SSLContext:
    """A camera signs its own certificate: only its hash, given by a person, says that it is it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
