"""Access points as a real net-snmp agent plays them, over v2c and v3."""

import logging
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from agent.clock import FakeClock
from agent.drivers.driver import Driver
from agent.drivers.snmp_access_point import build
from agent.errors import DeviceError, DeviceRefused, DeviceSilent, LoginRefused
from agent.tap import Traffic
from contract.network_devices import SnmpAccessPoint
from tests.agent.drivers.placing import network_place
from tests.system.snmpd import AUTH, COMMUNITY, PRIV, answers, snmpd

PATIENCE_S = 20.0
SECRETS = (COMMUNITY, AUTH, PRIV)
HIDES = {"user": "hides", "auth_password": AUTH, "priv_password": PRIV}

pytestmark = pytest.mark.system


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    with ExitStack() as running:
        agent, port = snmpd(tmp_path_factory.mktemp("snmpd"))
        agent.start()
        running.callback(agent.stop)
        until = time.monotonic() + PATIENCE_S
        while not answers(port):
            assert time.monotonic() < until, "snmpd does not answer"
        yield port


class Point:
    """One access point's driver, its clock, and everything that was shown of its talk."""

    def __init__(self, port: int, **changed: Any) -> None:
        self.clock = FakeClock()
        self.traffic = Traffic()
        place = network_place(self.clock, self.traffic)
        settings: dict[str, Any] = {
            "asset": "WIFI-01",
            "host": "127.0.0.1",
            "port": port,
            "timeout_ms": 3_000,
        }
        self.driver: Driver = build(SnmpAccessPoint(**settings | changed), place)
        self.shown = b""
        self.sent = 0

    async def read(self) -> dict[str, float]:
        with self.traffic.listen() as pieces:
            try:
                return {one.quantity: one.value for one in await self.driver.read()}
            finally:
                self.shown += b"".join(piece.data for piece in pieces)
                self.sent += sum(piece.sent for piece in pieces)


@pytest.mark.parametrize(
    "way",
    [
        {"community": COMMUNITY},
        {"user": "signs", "auth_password": AUTH},
        HIDES,
        {**HIDES, "user": "hides256", "auth_protocol": "sha256"},
    ],
    ids=["v2c", "signed", "encrypted", "encrypted with SHA-256"],
)
async def test_a_real_agent_tells_its_uplink_its_rates_and_its_clients(
    port: int, way: dict[str, str]
) -> None:
    point = Point(port, profile="unifi", **way)
    seen = await point.read()
    assert seen["connected_clients"] == 12
    assert seen["interface_up"] == 1
    assert seen["uptime"] > 0
    point.clock.now_ms += 10_000
    assert {"receive_rate", "send_rate"} <= set(await point.read())
    assert all(secret.encode() not in point.shown for secret in SECRETS)


async def test_a_table_that_a_real_agent_does_not_have_is_no_count(port: int) -> None:
    seen = await Point(port, community=COMMUNITY, profile="mikrotik").read()
    assert "connected_clients" not in seen
    assert "received_bytes" in seen


async def test_one_access_point_of_a_controller_is_told_by_its_own_rows(port: int) -> None:
    point = Point(port, community=COMMUNITY, profile="aruba_instant", rows="11.134.1.2.3.4")
    seen = await point.read()
    assert (seen["connected_clients"], seen["interface_up"]) == (7, 0)


async def test_an_interface_that_is_none_leaves_out_what_it_cannot_tell(port: int) -> None:
    seen = await Point(port, community=COMMUNITY, interface=4_711).read()
    assert set(seen) == {"uptime"}


async def test_another_community_is_silence(port: int) -> None:
    with pytest.raises(DeviceSilent):
        await Point(port, community="another-one", timeout_ms=300).read()


@pytest.mark.parametrize(
    ("way", "attempts"),
    [
        ({**HIDES, "auth_password": "kanari-salah-auth"}, 1),
        ({**HIDES, "user": "nobody"}, 1),
        ({**HIDES, "priv_password": "kanari-salah-priv"}, 3),  # net-snmp is silent about it
    ],
    ids=["a wrong auth_password", "an unknown user", "a wrong priv_password"],
)
async def test_a_refused_user_is_left_for_an_hour(
    port: int, way: dict[str, str], attempts: int, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    point = Point(port, timeout_ms=300, **way)
    words = []
    for _ in range(8):
        with pytest.raises(DeviceError) as failed:
            await point.read()
        words.append(f"{failed.value} {failed.value.hint}")
    with pytest.raises(LoginRefused):
        await point.read()
    assert point.sent == 2 * attempts  # who are you, and the question
    point.clock.now_ms += 3_600_000
    with pytest.raises(DeviceError):
        await point.read()
    assert point.sent in (2 * attempts + 1, 2 * attempts + 2)
    told = point.shown + caplog.text.encode() + "".join(words).encode()
    assert b"kanari" not in told


async def test_a_user_with_less_protection_than_the_agent_wants_is_told_so(port: int) -> None:
    with pytest.raises(DeviceRefused, match="authorizationError"):
        await Point(port, user="hides", auth_password=AUTH).read()
    with pytest.raises(DeviceRefused, match="kind of protection"):
        await Point(port, **{**HIDES, "user": "signs"}).read()


async def test_an_agent_that_started_again_is_read_with_its_new_time(
    tmp_path: Path,
) -> None:
    agent, port = snmpd(tmp_path)
    point = Point(port, timeout_ms=500, **HIDES)
    for _ in range(2):
        agent.start()
        try:
            until = time.monotonic() + PATIENCE_S
            while not answers(port):
                assert time.monotonic() < until, "snmpd does not answer"
            assert (await point.read())["uptime"] >= 0
        finally:
            agent.stop()
