"""Every Wi-Fi driver against its simulator: the values it told, and its named faults."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from agent.clock import FakeClock, KernelClock
from agent.drivers import registry
from agent.drivers.driver import Driver
from agent.errors import DeviceError, DeviceSilent, LoginRefused
from contract.devices import Device
from contract.network_devices import HotspotPoint, RouterosAccessPoint, SnmpAccessPoint
from firmware_sim import (
    AccessPointSettings,
    AnswerList,
    District,
    DistrictSettings,
    FaultSettings,
    HotspotSettings,
    RouterosSettings,
)
from tests.agent.drivers.placing import network_place

ASSET = "WIFI-0001"
AUTH, PRIV = "kata-sandi-auth", "kata-sandi-priv"
ROWS = {"aruba_instant": "2.0.0.0.0.1", "ruckus": "6.2.0.0.0.0.1"}


class Simulated:
    """A district, its record, and drivers that meet it."""

    def __init__(self, district: District, record: AnswerList, folder: Path) -> None:
        self.district = district
        self.record = record
        self.folder = folder
        self.clock = FakeClock()
        self._drivers: dict[str, Driver] = {}

    def told(self, name: str) -> float:
        """What the device said last of one of its values."""
        return next(a.values[name] for a in reversed(self.record.answers) if name in a.values)

    def add(self, device: Device, *, timed: bool = False) -> None:
        """`timed` by a real clock; else ten seconds pass from one reading to the next."""
        clock = KernelClock(trusted=True) if timed else self.clock
        place = network_place(clock)
        self._drivers[device.driver] = registry.build(device, place)

    async def read(self, driver: str) -> dict[str, float]:
        seen = {one.quantity: one.value for one in await self._drivers[driver].read()}
        self.clock.now_ms += 10_000
        return seen


@asynccontextmanager
async def simulated(tmp_path: Path, **devices: Any) -> AsyncIterator[Simulated]:
    record = AnswerList()
    tables: Any = {name: (one,) for name, one in devices.items()}
    settings = DistrictSettings(**tables)
    async with District(settings, directory=tmp_path, record=record) as district:
        yield Simulated(district, record, tmp_path)


def snmp(where: str, **changed: Any) -> SnmpAccessPoint:
    host, port = where.split(":")
    return SnmpAccessPoint.model_validate(
        {"asset": ASSET, "host": host, "port": int(port), "timeout_ms": 1_000} | changed
    )


@pytest.mark.parametrize("profile", ["mikrotik", "unifi", "aruba_instant", "ruckus"])
@pytest.mark.parametrize("user", ["", "nadi"], ids=["v2c", "v3"])
async def test_every_profile_counts_the_clients_of_its_radios(
    tmp_path: Path, profile: str, user: str
) -> None:
    secrets = {"user": user, "auth_password": AUTH, "priv_password": PRIV} if user else {}
    told: Any = {"profile": profile, "radios": 3, **secrets}
    async with simulated(tmp_path, access_points=AccessPointSettings(asset=ASSET, **told)) as sim:
        rows = ROWS.get(profile, "")
        where = sim.district.places.access_points[ASSET]
        sim.add(snmp(where, profile=profile, rows=rows, **secrets))
        seen = await sim.read("snmp_access_point")
        last = sim.record.answers[-1].values
        assert seen["connected_clients"] == sum(v for n, v in last.items() if "clients" in n) > 0
        assert seen["received_bytes"] == sim.told("in_octets")
        assert seen["uptime"] == sim.told("uptime_ticks") / 100
        sim.district.fault(ASSET, "uplink_down")
        sim.district.fault(ASSET, "no_table")
        seen = await sim.read("snmp_access_point")
    assert seen["interface_up"] == 0
    assert "connected_clients" not in seen
    assert seen["receive_rate"] >= 0


BAD = FaultSettings(lose=0.1, flip=0.25, stray=0.1, half=0.1)
POLLS = pytest.mark.parametrize("polls", [60, pytest.param(5_000, marks=pytest.mark.nightly)])


@POLLS
async def test_a_signed_answer_over_a_bad_network_is_right_or_none(
    tmp_path: Path, polls: int
) -> None:
    secrets: Any = {"user": "nadi", "auth_password": AUTH}
    settings = AccessPointSettings(asset=ASSET, faults=BAD, **secrets)
    async with simulated(tmp_path, access_points=settings) as sim:
        where = sim.district.places.access_points[ASSET]
        sim.add(snmp(where, profile="generic", timeout_ms=100, **secrets))
        read = 0
        for _ in range(polls):
            try:
                seen = await sim.read("snmp_access_point")
            except DeviceError:
                continue
            assert seen["received_bytes"] == sim.told("in_octets")
            assert seen["uptime"] == sim.told("uptime_ticks") / 100
            read += 1
    assert read > polls // 10


@POLLS
async def test_a_bad_network_hangs_no_driver_and_the_next_good_answer_is_read(
    tmp_path: Path, polls: int
) -> None:
    async with simulated(tmp_path, routers=RouterosSettings(asset=ASSET, faults=BAD)) as sim:
        sim.add(router(sim, timeout_ms=150))
        right = 0
        for _ in range(polls):
            try:
                right += (await sim.read("routeros_access_point"))["uptime"] > 0
            except DeviceError:
                continue
    assert right > 0


async def test_counters_that_run_backwards_have_no_rate(tmp_path: Path) -> None:
    async with simulated(tmp_path, access_points=AccessPointSettings(asset=ASSET)) as sim:
        sim.add(snmp(sim.district.places.access_points[ASSET]))
        sim.district.fault(ASSET, "backwards")
        await sim.read("snmp_access_point")
        seen = await sim.read("snmp_access_point")
    assert "received_bytes" in seen
    assert "receive_rate" not in seen


@pytest.mark.parametrize(
    "wrong", [{"user": "nobody"}, {"auth_password": "salah-sekali"}], ids=["user", "password"]
)
async def test_a_wrong_user_of_v3_is_refused_and_then_left(
    tmp_path: Path, wrong: dict[str, str]
) -> None:
    right: Any = {"user": "nadi", "auth_password": AUTH}
    async with simulated(tmp_path, access_points=AccessPointSettings(asset=ASSET, **right)) as sim:
        sim.add(snmp(sim.district.places.access_points[ASSET], **right | wrong))
        for _ in range(3):
            with pytest.raises(LoginRefused):
                await sim.read("snmp_access_point")
    assert len(sim.record.answers) == 2  # who it is, and the refusal


def router(sim: Simulated, **changed: Any) -> RouterosAccessPoint:
    place = sim.district.places.routers[ASSET]
    host, port = place["rest"].split(":")
    return RouterosAccessPoint.model_validate(
        {
            "asset": ASSET, "host": host, "port": int(port), "user": "nadi",
            "password": "rahasia", "certificate_sha256": place["certificate_sha256"],
            "interface": "ether1",
        } | changed
    )  # fmt: skip


@pytest.mark.parametrize("menu", ["wifi", "wireless", "caps-man"])
async def test_a_router_is_read_whatever_menu_has_its_clients(tmp_path: Path, menu: Any) -> None:
    async with simulated(tmp_path, routers=RouterosSettings(asset=ASSET, menu=menu)) as sim:
        sim.add(router(sim))
        seen = await sim.read("routeros_access_point")
        assert seen["connected_clients"] == sim.told("clients") > 0
        assert seen["received_bytes"] == sim.told("in_octets")
        assert seen["uptime"] == sim.told("uptime_s")
        for fault in ("uplink_down", "no_menu", "as_lists"):
            sim.district.fault(ASSET, fault)
        seen = await sim.read("routeros_access_point")
    assert seen["interface_up"] == 0
    assert "connected_clients" not in seen


async def test_a_router_that_refuses_the_login_is_asked_once(tmp_path: Path) -> None:
    async with simulated(tmp_path, routers=RouterosSettings(asset=ASSET)) as sim:
        sim.add(router(sim))
        sim.district.fault(ASSET, "login_refused")
        for _ in range(3):
            with pytest.raises(LoginRefused):
                await sim.read("routeros_access_point")
    assert [answer.values["status"] for answer in sim.record.answers] == [401]


async def test_a_silent_router_is_left_in_time(tmp_path: Path) -> None:
    async with simulated(tmp_path, routers=RouterosSettings(asset=ASSET)) as sim:
        sim.add(router(sim, timeout_ms=300))
        sim.district.fault(ASSET, "silent")
        with pytest.raises(DeviceSilent):
            await sim.read("routeros_access_point")


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (None, {"dns_ok": 1, "internet_ok": 1, "captive_portal": 0, "intercepted": 0}),
        ("dns_fail", {"dns_ok": 0, "internet_ok": 0, "captive_portal": 0, "intercepted": 0}),
        ("no_route", {"dns_ok": 1, "internet_ok": 0, "captive_portal": 0, "intercepted": 0}),
        ("portal", {"dns_ok": 1, "internet_ok": 0, "captive_portal": 1, "intercepted": 0}),
        ("intercepted", {"dns_ok": 1, "internet_ok": 0, "captive_portal": 0, "intercepted": 1}),
        ("slow", {"dns_ok": 1, "internet_ok": 1, "captive_portal": 0, "intercepted": 0}),
    ],
)
async def test_a_hotspot_is_found_as_it_is(
    tmp_path: Path, fault: str | None, expected: dict[str, float]
) -> None:
    async with simulated(tmp_path, hotspots=HotspotSettings(asset=ASSET, slow_ms=300)) as sim:
        places = sim.district.places.hotspots[ASSET]
        page = places["page"].split(":")[1]
        hotspot = {
            "source": "127.0.0.1", "resolvers": ["127.0.0.1"], "timeout_ms": 700,
            "dns_port": int(places["dns"].split(":")[1]),
            "page": f"http://cek.contoh:{page}/generate_204",
        }  # fmt: skip
        sim.add(HotspotPoint.model_validate({"asset": ASSET, "hotspot": hotspot}), timed=True)
        if fault:
            sim.district.fault(ASSET, fault)
        seen = await sim.read("hotspot")
    assert {name: seen[name] for name in expected} == expected
    if fault == "slow":
        assert seen["response_time"] >= 300
