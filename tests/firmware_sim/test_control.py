import asyncio
import os
from pathlib import Path

import pytest

from firmware_sim.control import ControlLines, obey
from firmware_sim.errors import ControlError


class Listener:
    """Notes what it is told."""

    def __init__(self) -> None:
        self.told: list[tuple[str, str]] = []

    def fault(self, asset: str, name: str) -> None:
        self.told.append((f"fault {name}", asset))

    def mend(self, asset: str, name: str) -> None:
        self.told.append((f"mend {name}", asset))


@pytest.fixture
def listener() -> Listener:
    return Listener()


def test_a_command_reaches_its_device(listener: Listener) -> None:
    obey('{"fault":"cycling","asset":"PJU-0003"}', listener)
    obey('{"mend":"cycling","asset":"PJU-0003"}', listener)
    assert listener.told == [("fault cycling", "PJU-0003"), ("mend cycling", "PJU-0003")]


@pytest.mark.parametrize(
    "line",
    ["x", "[]", "{}", '{"fault":"silent"}', '{"fault":"silent","mend":"silent","asset":"a"}'],
)
def test_what_is_no_command_is_refused(listener: Listener, line: str) -> None:
    with pytest.raises(ControlError):
        obey(line, listener)
    assert listener.told == []


async def test_commands_in_a_plain_file_are_all_obeyed(listener: Listener, tmp_path: Path) -> None:
    commands = tmp_path / "commands"
    commands.write_text('{"fault":"silent","asset":"a"}\n\n{"mend":"silent","asset":"a"}\n')
    complaints: list[ControlError] = []
    with commands.open("rb") as file:
        lines = ControlLines(file.fileno(), listener, complain=complaints.append)
        lines.start(asyncio.get_running_loop())
    assert listener.told == [("fault silent", "a"), ("mend silent", "a")]
    assert complaints == []


async def test_a_line_without_end_is_given_up_and_the_next_is_heard(
    listener: Listener, tmp_path: Path
) -> None:
    commands = tmp_path / "commands"
    commands.write_bytes(b"x" * 20_000 + b'\n{"mend":"silent","asset":"a"}\n')
    complaints: list[ControlError] = []
    with commands.open("rb") as file:
        lines = ControlLines(file.fileno(), listener, complain=complaints.append)
        lines.start(asyncio.get_running_loop())
    assert listener.told == [("mend silent", "a")]
    assert complaints


async def test_a_closed_descriptor_is_no_trouble(listener: Listener) -> None:
    ours, theirs = os.pipe()
    os.close(theirs)
    os.close(ours)
    lines = ControlLines(ours, listener, complain=lambda error: None)
    lines.start(asyncio.get_running_loop())
