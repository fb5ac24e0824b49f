"""A sensor that sends by itself has its line for itself, and everything it sends is noted."""

import asyncio

from firmware_sim.answers import Answer, Record
from firmware_sim.clock import Clock
from firmware_sim.serial.a02yyuw import A02yyuw
from firmware_sim.serial.maxbotix import Maxbotix
from firmware_sim.serial.wire import Port

Sensor = A02yyuw | Maxbotix


class SensorLine:
    """One sensor that sends unasked and hears nothing."""

    def __init__(self, port: Port, sensor: Sensor, *, clock: Clock, record: Record) -> None:
        self._port = port
        self._sensor = sensor
        self._clock = clock
        self._record = record

    async def run(self) -> None:
        """Sends until cancelled."""
        async with asyncio.TaskGroup() as both:
            both.create_task(self._drain())
            both.create_task(self._send())

    async def _drain(self) -> None:
        while True:
            await self._port.read()

    async def _send(self) -> None:
        due_ms = float(self._clock.boot_ms())
        while True:
            due_ms = max(due_ms + self._sensor.interval_s * 1000, self._clock.boot_ms())
            await self._clock.sleep((due_ms - self._clock.boot_ms()) / 1000)
            if not self._sensor.voice.silent:
                self._send_one()

    def _send_one(self) -> None:
        now_ms = self._clock.boot_ms()
        reply = self._sensor.frame(now_ms / 1000)
        utterance = self._sensor.voice.utter(reply.frame)
        if utterance.frame and not self._port.write(utterance.frame):
            return
        self._record.note(
            Answer(
                device=self._sensor.device,
                asset=self._sensor.asset,
                asked_at_ms=None,
                given_at_ms=now_ms,
                values=reply.values,
                fault=utterance.fault,
            )
        )
