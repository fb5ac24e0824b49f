"""Whoever may use the agent's socket may do so from the moment that it is there."""

import asyncio
import os
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from agent.console import Console


@pytest.fixture
def private_umask() -> Iterator[None]:
    """As the agent's unit has it."""
    before = os.umask(0o077)
    yield
    os.umask(before)


async def _pong(_: Mapping[str, object]) -> Mapping[str, object]:
    return {"pong": True}


@pytest.mark.usefixtures("private_umask")
async def test_the_group_may_use_the_socket_from_its_first_moment(tmp_path: Path) -> None:
    path = tmp_path / "agent.sock"
    listening = asyncio.create_task(Console({"ping": _pong}).run(path))
    while not path.exists():  # noqa: ASYNC110 the file system tells nobody
        await asyncio.sleep(0)
    assert stat.S_IMODE(path.stat().st_mode) == 0o660
    reader, writer = await asyncio.open_unix_connection(path)
    writer.write(b'{"cmd": "ping"}\n')
    assert await reader.readline() == b'{"pong": true}\n'
    writer.close()
    await writer.wait_closed()
    listening.cancel()


async def test_a_socket_that_a_killed_run_left_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "agent.sock"
    path.touch()
    listening = asyncio.create_task(Console({"ping": _pong}).run(path))
    while not path.is_socket():  # noqa: ASYNC110 nor here
        await asyncio.sleep(0)
    listening.cancel()


async def test_a_folder_that_is_none_is_said_once_and_used_when_it_is_one(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "nadi"
    folder.write_bytes(b"")
    caplog.set_level("INFO", "nadi.console")
    listening = asyncio.create_task(Console({"ping": _pong}, retry_s=0).run(folder / "agent.sock"))
    for _ in range(20):
        await asyncio.sleep(0)
    folder.unlink()
    while not (folder / "agent.sock").exists():  # noqa: ASYNC110 the file system tells nobody
        await asyncio.sleep(0)
    assert [record.getMessage().split(" path=")[0] for record in caplog.records] == [
        "nobody can ask the agent",
        "the agent can be asked again",
    ]
    listening.cancel()
