"""SNMP v3 by literal datagrams of a real agent, and what of them must not be believed."""

import random
import tomllib
from dataclasses import replace
from typing import Any

import pytest

from agent.clock import FakeClock
from agent.drivers import ber, snmp_v3
from agent.drivers.login_pause import LoginPauses
from agent.drivers.snmp_access_point import observe, variables
from agent.drivers.snmp_keys import aes, localised, master_key
from agent.drivers.snmp_message import Question
from agent.drivers.snmp_v3 import User, Usm
from agent.errors import DeviceError, FrameError, LoginRefused
from contract.identity import AssetId
from contract.network_devices import SnmpAccessPoint
from tests.firmware_sim.frames import FRAMES
from tests.soup.spoil import SPOILS

RECORDED = tomllib.loads((FRAMES / "snmp_access_point.toml").read_text())
AUTH, PRIV = "kata-sandi-auth", "kata-sandi-priv"
ASSET = AssetId("WIFI-01")
ASKED = variables(SnmpAccessPoint(asset=ASSET, host="127.0.0.1"))
QUESTION = Question(oids=tuple(one.oid for one in ASKED))
SOUP, NIGHTLY_SOUP = 20_000, 1_000_000


def usm(vector: dict[str, Any], clock: FakeClock | None = None) -> Usm:
    """One user towards the device that said who it is."""
    clock = clock or FakeClock()
    priv = PRIV if vector["private"] else ""
    user = User(name=vector["user"], auth=vector["auth"], auth_password=AUTH, priv_password=priv)
    pause = LoginPauses(clock).of("10.20.0.9", "nadi", "rahasia", who="the access point")
    dialect = Usm(user, clock=clock, pause=pause, first_salt=0)
    discovered = bytes.fromhex(vector["discovered"])
    number = snmp_v3.decode(discovered).number
    dialect.ask(QUESTION, number)
    assert dialect.hear(discovered, number) is None
    dialect.ask(QUESTION, vector["number"])
    return dialect


@pytest.mark.parametrize("vector", RECORDED["v3"], ids=lambda vector: str(vector["name"]))
def test_a_signed_answer_has_the_values_of_its_objects(vector: dict[str, Any]) -> None:
    answer = usm(vector).hear(bytes.fromhex(vector["reply"]), vector["number"])
    assert answer is not None
    values = vector["values"]
    assert {one.quantity: one.value for one in observe(answer, ASKED)} == {
        "uptime": values["uptime_ticks"] / 100,
        "interface_up": values["oper_status"],
        "received_bytes": values["in_octets"],
        "sent_bytes": values["out_octets"],
    }


@pytest.mark.parametrize("vector", RECORDED["v3_bad"], ids=lambda vector: str(vector["name"]))
def test_what_this_user_cannot_trust_is_no_answer(vector: dict[str, Any]) -> None:
    with pytest.raises(DeviceError) as refused:
        usm(vector).hear(bytes.fromhex(vector["reply"]), vector["number"])
    assert type(refused.value).__name__ == vector["error"]


def test_a_refused_user_is_not_tried_again_for_an_hour() -> None:
    clock = FakeClock()
    wrong = RECORDED["v3_bad"][0]
    dialect = usm(wrong, clock)
    with pytest.raises(LoginRefused):
        dialect.hear(bytes.fromhex(wrong["reply"]), wrong["number"])
    with pytest.raises(LoginRefused):
        dialect.ask(QUESTION, 1)
    clock.now_ms += 3_600_000
    assert dialect.ask(QUESTION, 1)


def test_a_device_that_says_who_it_is_and_ignores_the_user_is_left_for_an_hour() -> None:
    """As net-snmp does with a wrong priv_password."""
    vector = RECORDED["v3"][1]
    discovered = bytes.fromhex(vector["discovered"])
    number = snmp_v3.decode(discovered).number
    dialect = usm(vector)
    for _ in range(2):
        dialect.ask(QUESTION, number)
        assert dialect.hear(discovered, number) is None
        dialect.ask(QUESTION, 7)
    with pytest.raises(LoginRefused):
        dialect.ask(QUESTION, 8)


def test_a_user_whom_the_device_answered_once_is_never_left_for_lost_datagrams() -> None:
    vector = RECORDED["v3"][0]
    discovered = bytes.fromhex(vector["discovered"])
    number = snmp_v3.decode(discovered).number
    dialect = usm(vector)
    assert dialect.hear(bytes.fromhex(vector["reply"]), vector["number"])
    for _ in range(10):
        dialect.ask(QUESTION, 7)  # lost
        dialect.ask(QUESTION, number)
        assert dialect.hear(discovered, number) is None


