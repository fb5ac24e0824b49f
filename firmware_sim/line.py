"""Bytes on a serial line take the time a real wire takes, and every answer is noted."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from firmware_sim import pzem004t, rtu
from firmware_sim.a02yyuw import A02yyuw
from firmware_sim.answers import Answer, Record, Reply
from firmware_sim.clock import Clock
from firmware_sim.faults import Utterance
from firmware_sim.maxbotix import Maxbotix
from firmware_sim.pzem004t import Pzem004t

BITS_PER_BYTE = 10  # 8N1: start, eight data, stop
UART_FIFO = 16  # a 16550 hands its reader at most this many bytes at once
MAX_LATE = 16


class Port(Protocol):
    """One end of a serial port."""

    async def read(self) -> bytes:
        """At least one byte."""

    def write(self, data: bytes) -> bool:
        """Whether all of `data` was taken; never waits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How long bytes take at `baud`; nothing at all when `paced` is False."""

    baud: int
    paced: bool = True

    def wire_s(self, length: int) -> float:
        """Seconds that `length` bytes spend on the wire."""
        return length * BITS_PER_BYTE / self.baud if self.paced else 0.0

    def wait_s(self, duration_s: float) -> float:
        """`duration_s` if this line is paced, else 0."""
        return duration_s if self.paced else 0.0


class MeterBus:
    """Several meters on one RS-485 pair: each hears every request, one at most answers."""

    def __init__(
        self, port: Port, meters: Sequence[Pzem004t], *, pace: Pace, clock: Clock, record: Record
    ) -> None:
        self._port = port
        self._meters = meters
        self._pace = pace
        self._clock = clock
        self._record = record
        self._splitter = rtu.RequestSplitter()
        self._wire = asyncio.Lock()
        self._late = 0

    async def run(self) -> None:
        """Answers until cancelled."""
        quiet_from_s = 0.0
        async with asyncio.TaskGroup() as late:
            while True:
                data = await self._port.read()
                heard_s = self._clock.boot_ms() / 1000
                gap = heard_s - quiet_from_s > rtu.silence_s(self._pace.baud)
                for request in self._splitter.feed(data, after_silence=gap):
                    await self._answer(request, round(heard_s * 1000), late)
                quiet_from_s = heard_s + self._pace.wire_s(len(data))

    async def _answer(self, request: bytes, asked_at_ms: int, late: asyncio.TaskGroup) -> None:
        await self._clock.sleep(self._pace.wire_s(len(request)))
        hearers = [one for one in self._meters if one.hears(request[0]) and not one.voice.silent]
        replies = [(meter, meter.answer(request, self._now_s())) for meter in hearers]
        # Two meters that answer at once destroy each other's bytes.
        if len(replies) != 1 or request[0] == rtu.BROADCAST:
            return
        meter, reply = replies[0]
        await self._clock.sleep(self._pace.wait_s(meter.turnaround_s))
        utterance = meter.voice.utter(reply.frame)
        if not utterance.delay_s:
            await self._speak(meter, reply, utterance, asked_at_ms)
        elif self._late < MAX_LATE:
            self._late += 1
            late.create_task(self._speak_late(meter, reply, utterance, asked_at_ms))

    async def _speak_late(
        self, meter: Pzem004t, reply: Reply, utterance: Utterance, asked_at_ms: int
    ) -> None:
        await self._clock.sleep(utterance.delay_s)
        self._late -= 1
        await self._speak(meter, reply, utterance, asked_at_ms)

    async def _speak(
        self, meter: Pzem004t, reply: Reply, utterance: Utterance, asked_at_ms: int
    ) -> None:
        async with self._wire:
            if not await self._transmit(utterance.frame):
                return
            self._record.note(
                Answer(
                    device=pzem004t.DEVICE,
                    asset=meter.asset,
                    asked_at_ms=asked_at_ms,
                    given_at_ms=self._clock.boot_ms(),
                    values=reply.values,
                    fault=utterance.fault,
                )
            )

    async def _transmit(self, frame: bytes) -> bool:
        for start in range(0, len(frame), UART_FIFO):
            part = frame[start : start + UART_FIFO]
            await self._clock.sleep(self._pace.wire_s(len(part)))
            if not self._port.write(part):
                return False
        return True

    def _now_s(self) -> float:
        return self._clock.boot_ms() / 1000


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
