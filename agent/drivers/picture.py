"""A camera's still picture becomes three figures; it is kept nowhere and shown to nobody."""

import asyncio
import importlib.util
from typing import TYPE_CHECKING

from agent.drivers.camera_web import CameraWeb
from agent.drivers.driver import Observation
from agent.drivers.http import Request
from agent.errors import DeviceRefused
from agent.language import mark

if TYPE_CHECKING:
    from collections.abc import Callable

    from agent.drivers.picture_figures import Figures

MAX_PICTURE = 4 * 1_024 * 1_024
MISSING = mark("cameras' pictures are to be judged, and Pillow is not installed")
INSTALL = mark("install nadi-kota[picture], or on a 32-bit Pi Debian's python3-pil")


class StillPicture:
    """Asked every `interval_s`; `turn` lets one picture at a time into memory."""

    def __init__(self, web: CameraWeb, path: str, turn: asyncio.Lock) -> None:
        self._web = web
        self._path = path
        self._turn = turn
        self._last: bytes | None = None

    async def read(self) -> tuple[Observation, ...]:
        """Luma, sharpness, and the change since the last one; nothing while another is looked at.

        Raises DeviceError.
        """
        if self._turn.locked() or not self._web.is_due():
            return ()
        async with self._turn:
            return await self._look()

    async def _look(self) -> tuple[Observation, ...]:
        judge = _judge()
        request = Request(path=self._path, private=True)
        answer = await self._web.ask_as_user(request, max_body=MAX_PICTURE)
        figures = await asyncio.to_thread(judge, answer.content(), self._last)
        self._last = figures.luma_map
        seen = {
            "picture_luma": figures.luma,
            "picture_sharpness": figures.sharpness,
            "picture_change": figures.change,
        }
        return tuple(
            Observation(quantity=name, value=round(value, 2))
            for name, value in seen.items()
            if value is not None
        )


def decoder_is_here() -> bool:
    """Whether Pillow is installed; loads nothing."""
    return importlib.util.find_spec("PIL") is not None


def _judge() -> "Callable[[bytes, bytes | None], Figures]":
    """Loads Pillow, which only a picture needs; raises DeviceRefused where it is missing."""
    if not decoder_is_here():
        raise DeviceRefused(MISSING, hint=INSTALL)
    from agent.drivers.picture_figures import judge  # noqa: PLC0415 it loads Pillow

    return judge
