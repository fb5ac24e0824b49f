"""The state of a camera's storage, by the element and the words that the settings name."""

from agent.drivers.camera_web import CameraWeb
from agent.drivers.driver import Observation
from agent.drivers.http import Request
from agent.drivers.xml_answer import find_all, parse_xml
from agent.errors import FrameError
from contract.network_devices import Storage

OK, FULL, ERROR, ABSENT, UNKNOWN = range(5)
WORST_FIRST = (ERROR, ABSENT, FULL, UNKNOWN, OK)


class CameraStorage:
    """Asked every `interval_s`; in between it says nothing."""

    def __init__(self, web: CameraWeb, settings: Storage) -> None:
        self._web = web
        self._settings = settings

    async def read(self) -> tuple[Observation, ...]:
        """The state of the worst of its disks; raises DeviceError."""
        if not self._web.is_due():
            return ()
        answer = await self._web.ask_as_user(Request(path=self._settings.path))
        state = parse(answer.content(), self._settings)
        return (Observation(quantity="storage_state", value=float(state)),)


def parse(reply: bytes, settings: Storage) -> int:
    """The worst state that the answer tells; raises FrameError."""
    meant, found = _meanings(settings), find_all(parse_xml(reply), settings.element)
    words = [" ".join((one.text or "").split()) for one in found]
    if not words:
        raise FrameError(f"an answer without an element {settings.element}")
    states = {meant.get(word.casefold(), UNKNOWN) for word in words}
    return next(state for state in WORST_FIRST if state in states)


def _meanings(settings: Storage) -> dict[str, int]:
    words = ((OK, settings.ok), (FULL, settings.full), (ERROR, settings.error))
    return {
        word.casefold(): state
        for state, known in (*words, (ABSENT, settings.absent))
        for word in known
    }
