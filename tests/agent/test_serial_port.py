"""A real port on a real pty: frames in one piece, stale bytes thrown away, faults in words."""

import asyncio
import os
import tty
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from dataclasses import dataclass

import pytest

from agent.errors import LineGone
from agent.serial_port import SerialPort

SLOW_BAUD = 300  # a byte takes 33 ms, so what a test does at once is within one
FRAME = bytes.fromhex("ff 07 a1 a7")  # DFRobot SEN0311 wiki


@dataclass
class Pty:
    """The device's end of a line, and the path of the gateway's."""

    device: int
    path: str

    def unplug(self) -> None:
        """Close the device's end, as a pulled adapter does."""
        os.close(self.device)


@pytest.fixture
def pty() -> Iterator[Pty]:
    device, gateway = os.openpty()
    tty.setraw(device)
    path = os.ttyname(gateway)
    os.close(gateway)
    line = Pty(device, path)
    yield line
    with suppress(OSError):
        line.unplug()


@pytest.fixture
async def port(pty: Pty) -> AsyncIterator[SerialPort]:
    opened = SerialPort(pty.path, baud=SLOW_BAUD)
    yield opened
    await opened.close()


async def begun(port: SerialPort, pty: Pty) -> None:
    """Ask something, so that the port is open and the device has read it."""
    await port.write(b"?")
    assert await asyncio.to_thread(os.read, pty.device, 1) == b"?"


async def test_a_frame_that_comes_byte_by_byte_is_taken_in_one_piece(
    port: SerialPort, pty: Pty
) -> None:
    await begun(port, pty)
    taking = asyncio.create_task(port.receive(5_000, expect=len(FRAME)))
    for byte in FRAME:
        await asyncio.sleep(0)
        os.write(pty.device, bytes((byte,)))
    assert await taking == FRAME


async def test_a_frame_that_breaks_off_is_given_as_far_as_it_came(
    port: SerialPort, pty: Pty
) -> None:
    await begun(port, pty)
    taking = asyncio.create_task(port.receive(5_000, expect=len(FRAME)))
    await asyncio.sleep(0)
    os.write(pty.device, FRAME[:2])
    assert await taking == FRAME[:2]


async def test_what_arrived_while_nobody_listened_is_thrown_away(
    port: SerialPort, pty: Pty
) -> None:
    await begun(port, pty)
    os.write(pty.device, b"stale")
    await begun(port, pty)
    taking = asyncio.create_task(port.receive(5_000, expect=len(FRAME)))
    await asyncio.sleep(0)
    os.write(pty.device, FRAME)
    assert await taking == FRAME


async def test_an_unplugged_port_says_so(port: SerialPort, pty: Pty) -> None:
    await begun(port, pty)
    pty.unplug()
    with pytest.raises(LineGone, match="was unplugged"):
        await port.receive(5_000, expect=len(FRAME))


async def test_a_port_that_is_not_there_is_named() -> None:
    port = SerialPort("/dev/nadi-no-such-port", baud=9_600)
    with pytest.raises(LineGone, match="the serial port /dev/nadi-no-such-port is missing"):
        await port.write(b"?")


async def test_a_port_that_another_program_holds_is_named(port: SerialPort, pty: Pty) -> None:
    await begun(port, pty)
    second = SerialPort(pty.path, baud=9_600)
    with pytest.raises(LineGone, match="is busy"):
        await second.write(b"?")
