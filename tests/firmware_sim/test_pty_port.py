from pathlib import Path

import pytest

from firmware_sim.errors import PortError
from firmware_sim.serial.pty_port import PtyPort
from tests.firmware_sim.serial_master import SerialMaster


async def test_every_byte_passes_as_it_is_in_both_directions(tmp_path: Path) -> None:
    every = bytes(range(256))
    port = PtyPort(tmp_path / "a" / "b" / "rs485")
    with SerialMaster(port.path) as master:
        master.write(every)
        assert await port.read() == every
        assert port.write(every)
        assert await master.read(256) == every
    port.close()


async def test_bytes_sent_before_the_driver_opens_do_not_come_back(tmp_path: Path) -> None:
    port = PtyPort(tmp_path / "rs485")
    assert port.write(b"early\r\n")
    with SerialMaster(port.path) as master:
        assert await master.read(7) == b"early\r\n"
        master.write(b"hello")
        assert await port.read() == b"hello"
    port.close()


def test_a_link_left_by_a_killed_simulator_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "rs485"
    path.symlink_to("/dev/pts/nobody")
    port = PtyPort(path)
    assert path.is_char_device()
    port.close()
    assert not path.is_symlink()


def test_a_file_in_the_way_is_kept_and_named(tmp_path: Path) -> None:
    path = tmp_path / "rs485"
    path.write_text("somebody's")
    with pytest.raises(PortError, match="rs485 exists and is no symlink"):
        PtyPort(path)
    assert path.read_text() == "somebody's"


def test_closing_leaves_a_link_that_another_simulator_took_over(tmp_path: Path) -> None:
    first = PtyPort(tmp_path / "rs485")
    second = PtyPort(tmp_path / "rs485")
    first.close()
    assert second.path.is_char_device()
    second.close()


async def test_nobody_reading_never_blocks(tmp_path: Path) -> None:
    port = PtyPort(tmp_path / "rs485")
    taken = [port.write(b"x" * 64) for _ in range(10_000)]
    assert taken[0]
    assert not taken[-1]
    port.close()
