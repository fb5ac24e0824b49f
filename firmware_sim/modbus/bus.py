"""Modbus units on one RS-485 pair answer one after the other, and every answer is noted."""

import asyncio
from collections.abc import Sequence

from firmware_sim.answers import Answer, Record, Reply
from firmware_sim.clock import Clock
from firmware_sim.faults import Utterance
from firmware_sim.modbus import rtu
from firmware_sim.modbus.pdu import BROADCAST, Unit
from firmware_sim.serial.wire import Pace, Port

UART_FIFO = 16  # a 16550 hands its reader at most this many bytes at once
MAX_LATE = 16


class ModbusBus:
    """Several units on one RS-485 pair: each hears every request, one at most answers."""

    def __init__(
        self, port: Port, units: Sequence[Unit], *, pace: Pace, clock: Clock, record: Record
    ) -> None:
        self._port = port
        self._units = units
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
        hearers = [one for one in self._units if one.hears(request[0]) and not one.voice.silent]
        replies = [(unit, unit.answer(request[1:-2], self._now_s())) for unit in hearers]
        # Two units that answer at once destroy each other's bytes.
        if len(replies) != 1 or request[0] == BROADCAST:
            return
        unit, reply = replies[0]
        frame = rtu.frame(request[0], reply.frame)
        await self._clock.sleep(self._pace.wait_s(unit.turnaround_s))
        utterance = unit.voice.utter(frame)
        if not utterance.delay_s:
            await self._speak(unit, reply, utterance, asked_at_ms)
        elif self._late < MAX_LATE:
            self._late += 1
            late.create_task(self._speak_late(unit, reply, utterance, asked_at_ms))

    async def _speak_late(
        self, unit: Unit, reply: Reply, utterance: Utterance, asked_at_ms: int
    ) -> None:
        await self._clock.sleep(utterance.delay_s)
        self._late -= 1
        await self._speak(unit, reply, utterance, asked_at_ms)

    async def _speak(
        self, unit: Unit, reply: Reply, utterance: Utterance, asked_at_ms: int
    ) -> None:
        async with self._wire:
            given_at_ms = await self._transmit(utterance.frame)
            if given_at_ms is None:
                return
            self._record.note(
                Answer(
                    device=unit.device,
                    asset=unit.asset,
                    asked_at_ms=asked_at_ms,
                    given_at_ms=given_at_ms,
                    values=reply.values,
                    fault=utterance.fault,
                )
            )

    async def _transmit(self, frame: bytes) -> int | None:
        """When its last part was handed over; None if nobody is on the line."""
        given_at_ms = self._clock.boot_ms()
        for start in range(0, len(frame), UART_FIFO):
            part = frame[start : start + UART_FIFO]
            await self._clock.sleep(self._pace.wire_s(len(part)))
            given_at_ms = self._clock.boot_ms()
            if not self._port.write(part):
                return None
        return given_at_ms

    def _now_s(self) -> float:
        return self._clock.boot_ms() / 1000
