"""A gateway's pins behind a Unix socket, as JSON lines.

To the agent: `{"levels":{"17":0}}` when it comes and whenever one changes, and after a ping
`{"echo":24,"pulse_s":0.004}`. From the agent: `{"trigger":25}`.
"""

import asyncio
import json
from pathlib import Path

from firmware_sim.answers import Answer
from firmware_sim.bins import build_bin
from firmware_sim.connections import Connections
from firmware_sim.errors import PortError
from firmware_sim.ground import Ground
from firmware_sim.pins.board import Board, Echo
from firmware_sim.pins.settings import EchoSettings, PillarSettings, PinsSettings

LOOK_S = 0.02
MAX_LINE = 256


async def open_pins(settings: PinsSettings, ground: Ground) -> str:
    """They are behind the socket returned; raises PortError."""
    board = Board()
    for device in settings.devices:
        match device:
            case PillarSettings():
                board.add_pillar(device, ground.pillars[device.asset])
            case EchoSettings():
                faults = ground.faults[device.asset]
                board.add_echo(device, build_bin(device, ground), faults)
    path = ground.directory / settings.socket
    server = PinServer(board, ground)
    connections = Connections(server.serve)
    await _listen(path, connections, ground)
    ground.start(server.watch(), name=settings.name)
    return str(path)


class PinServer:
    """Tells every agent that is there the same levels."""

    def __init__(self, board: Board, ground: Ground) -> None:
        self._board = board
        self._ground = ground
        self._told: dict[int, int] = {}
        self._agents: set[asyncio.StreamWriter] = set()

    async def watch(self) -> None:
        """Looks at the world until cancelled."""
        while True:
            if (levels := self._levels()) != self._told:
                self._told = levels
                for agent in self._agents:
                    agent.write(_levels_line(levels))
            await self._ground.clock.sleep(LOOK_S)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Until the agent leaves."""
        writer.write(_levels_line(self._levels()))
        self._agents.add(writer)
        try:
            while line := await reader.readline():
                self._answer(line, writer)
                await writer.drain()
        except ValueError:
            return  # no line that an agent writes
        finally:
            self._agents.discard(writer)

    def _levels(self) -> dict[int, int]:
        return self._board.levels(self._ground.clock.boot_ms() / 1000)

    def _answer(self, line: bytes, writer: asyncio.StreamWriter) -> None:
        asked_at_ms = self._ground.clock.boot_ms()
        match json.loads(line):
            case {"trigger": int(pin)}:
                if echo := self._board.ping(pin, asked_at_ms / 1000):
                    said = {"echo": echo.pin, "pulse_s": echo.pulse_s}
                    given_at_ms = self._ground.clock.boot_ms()
                    writer.write(json.dumps(said).encode() + b"\n")
                    self._note(echo, asked_at_ms, given_at_ms)

    def _note(self, echo: Echo, asked_at_ms: int, given_at_ms: int) -> None:
        self._ground.record.note(
            Answer(
                device=EchoSettings.DEVICE,
                asset=echo.asset,
                asked_at_ms=asked_at_ms,
                given_at_ms=given_at_ms,
                values={"distance": echo.distance_mm},
                fault=None,
            )
        )


def _levels_line(levels: dict[int, int]) -> bytes:
    return json.dumps({"levels": levels}).encode() + b"\n"


def _clear(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.is_socket():
        path.unlink()


async def _listen(path: Path, connections: Connections, ground: Ground) -> None:
    try:
        _clear(path)
        server = await asyncio.start_unix_server(connections.connected, path, limit=MAX_LINE)
    except OSError as error:
        raise PortError(
            f"the socket {path} cannot be made: {error.strerror or error}",
            hint="choose a shorter --dir that you may write to",
        ) from error
    ground.opened.callback(path.unlink, missing_ok=True)
    ground.opened.push_async_callback(connections.close)
    ground.opened.callback(server.close)
