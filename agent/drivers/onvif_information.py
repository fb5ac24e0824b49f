"""What a camera says it is, by ONVIF GetDeviceInformation: told to a person, never sealed."""

import secrets
from collections.abc import Callable
from datetime import UTC, datetime

from agent.clock import Clock
from agent.drivers.account import UNAUTHORIZED
from agent.drivers.camera_web import CameraWeb
from agent.drivers.http import OK, Answer
from agent.drivers.login import choose, parse_challenges
from agent.drivers.onvif_clock import OnvifClock, envelope
from agent.drivers.ws_token import token_header
from agent.drivers.xml_answer import find, find_all, parse_xml, text_of
from agent.errors import DeviceRefused, FrameError
from agent.tap import Note

QUESTION = '<GetDeviceInformation xmlns="http://www.onvif.org/ver10/device/wsdl"/>'
ELEMENTS = {
    "manufacturer": "Manufacturer",
    "model": "Model",
    "firmware": "FirmwareVersion",
    "serial number": "SerialNumber",
    "hardware": "HardwareId",
}
NO_LOGIN = ("NotAuthorized", "FailedAuthentication")  # ONVIF's code, and WS-Security's


class OnvifInformation:
    """Asks without a login, then with the one that the camera's refusal asks for."""

    def __init__(
        self,
        web: CameraWeb,
        path: str,
        clock: Clock,
        *,
        new_nonce: Callable[[], bytes] = lambda: secrets.token_bytes(16),
    ) -> None:
        self._web = web
        self._path = path
        self._clock = clock
        self._new_nonce = new_nonce

    async def read(self) -> tuple[Note, ...]:
        """Each thing that the camera names; raises DeviceError."""
        question = envelope(QUESTION, path=self._path)
        answer = await self._web.ask(question)
        if answer.status == UNAUTHORIZED and choose(parse_challenges(answer.challenges)):
            answer = await self._web.log_in(answer, question)
        elif wants_token(answer):
            answer = await self._ask_with_token()
        return parse(answer.content())

    async def _ask_with_token(self) -> Answer:
        account = self._web.account
        if account is None:
            raise DeviceRefused("the camera's ONVIF wants a login", hint="set user and password")
        async with account.attempt(self._web.service):
            header = token_header(
                account.credentials, nonce=self._new_nonce(), created=await self._camera_utc()
            )
            answer = await self._web.ask(envelope(QUESTION, path=self._path, header=header))
            if wants_token(answer):
                raise account.refused(self._web.service)
            account.accepted()
        return answer

    async def _camera_utc(self) -> datetime:
        """Its own time: a token that is old by its clock is refused like a wrong password."""
        origin_ms = await OnvifClock(self._web, self._path, self._clock).origin_ms()
        sight = self._clock.sight()
        if origin_ms is None and sight is not None:
            origin_ms = sight.origin_ms
        if origin_ms is None:
            raise FrameError("an ONVIF camera that tells no UTC, and so takes no login")
        return datetime.fromtimestamp((origin_ms + self._clock.boot_ms()) / 1_000, tz=UTC)


def parse(reply: bytes) -> tuple[Note, ...]:
    """What an answer names; raises FrameError."""
    found = find(parse_xml(reply), "GetDeviceInformationResponse")
    if found is None:
        raise FrameError("an ONVIF answer to another question")
    texts = {name: text_of(found, element) for name, element in ELEMENTS.items()}
    if not any(texts.values()):
        raise FrameError("an ONVIF device that names nothing of itself")
    return tuple(Note(name=name, text=text) for name, text in texts.items() if text)


def wants_token(answer: Answer) -> bool:
    """Whether it refuses for want of a login, by status or by a fault's code (ONVIF Core)."""
    if answer.status in (OK, UNAUTHORIZED):
        return answer.status == UNAUTHORIZED
    try:
        root = parse_xml(answer.body)
    except FrameError:
        return False
    codes = {(one.text or "").strip().rpartition(":")[2] for one in find_all(root, "Value")}
    return any(code in NO_LOGIN for code in codes)
