"""A camera's clock by ONVIF GetSystemDateAndTime, which needs no login (ONVIF Core, PRE_AUTH)."""

from datetime import UTC, datetime
from xml.etree import ElementTree

from agent.clock import Clock
from agent.drivers.driver import Observation
from agent.drivers.http import Peer, Request, ask
from agent.drivers.place import NetworkPlace
from agent.errors import FrameError
from contract.network_devices import Onvif

WHOLE_SECOND_MS = 500  # a camera says whole seconds; on average half a one has passed
HEADERS = (("Content-Type", "application/soap+xml; charset=utf-8"),)
QUESTION = (
    b'<?xml version="1.0" encoding="utf-8"?>'
    b'<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body>'
    b'<GetSystemDateAndTime xmlns="http://www.onvif.org/ver10/device/wsdl"/>'
    b"</s:Body></s:Envelope>"
)


class OnvifClock:
    """Asked every `interval_s`; in between it says nothing."""

    def __init__(self, host: str, settings: Onvif, place: NetworkPlace) -> None:
        self._host = host
        self._settings = settings
        self._place = place
        self._due_ms = 0

    async def read(self) -> tuple[Observation, ...]:
        """How far the camera's clock is ahead of ours, in s; nothing while ours is not known.

        Raises DeviceError.
        """
        clock = self._place.clock
        now_ms = clock.boot_ms()
        if now_ms < self._due_ms or clock.sight() is None:
            return ()
        self._due_ms = now_ms + round(self._settings.interval_s * 1_000)
        address = await self._place.resolver.find(self._host)
        answer = await ask(
            Peer(address=address, port=self._settings.port),
            Request(method="POST", path=self._settings.path, headers=HEADERS, body=QUESTION),
            timeout_ms=self._settings.timeout_ms,
            traffic=self._place.traffic,
        )
        middle_ms = (now_ms + clock.boot_ms()) / 2
        return self._drift(parse(answer.content()), middle_ms, clock)

    def _drift(
        self, shown: datetime | None, middle_ms: float, clock: Clock
    ) -> tuple[Observation, ...]:
        sight = clock.sight()
        if shown is None or sight is None:
            return ()
        camera_ms = shown.timestamp() * 1_000 + WHOLE_SECOND_MS
        drift_s = (camera_ms - sight.origin_ms - middle_ms) / 1_000
        return (Observation(quantity="clock_drift", value=round(drift_s, 1)),)


def parse(reply: bytes) -> datetime | None:
    """The camera's UTC, or None if it tells only a local time; raises FrameError."""
    try:
        text = reply.decode()
        if "<!" in text:
            raise FrameError("an ONVIF answer with a document type, which none needs")
        root = ElementTree.fromstring(text)  # noqa: S314 64 KiB of UTF-8 without a document type
    except (ElementTree.ParseError, ValueError):
        raise FrameError(f"an ONVIF answer that is no XML: {reply[:40]!r}") from None
    if _find(root, "GetSystemDateAndTimeResponse") is None:
        raise FrameError("an ONVIF answer to another question")
    utc = _find(root, "UTCDateTime")
    return None if utc is None else _datetime(utc)


def _datetime(utc: ElementTree.Element) -> datetime:
    names = ("Year", "Month", "Day", "Hour", "Minute", "Second")
    found = [_find(utc, name) for name in names]
    try:
        year, month, day, hour, minute, second = (
            int((one.text or "")[:8]) for one in found if one is not None
        )
        return datetime(year, month, day, hour, minute, min(second, 59), tzinfo=UTC)
    except ValueError:
        raise FrameError("an ONVIF time that is none") from None


def _find(root: ElementTree.Element, name: str) -> ElementTree.Element | None:
    """By its local name: cameras differ in their prefixes, and some in their namespaces."""
    return next((one for one in root.iter() if one.tag.rpartition("}")[2] == name), None)
