"""The simulated agent's side of SNMP v3, judged by what a real agent said."""

import random
import tomllib
from typing import Any

import pytest

from firmware_sim.snmp import ber
from firmware_sim.snmp.message import Request, response_pdu
from firmware_sim.snmp.usm import Usm, parse
from tests.firmware_sim.frames import FRAMES

RECORDED = tomllib.loads((FRAMES / "snmp_access_point.toml").read_text())["v3"]


def agent(vector: dict[str, Any]) -> Usm:
    """With the real agent's engine and the recorded user."""
    return Usm(
        engine=parse(bytes.fromhex(vector["reply"])).engine,
        user=vector["user"],
        auth=vector["auth"],
        auth_password="kata-sandi-auth",
        priv_password="kata-sandi-priv" if vector["private"] else "",
    )


def nothing(request: Request) -> bytes:
    return response_pdu(request, ())


@pytest.mark.parametrize("vector", RECORDED, ids=lambda vector: str(vector["name"]))
def test_it_signs_as_a_real_agent_does(vector: dict[str, Any]) -> None:
    said = parse(bytes.fromhex(vector["reply"]))
    assert agent(vector)._mac(said.covered) == said.mac


def test_it_reads_what_a_real_agent_encrypted() -> None:
    vector = RECORDED[1]
    asked = parse(bytes.fromhex(vector["reply"]))
    _, tag, content = agent(vector)._opened(asked)
    assert tag == 0xA2
    assert ber.tlv(ber.INTEGER, vector["number"].to_bytes(4)) in content


def test_a_stranger_is_told_who_it_is_as_a_real_agent_tells() -> None:
    vector = RECORDED[0]
    real = parse(bytes.fromhex(vector["discovered"]))
    question = bytes.fromhex(
        "30 3D 02 01 03 30 10 02 04 40 00 00 05 02 02 10 00 04 01 04 02 01 03 04 10 30 0E 04 00"
        "02 01 00 02 01 00 04 00 04 00 04 00 30 14 04 00 04 00 A0 0E 02 04 40 00 00 05 02 01 00"
        "02 01 00 30 00"
    )
    reply = agent(vector).answer(question, 21, nothing)
    assert reply is not None
    ours = parse(reply)
    assert (ours.number, ours.flags, ours.engine) == (real.number, real.flags, real.engine)
    assert (ours.boots, ours.time_s, ours.user, ours.mac) == (1, 21, b"", b"")
    assert bytes.fromhex("2B 06 01 06 03 0F 01 01 04 00") in reply  # usmStatsUnknownEngineIDs


def test_no_datagram_of_any_kind_breaks_it() -> None:
    chance = random.Random(11)
    for vector in RECORDED:
        told, whole = agent(vector), bytes.fromhex(vector["reply"])
        for _ in range(1_000):
            spoiled = bytearray(whole)
            for _ in range(chance.randrange(1, 4)):
                spoiled[chance.randrange(len(spoiled))] = chance.randrange(256)
            try:
                told.answer(bytes(spoiled[: chance.randrange(len(spoiled) + 1)]), 21, nothing)
            except ber.BerError:
                continue
