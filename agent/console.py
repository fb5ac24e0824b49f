"""The agent's local socket: one JSON line in, one out, for whoever may open it."""

import asyncio
import contextlib
import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

from agent.deadline import Deadline
from agent.errors import AgentError

LOG = logging.getLogger("nadi.console")

Answer = Callable[[Mapping[str, object]], Awaitable[Mapping[str, object]]]
MAX_LINE_BYTES = 2 << 20  # a receipt from a stick
IDLE_S = 60.0
MAX_CLIENTS = 8
RETRY_S = 10.0


class Console:
    """Answers commands by name; anything else is refused in words."""

    def __init__(self, answers: Mapping[str, Answer], *, retry_s: float = RETRY_S) -> None:
        self._answers = answers
        self._retry_s = retry_s
        self._clients = 0

    async def run(self, path: Path) -> None:
        """Listen on `path` until cancelled; while that cannot be, the gateway's work goes on."""
        server = await self._in_the_end(path)
        await server.serve_forever()

    async def _in_the_end(self, path: Path) -> asyncio.Server:
        deaf = False
        while True:
            try:
                server = await self._listen(path)
            except OSError as error:
                if not deaf:
                    LOG.error("nobody can ask the agent path=%s reason=%s", path, error)
                deaf = True
                await asyncio.sleep(self._retry_s)
            else:
                if deaf:
                    LOG.info("the agent can be asked again path=%s", path)
                return server

    async def _listen(self, path: Path) -> asyncio.Server:
        """From the moment that `path` is there its group may use it.

        Who asks an agent that has just started must not be told that he may not.
        """
        new = path.with_name(f".{path.name}")
        _make_way(path)
        server = await asyncio.start_unix_server(self._serve, new, limit=MAX_LINE_BYTES)
        try:
            new.chmod(0o660)
            new.replace(path)
        except OSError:
            server.close()
            raise
        return server

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._clients += 1
        try:
            while self._clients <= MAX_CLIENTS and (line := await self._line(reader)):
                writer.write(json.dumps(await self._answer(line)).encode() + b"\n")
                await writer.drain()
        except (OSError, ValueError):
            return
        finally:
            self._clients -= 1
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    async def _line(self, reader: asyncio.StreamReader) -> bytes:
        try:
            async with Deadline(IDLE_S):
                return await reader.readline()
        except TimeoutError:
            return b""

    async def _answer(self, line: bytes) -> Mapping[str, object]:
        try:
            command = json.loads(line)
            answer = self._answers[command["cmd"]]
        except (ValueError, KeyError, TypeError):
            return {"error": f"unknown command; known here: {', '.join(sorted(self._answers))}"}
        try:
            return await answer(command)
        except AgentError as error:
            return {"error": str(error), "hint": error.hint}


def _make_way(path: Path) -> None:
    """An earlier run that was killed leaves its socket behind."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
