"""Uplinks of a local ChirpStack v4, as its MQTT integration publishes them (integration.proto)."""

import asyncio
import base64
import binascii
import logging
from collections import deque
from dataclasses import dataclass

import aiomqtt
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from agent.clock import Clock
from agent.deadline import Deadline
from agent.drivers.unread import Unread
from agent.errors import FrameError, LineGone
from agent.mqtt_client import Client
from agent.standstill import Pulse
from contract.settings import LorawanSource

LOG = logging.getLogger("nadi.lorawan")
MAX_MESSAGE = 64 * 1024
MAX_DATA = 255  # the longest LoRaWAN payload is 242
MAX_WAITING = 16  # of one device, between two reads
MAX_KNOWN_MESSAGES = 256
CONNECT_S = 10.0
RETRY_MIN_S, RETRY_MAX_S = 1.0, 60.0
FIRST_CONNECTION_S = 5.0
STRANGER = "no setting names this device"


@dataclass(frozen=True, slots=True, kw_only=True)
class Uplink:
    """What one device sent once, and when it came, on the boot clock.

    `snr_db` is the best gateway's, if any says it.
    """

    at_ms: int
    dev_eui: str
    port: int
    count: int
    data: bytes
    message: str
    snr_db: float | None = None


class _Proto(BaseModel):
    """proto3 JSON: what is zero or empty is left out, and more may be there."""

    model_config = ConfigDict(
        frozen=True, alias_generator=to_camel, populate_by_name=True, defer_build=True
    )


class _DeviceInfo(_Proto):
    dev_eui: str = Field(pattern=r"^[0-9A-Fa-f]{16}$")


class _RxInfo(_Proto):
    snr: float | None = None


class _UplinkEvent(_Proto):
    deduplication_id: str = Field("", max_length=64)
    device_info: _DeviceInfo
    f_cnt: int = 0
    f_port: int = 0
    data: str = ""
    rx_info: list[_RxInfo] = []


def parse_uplink(payload: bytes, *, at_ms: int) -> Uplink:
    """One `event/up` message that has come now; raises FrameError."""
    if len(payload) > MAX_MESSAGE:
        raise FrameError(f"an uplink message of {len(payload)} bytes, {MAX_MESSAGE} at most")
    try:
        event = _UplinkEvent.model_validate_json(payload)
        data = base64.b64decode(event.data, validate=True)
    except (ValidationError, binascii.Error, ValueError):
        raise FrameError(f"no ChirpStack v4 uplink: {payload[:60]!r}") from None
    if len(data) > MAX_DATA:
        raise FrameError(f"a LoRaWAN payload of {len(data)} bytes")
    return Uplink(
        at_ms=at_ms,
        dev_eui=event.device_info.dev_eui.lower(),
        port=event.f_port,
        count=event.f_cnt,
        data=data,
        message=event.deduplication_id,
        snr_db=max((one.snr for one in event.rx_info if one.snr is not None), default=None),
    )


class Inbox:
    """Uplinks that wait for their driver, once each; of strangers the last ones are kept."""

    def __init__(self, known: frozenset[str]) -> None:
        self.unread = Unread()
        self.refused = 0
        self._known = known
        self._waiting: dict[str, deque[Uplink]] = {}
        self._messages: deque[str] = deque(maxlen=MAX_KNOWN_MESSAGES)
        self._counts: dict[str, int] = {}

    def add(self, uplink: Uplink) -> None:
        """A repeated message or frame counter is the same uplink again."""
        if uplink.message and uplink.message in self._messages:
            return
        self._messages.append(uplink.message)
        if uplink.dev_eui not in self._known:
            self._note_stranger(uplink)
            return
        if self._counts.get(uplink.dev_eui) == uplink.count:
            return
        self._counts[uplink.dev_eui] = uplink.count
        waiting = self._waiting.setdefault(uplink.dev_eui, deque(maxlen=MAX_WAITING))
        waiting.append(uplink)

    def take(self, dev_eui: str) -> list[Uplink]:
        """What waits for one device, oldest first."""
        return list(self._waiting.pop(dev_eui, ()))

    def _note_stranger(self, uplink: Uplink) -> None:
        if self.unread.note(uplink, why=STRANGER, known=False):
            words = (uplink.dev_eui, uplink.port, uplink.data.hex(" "))
            LOG.info("a device that no setting names dev_eui=%s port=%s bytes=%s", *words)


class ChirpStack:
    """One subscription, opened by the first read and kept until it is closed."""

    def __init__(
        self, line: LorawanSource, known: frozenset[str] = frozenset(), *, clock: Clock
    ) -> None:
        self.inbox = Inbox(known)
        self._line = line
        self._clock = clock
        self._task: asyncio.Task[None] | None = None
        self._connected = asyncio.Event()
        self._fault = "not connected yet"

    @property
    def unread(self) -> Unread:
        """The uplinks that no driver here could read."""
        return self.inbox.unread

    async def take(self, dev_eui: str) -> list[Uplink]:
        """What came for one device since the last call; raises LineGone."""
        await self.listen()
        return self.inbox.take(dev_eui)

    async def listen(self) -> None:
        """Subscribe, if that is not done yet; raises LineGone."""
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name=f"chirpstack {self._line.name}")
            await self._first_connection()
        if not self._connected.is_set():
            raise LineGone(
                f"ChirpStack's broker {self._line.host}:{self._line.port}: {self._fault}",
                hint="see that mosquitto and chirpstack run, and check user and password",
            )

    async def close(self) -> None:
        """Leave the broker."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    async def _first_connection(self) -> None:
        try:
            async with Deadline(FIRST_CONNECTION_S):
                await self._connected.wait()
        except TimeoutError:
            return

    async def _run(self) -> None:
        wait_s = RETRY_MIN_S
        while True:
            try:
                await self._listen()
            except (aiomqtt.MqttError, OSError) as error:
                self._fault = str(error) or type(error).__name__
            if self._connected.is_set():
                wait_s = RETRY_MIN_S
            self._connected.clear()
            await asyncio.sleep(wait_s)
            wait_s = min(2 * wait_s, RETRY_MAX_S)

    async def _listen(self) -> None:
        line = self._line
        async with Client(
            line.host,
            line.port,
            username=line.user or None,
            password=line.password or None,
            timeout=CONNECT_S,
            max_queued_incoming_messages=1_000,
        ) as client:
            await client.subscribe(f"application/{line.application}/device/+/event/up", qos=1)
            self._connected.set()
            with Pulse(lambda: self._clock.boot_ms() / 1_000) as pulse:
                async for message in client.messages:
                    if pulse.has_just_stood_still:
                        LOG.warning("the agent stood still; an uplink that waited is left out")
                    else:
                        self._take_in(message)

    def _take_in(self, message: aiomqtt.Message) -> None:
        if message.retain or not isinstance(message.payload, bytes):
            return  # a retained uplink is an old one
        try:
            self.inbox.add(parse_uplink(message.payload, at_ms=self._clock.boot_ms()))
        except FrameError as error:
            self.inbox.refused += 1
            if self.inbox.refused == 1:
                LOG.warning("an uplink that cannot be read is counted only: %s", error)
