"""Modbus units behind a TCP port: each question carries its number, and its answer the same.

Framing: "MODBUS Messaging on TCP/IP Implementation Guide" V1.0b, 3.1.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from firmware_sim.answers import Answer
from firmware_sim.connections import Connections
from firmware_sim.ground import Ground
from firmware_sim.modbus.building import build_unit
from firmware_sim.modbus.pdu import TARGET_SILENT, Unit, refuse
from firmware_sim.modbus.settings import ModbusTcpSettings

HEAD_LEN = 6  # number, protocol, length
MAX_LEN = 254  # unit and PDU
IDLE_S = 60.0


async def open_modbus_tcp(settings: ModbusTcpSettings, ground: Ground) -> str:
    """It listens at the host:port returned; raises PortError."""
    units = [build_unit(one, ground) for one in settings.devices]
    server = ModbusServer(units, ground)
    connections = Connections(server.serve)
    return await ground.open_server(
        connections, settings.name, host=settings.host, port=settings.port, limit=MAX_LEN
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One question with its number, and when it came."""

    number: bytes
    address: int
    pdu: bytes
    asked_at_ms: int

    def answered(self, pdu: bytes) -> bytes:
        """The frame that answers it."""
        body = bytes([self.address]) + pdu
        return self.number + b"\0\0" + len(body).to_bytes(2) + body


class ModbusServer:
    """Answers one question after the other of each client."""

    def __init__(self, units: Sequence[Unit], ground: Ground) -> None:
        self._units = units
        self._ground = ground

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Until the client leaves, stalls, or speaks another protocol."""
        while (question := await self._hear(reader)) and await self._answer(question, writer):
            pass

    async def _hear(self, reader: asyncio.StreamReader) -> Question | None:
        async with asyncio.timeout(IDLE_S):
            head = await reader.readexactly(HEAD_LEN)
            length = int.from_bytes(head[4:6])
            if head[2:4] != b"\0\0" or not 2 <= length <= MAX_LEN:
                return None
            body = await reader.readexactly(length)
        asked_at_ms = self._ground.clock.boot_ms()
        return Question(number=head[:2], address=body[0], pdu=body[1:], asked_at_ms=asked_at_ms)

    async def _answer(self, question: Question, writer: asyncio.StreamWriter) -> bool:
        """False when the connection is over."""
        unit = next((one for one in self._units if one.hears(question.address)), None)
        if unit is None:
            writer.write(question.answered(refuse(question.pdu[0], TARGET_SILENT).frame))
            return True
        return unit.voice.silent or await self._say(unit, question, writer)

    async def _say(self, unit: Unit, question: Question, writer: asyncio.StreamWriter) -> bool:
        reply = unit.answer(question.pdu, question.asked_at_ms / 1000)
        utterance = unit.voice.utter(question.answered(reply.frame))
        await self._ground.clock.sleep(unit.turnaround_s + utterance.delay_s)
        given_at_ms = self._ground.clock.boot_ms()
        writer.write(utterance.frame)
        async with asyncio.timeout(IDLE_S):
            await writer.drain()
        self._ground.record.note(
            Answer(
                device=unit.device,
                asset=unit.asset,
                asked_at_ms=question.asked_at_ms,
                given_at_ms=given_at_ms,
                values=reply.values,
                fault=utterance.fault,
            )
        )
        return utterance.fault not in ("half", "stray")
