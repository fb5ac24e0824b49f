"""A camera's clock by ONVIF GetSystemDateAndTime, which needs no login (ONVIF Core, PRE_AUTH)."""

from datetime import UTC, datetime
from xml.etree.ElementTree import Element

from agent.clock import Clock
from agent.drivers.camera_web import CameraWeb
from agent.drivers.driver import Observation
from agent.drivers.http import Request
from agent.drivers.xml_answer import find, parse_xml
from agent.errors import FrameError

WHOLE_SECOND_MS = 500  # a camera says whole seconds; on average half a one has passed
SOAP = (("Content-Type", "application/soap+xml; charset=utf-8"),)
QUESTION = '<GetSystemDateAndTime xmlns="http://www.onvif.org/ver10/device/wsdl"/>'


class OnvifClock:
    """Asked every `interval_s`; in between it says nothing."""

    def __init__(self, web: CameraWeb, path: str, clock: Clock) -> None:
        self._web = web
        self._path = path
        self._clock = clock

    async def read(self) -> tuple[Observation, ...]:
        """How far the camera's clock is ahead of ours, in s; nothing while ours is not known.

        Raises DeviceError.
        """
        if self._clock.sight() is None or not self._web.is_due():
            return ()
        origin_ms, sight = await self.origin_ms(), self._clock.sight()
        if origin_ms is None or sight is None:
            return ()
        drift_s = (origin_ms - sight.origin_ms) / 1_000
        return (Observation(quantity="clock_drift", value=round(drift_s, 1)),)

    async def origin_ms(self) -> float | None:
        """What the camera's clock showed when ours booted, or None if it tells no UTC."""
        asked_ms = self._clock.boot_ms()
        answer = await self._web.ask(envelope(QUESTION, path=self._path))
        middle_ms = (asked_ms + self._clock.boot_ms()) / 2
        shown = parse(answer.content())
        return None if shown is None else shown.timestamp() * 1_000 + WHOLE_SECOND_MS - middle_ms


def envelope(question: str, *, path: str, header: str = "") -> Request:
    """A SOAP 1.2 message, its header shown to nobody."""
    text = (
        '<?xml version="1.0" encoding="utf-8"?>'
        '<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope">'
        f"{header}<s:Body>{question}</s:Body></s:Envelope>"
    )
    hidden = (header,) if header else ()
    return Request(method="POST", path=path, headers=SOAP, body=text.encode(), hidden=hidden)


def parse(reply: bytes) -> datetime | None:
    """The camera's UTC, or None if it tells only a local time; raises FrameError."""
    root = parse_xml(reply)
    if find(root, "GetSystemDateAndTimeResponse") is None:
        raise FrameError("an ONVIF answer to another question")
    utc = find(root, "UTCDateTime")
    return None if utc is None else _datetime(utc)


def _datetime(utc: Element) -> datetime:
    names = ("Year", "Month", "Day", "Hour", "Minute", "Second")
    found = [find(utc, name) for name in names]
    try:
        year, month, day, hour, minute, second = (
            int((one.text or "")[:8]) for one in found if one is not None
        )
        return datetime(year, month, day, hour, minute, min(second, 59), tzinfo=UTC)
    except ValueError:
        raise FrameError("an ONVIF time that is none") from None