def test_a_dead_device_is_asked_who_it_is_and_never_blamed_on_the_user() -> None:
    dialect = usm(RECORDED["v3"][0])
    for _ in range(10):
        asked = dialect.ask(QUESTION, 9)
        assert snmp_v3.decode(asked).user == b""


def test_an_answer_from_before_its_last_start_is_not_believed_again() -> None:
    vector = RECORDED["v3"][0]
    dialect, reply = usm(vector), bytes.fromhex(vector["reply"])
    assert dialect.hear(reply, vector["number"])
    later = snmp_v3.decode(reply)
    restarted = sign(dialect, boots=later.boots + 1, of=later)
    assert dialect.hear(restarted, vector["number"])
    with pytest.raises(FrameError, match="from long ago"):
        dialect.hear(reply, vector["number"])


def sign(dialect: Usm, *, boots: int, of: snmp_v3.Message) -> bytes:
    """The same message after another start, signed with the right key."""
    blank = replace(of, boots=boots, mac=bytes(12), data=ber.tlv(ber.SEQUENCE, of.data))
    mac = dialect._mac(snmp_v3.encode(blank), of.engine)
    return snmp_v3.encode(replace(blank, mac=mac))


def test_a_password_becomes_the_keys_of_rfc_3414() -> None:
    engine = bytes.fromhex("000000000000000000000002")  # A.3.1 and A.3.2
    md5, sha = (master_key(auth, "maplesyrup") for auth in ("md5", "sha1"))
    assert md5.hex() == "9faf3283884e92834ebc9847d8edd963"
    assert localised("md5", md5, engine).hex() == "526f5eed9fcce26f8964c2930787d82b"
    assert sha.hex() == "9fb5cc0381497b3793528939ff788d5d79145211"
    assert localised("sha1", sha, engine).hex() == "6695febc9288e36282235fc7151f128497b38f3f"


def test_aes_is_the_cipher_feedback_of_nist() -> None:
    """SP 800-38A, F.3.13: its vector begins with what stands here as boots, time and salt."""
    key = bytes.fromhex("2b7e151628aed2a6abf7158809cf4f3c")
    plain = bytes.fromhex("6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51")
    secret = "3b3fd92eb72dad20333449f8e83cfb4ac8a64537a0b3a93fcde3cdad9f1ce58b"
    cipher = aes(key, 0x00010203, 0x04050607, bytes.fromhex("08090a0b0c0d0e0f"))
    assert cipher.encrypt(plain).hex() == secret
    assert cipher.decrypt(bytes.fromhex(secret)) == plain


def test_no_password_is_in_a_representation() -> None:
    user = User(name="nadi", auth="sha1", auth_password=AUTH, priv_password=PRIV)
    settings = SnmpAccessPoint(
        asset=ASSET, host="h", user="nadi", auth_password=AUTH, priv_password=PRIV
    )
    assert "kata-sandi" not in repr(user) + repr(settings)


@pytest.mark.parametrize("count", [SOUP, pytest.param(NIGHTLY_SOUP, marks=pytest.mark.nightly)])
def test_of_a_soup_only_what_the_key_signed_is_an_answer(count: int) -> None:
    """A signature is a checksum: what it covers has come as it was sent."""
    chance = random.Random(7472)
    for vector in RECORDED["v3"][:2]:
        reply = bytes.fromhex(vector["reply"])
        dialect = usm(vector)
        right = dialect.hear(reply, vector["number"])
        for _ in range(count // 2):
            heard = chance.choice(SPOILS)(reply, chance)
            try:
                answer = dialect.hear(heard, vector["number"])
            except DeviceError:
                continue
            assert answer == right
            assert heard == reply


@pytest.mark.parametrize("vector", RECORDED["v3"], ids=lambda vector: str(vector["name"]))
def test_no_flipped_bit_of_who_it_is_makes_the_next_question_crash(vector: dict[str, Any]) -> None:
    """Nobody signs that report, so any of its numbers may be spoiled, a negative boot count too."""
    discovered = bytes.fromhex(vector["discovered"])
    number = snmp_v3.decode(discovered).number
    for bit in range(8 * len(discovered)):
        spoiled = bytearray(discovered)
        spoiled[bit // 8] ^= 1 << bit % 8
        dialect = usm(vector)
        dialect.ask(QUESTION, number)
        try:
            dialect.hear(bytes(spoiled), number)
            dialect.ask(QUESTION, number)
        except DeviceError:
            continue
