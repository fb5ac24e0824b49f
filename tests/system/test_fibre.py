"""A fibre carries bytes until it is cut or silent, and again once it is mended."""

import socket
from collections.abc import Iterator
from random import Random

import pytest

from scripts.district.fibre import Fibre
from scripts.district.ports import free_port

pytestmark = pytest.mark.system

DEADLINE_S = 5.0


@pytest.fixture
def server() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(DEADLINE_S)
        yield server


@pytest.fixture
def fibre(server: socket.socket) -> Iterator[Fibre]:
    with Fibre(port=free_port(Random()), target_port=server.getsockname()[1]) as fibre:
        yield fibre


def connect(fibre: Fibre) -> socket.socket:
    return socket.create_connection(("127.0.0.1", fibre.port), timeout=DEADLINE_S)


def accept(server: socket.socket) -> socket.socket:
    end, _ = server.accept()
    end.settimeout(DEADLINE_S)
    return end


def test_a_whole_fibre_carries_bytes_both_ways_and_the_end_of_both(
    fibre: Fibre, server: socket.socket
) -> None:
    with connect(fibre) as near, accept(server) as far:
        near.sendall(b"question")
        assert far.recv(100) == b"question"
        far.sendall(b"answer")
        assert near.recv(100) == b"answer"
        near.shutdown(socket.SHUT_WR)
        assert far.recv(100) == b""
        far.close()
        assert near.recv(100) == b""


def test_a_cut_fibre_resets_both_ends_and_refuses_new_connections(
    fibre: Fibre, server: socket.socket
) -> None:
    with connect(fibre) as near, accept(server) as far:
        fibre.cut()
        assert not fibre.whole
        for end in (near, far):
            with pytest.raises(ConnectionResetError):
                end.recv(100)
    with pytest.raises(ConnectionRefusedError):
        connect(fibre)


def test_a_mended_fibre_carries_new_connections(fibre: Fibre, server: socket.socket) -> None:
    for _ in range(3):
        fibre.cut()
        fibre.mend()
        assert fibre.whole
        with connect(fibre) as near, accept(server) as far:
            near.sendall(b"again")
            assert far.recv(100) == b"again"


def test_a_silent_fibre_hangs_and_goes_on_where_it_stopped(
    fibre: Fibre, server: socket.socket
) -> None:
    with connect(fibre) as near, accept(server) as far:
        fibre.silence()
        assert not fibre.whole
        near.sendall(b"late")
        far.settimeout(0.1)
        with pytest.raises(TimeoutError):
            far.recv(100)
        far.settimeout(DEADLINE_S)
        fibre.mend()
        assert far.recv(100) == b"late"


def test_a_half_open_fibre_carries_what_is_said_and_keeps_the_answer_back(
    fibre: Fibre, server: socket.socket
) -> None:
    with connect(fibre) as near, accept(server) as far:
        fibre.silence_back()
        assert not fibre.whole
        near.sendall(b"question")
        assert far.recv(100) == b"question"
        far.sendall(b"answer")
        near.settimeout(0.1)
        with pytest.raises(TimeoutError):
            near.recv(100)
        near.settimeout(DEADLINE_S)
        fibre.mend()
        assert near.recv(100) == b"answer"


def test_a_reset_ends_what_is_open_and_takes_what_is_new(
    fibre: Fibre, server: socket.socket
) -> None:
    with connect(fibre) as near, accept(server):
        fibre.reset()
        assert fibre.whole
        with pytest.raises(ConnectionResetError):
            near.recv(100)
    with connect(fibre) as near, accept(server) as far:
        near.sendall(b"again")
        assert far.recv(100) == b"again"


def test_a_spoilt_fibre_flips_one_bit_once_each_way(fibre: Fibre, server: socket.socket) -> None:
    with connect(fibre) as near, accept(server) as far:
        fibre.spoil()
        for source, sink in ((near, far), (far, near)):
            source.sendall(b"abc")
            assert sink.recv(100) == b"abb"
            source.sendall(b"abc")
            assert sink.recv(100) == b"abc"


def test_a_dead_broker_behind_a_whole_fibre_resets_the_gateway(
    fibre: Fibre, server: socket.socket
) -> None:
    server.close()
    with pytest.raises(ConnectionResetError), connect(fibre) as near:
        near.recv(100)
