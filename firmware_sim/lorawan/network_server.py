"""A stand-in for ChirpStack v4: its sensors report when they are due, to a broker that runs."""

import asyncio
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from random import Random
from typing import TypeVar

import aiomqtt

from firmware_sim.answers import Answer
from firmware_sim.bins import build_bin
from firmware_sim.errors import PortError
from firmware_sim.faults import NamedFaults, Voice
from firmware_sim.ground import Ground, host_port
from firmware_sim.lorawan.payloads import report
from firmware_sim.lorawan.settings import LorawanSettings, ReporterSettings
from firmware_sim.lorawan.uplink import message, topic
from firmware_sim.world.bin import Bin

CONNECT_S = 5.0
RETRY_S = 2.0
AT_LEAST_ONCE = 1
_T = TypeVar("_T")


async def open_lorawan(settings: LorawanSettings, ground: Ground) -> str:
    """Its broker's host:port, once it has accepted us; raises PortError."""
    sensors = [_sensor(one, ground) for one in settings.devices]
    server = NetworkServer(settings, sensors, ground)
    await server.check()
    ground.start(server.run(), name=settings.name)
    return host_port((settings.host, settings.port))


@dataclass(slots=True, kw_only=True)
class Sensor:
    """One sensor over its bin; `due_s` is when it reports next, `count` its last frame's."""

    settings: ReporterSettings
    waste_bin: Bin
    faults: NamedFaults
    voice: Voice
    random: Random
    due_s: float
    count: int = 0


class Client(aiomqtt.Client):
    """aiomqtt without asyncio.wait_for, which before Python 3.12 may swallow a cancel."""

    async def _wait_for(self, fut: Awaitable[_T], timeout: float | None) -> _T:
        try:
            async with asyncio.timeout(self.timeout if timeout is None else timeout):
                return await fut
        except TimeoutError:
            raise aiomqtt.MqttError("no answer in time") from None


class NetworkServer:
    """Publishes every sensor's uplinks; a broker that goes away is tried again."""

    def __init__(
        self, settings: LorawanSettings, sensors: Sequence[Sensor], ground: Ground
    ) -> None:
        self._settings = settings
        self._sensors = sensors
        self._ground = ground

    async def check(self) -> None:
        """Raises PortError unless the broker accepts us."""
        at = host_port((self._settings.host, self._settings.port))
        try:
            async with self._client():
                return
        except (aiomqtt.MqttError, OSError) as error:
            raise PortError(
                f"{self._settings.name}: the broker {at} does not accept us: {error}",
                hint="start one (mosquitto -p 1883), or name another with host and port",
            ) from error

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            try:
                async with self._client() as client:
                    await self._report(client)
            except (aiomqtt.MqttError, OSError):
                await self._ground.clock.sleep(RETRY_S)

    def _client(self) -> Client:
        return Client(
            self._settings.host,
            self._settings.port,
            username=self._settings.user or None,
            password=self._settings.password or None,
            timeout=CONNECT_S,
        )

    async def _report(self, client: aiomqtt.Client) -> None:
        while True:
            sensor = min(self._sensors, key=lambda one: one.due_s)
            await self._ground.clock.sleep(sensor.due_s - self._ground.clock.boot_ms() / 1000)
            now_s = self._ground.clock.boot_ms() / 1000
            if not sensor.voice.silent:
                await self._publish(client, sensor, now_s)
            sensor.due_s = max(sensor.due_s + sensor.settings.interval_s, now_s)

    async def _publish(self, client: aiomqtt.Client, sensor: Sensor, now_s: float) -> None:
        settings = sensor.settings
        made = report(settings, sensor.waste_bin.at(now_s), sensor.faults)
        sensor.count += 1
        payload = message(
            settings,
            made,
            application=self._settings.application,
            count=sensor.count,
            unix_s=self._ground.clock.unix_s(),
            random=sensor.random,
        )
        utterance, given_at_ms = sensor.voice.utter(payload), self._ground.clock.boot_ms()
        for _ in range(2 if "duplicate" in sensor.faults else 1):
            if utterance.frame:
                where = topic(self._settings.application, settings.dev_eui)
                await client.publish(where, payload, qos=AT_LEAST_ONCE)
        self._ground.record.note(
            Answer(
                device=settings.DEVICE,
                asset=settings.asset,
                asked_at_ms=None,
                given_at_ms=given_at_ms,
                values=made.values,
                fault=utterance.fault,
            )
        )


def _sensor(settings: ReporterSettings, ground: Ground) -> Sensor:
    random = Random(ground.seed(settings.asset, "uplink"))
    return Sensor(
        settings=settings,
        waste_bin=build_bin(settings, ground),
        faults=ground.faults[settings.asset],
        voice=ground.voice(settings),
        random=random,
        due_s=ground.start_s + random.uniform(0, min(5.0, settings.interval_s)),
    )
