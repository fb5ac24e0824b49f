import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path

import pytest

from agent.errors import AgentError
from agent.proving import Proof, wait
from contract.settings import AgentSettings

DUE_MS = 40_000  # the interval of a round, and what a slow card may take


def settings(folder: Path) -> AgentSettings:
    files = dict.fromkeys(("ca_file", "cert_file", "key_file"), "/nowhere")
    gateway = {"city": "baubau", "id": "bb-0001", "socket": str(folder / "agent.sock")}
    return AgentSettings.model_validate({"gateway": gateway, "broker": files})


@asynccontextmanager
async def running(folder: Path, *answers: Mapping[str, object]) -> AsyncIterator[None]:
    """An agent's socket that gives these answers, the last one again and again."""
    left = list(answers)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert json.loads(await reader.readline()) == {"cmd": "status"}
        answer = left.pop(0) if len(left) > 1 else left[0]
        writer.write(json.dumps(answer).encode() + b"\n")
        writer.close()

    async with await asyncio.start_unix_server(serve, folder / "agent.sock"):
        yield


async def proof(folder: Path, *, within_s: float) -> Proof:
    seconds = count()
    return await asyncio.to_thread(
        wait, settings(folder), within_s, now_s=lambda: float(next(seconds)), sleep=lambda _: None
    )


async def test_an_agent_that_sealed_a_round_is_proved(tmp_path: Path) -> None:
    waiting = {"rounds": 0, "uptime_ms": DUE_MS + 1}
    async with running(tmp_path, waiting, waiting, {"rounds": 1, "uptime_ms": DUE_MS + 2}):
        assert await proof(tmp_path, within_s=60) is Proof.SEALS


async def test_before_its_first_round_is_due_nothing_is_held_against_it(tmp_path: Path) -> None:
    async with running(tmp_path, {"rounds": 0, "uptime_ms": DUE_MS - 1}):
        assert await proof(tmp_path, within_s=3) is Proof.NOT_DUE


@pytest.mark.parametrize("said", [{"rounds": 0, "uptime_ms": DUE_MS}, {"error": "no"}, {}])
async def test_an_agent_that_is_overdue_or_says_nothing_of_rounds_is_complained_of(
    tmp_path: Path, said: dict[str, object]
) -> None:
    async with running(tmp_path, said):
        with pytest.raises(AgentError, match="has sealed no round, and was waited for 3 s"):
            await proof(tmp_path, within_s=3)


async def test_no_agent_is_complained_of_after_the_wait(tmp_path: Path) -> None:
    with pytest.raises(AgentError, match="has sealed no round") as failed:
        await proof(tmp_path, within_s=3)
    assert "journalctl -u nadi-agent" in failed.value.hint
