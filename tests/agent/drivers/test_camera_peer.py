"""The whole camera driver against a simulated camera: logins, figures, and a camera taken over."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from agent.clock import FakeClock, Sight
from agent.drivers.camera import build
from agent.drivers.driver import Driver
from agent.errors import DeviceError, LoginRefused
from agent.tap import Piece, Traffic
from contract.identity import AssetId
from contract.network_devices import RtspCamera
from firmware_sim import CameraSettings, District, DistrictSettings
from firmware_sim.clock import SystemClock
from tests.agent.drivers.placing import network_place

PATH = "/Streaming/Channels/101"
HOUR_MS = 3_600_000
INTERVAL_MS = 900_000
WORDS = {"element": "status", "ok": ["ok"], "full": ["full"], "error": ["error"]}


@dataclass
class Pole:
    """A gateway's driver and the camera it reads."""

    district: District
    driver: Driver
    clock: FakeClock
    traffic: Traffic
    pieces: list[Piece] = field(default_factory=list)

    async def read(self) -> dict[str, float]:
        return {seen.quantity: seen.value for seen in await self.driver.read()}

    async def show(self) -> dict[str, str]:
        """What a person is told."""
        with self.traffic.listen() as pieces:
            await self.driver.read()
        self.pieces = list(pieces)
        return {note.name: note.text for note in self.traffic.notes}

    def fault(self, name: str) -> None:
        self.district.fault("CAM-1", name)


def camera_settings(port: int, web_port: int, *, password: str = "rahasia") -> RtspCamera:
    """Every check that a camera can have."""
    web = {"port": web_port, "timeout_ms": 5_000}
    return RtspCamera.model_validate(
        {
            "asset": AssetId("CAM-1"), "host": "127.0.0.1", "port": port, "path": PATH,
            "user": "nadi", "password": password, "timeout_ms": 5_000,
            "onvif": web, "picture": web | {"path": "/snapshot.jpg"},
            "storage": web | WORDS | {"path": "/storage"},
        }
    )  # fmt: skip


@asynccontextmanager
async def pole(
    tmp_path: Path, *, password: str = "rahasia", **of_camera: Any
) -> AsyncIterator[Pole]:
    simulated = DistrictSettings(cameras=(CameraSettings(asset="CAM-1", path=PATH, **of_camera),))
    async with District(simulated, directory=tmp_path) as district:
        port = int(district.places.cameras["CAM-1"].split(":")[1])
        web_port = int(district.places.camera_webs["CAM-1"].split(":")[1])
        settings = camera_settings(port, web_port, password=password)
        origin_ms = round(SystemClock().unix_s() * 1_000) - 1_000
        clock = FakeClock(sight=Sight(origin_ms=origin_ms, uncertainty_ms=1))
        traffic = Traffic()
        yield Pole(district, build(settings, network_place(clock, traffic)), clock, traffic)


@pytest.mark.parametrize("auth", ["digest-md5", "digest-sha256", "basic", "none"])
async def test_a_camera_gives_its_stream_picture_clock_and_storage(
    auth: str, tmp_path: Path
) -> None:
    async with pole(tmp_path, auth=auth) as one:
        values = await one.read()
        assert values["rtsp_status"] == 200
        assert 40 < values["picture_luma"] < 180
        assert values["picture_sharpness"] > 100
        assert values["storage_state"] == 0
        assert abs(values["clock_drift"]) < 60
        assert set(await one.read()) == {"rtsp_status", "video_streams", "response_time"}
        one.clock.now_ms += INTERVAL_MS
        assert (await one.read())["picture_change"] > 1


@pytest.mark.parametrize(
    ("fault", "quantity", "limit"),
    [("dark", "picture_luma", 6), ("covered", "picture_sharpness", 3),
     ("frozen", "picture_change", 0.5)],
)  # fmt: skip
async def test_a_picture_fault_is_in_its_figure(
    fault: str, quantity: str, limit: float, tmp_path: Path
) -> None:
    async with pole(tmp_path) as one:
        await one.read()
        one.fault(fault)
        one.clock.now_ms += INTERVAL_MS
        await one.read()
        one.clock.now_ms += INTERVAL_MS
        assert (await one.read())[quantity] < limit


async def test_a_full_storage_and_a_wrong_clock_are_seen(tmp_path: Path) -> None:
    async with pole(tmp_path) as one:
        one.fault("storage_full")
        one.fault("clock_wrong")
        values = await one.read()
    assert values["storage_state"] == 1
    assert values["clock_drift"] > 7_000


@pytest.mark.parametrize("login", ["http", "token"])
async def test_a_person_is_told_what_the_camera_is_whatever_its_clock_shows(
    login: str, tmp_path: Path
) -> None:
    async with pole(tmp_path, onvif_login=login, clock_ahead_s=-1e9) as one:
        said = await one.show()
        shown = b"".join(piece.data for piece in one.pieces)
    assert (said["manufacturer"], said["model"], said["serial number"]) == (
        "Nadi",
        "NK-SIM",
        "CAM-1",
    )
    assert b"\xff\xd8" not in shown  # no picture leaves the process
    assert b"bytes that are not shown" in shown
    assert b"Username" not in shown
    assert b"username=" not in shown


@pytest.mark.parametrize("login", ["http", "token"])
async def test_a_changed_password_is_tried_once_an_hour_over_all_services(
    login: str, tmp_path: Path
) -> None:
    async with pole(tmp_path, password="salah", onvif_login=login) as one:
        for _ in range(5):
            with pytest.raises(LoginRefused):
                await one.read()
        with one.traffic.listen() as pieces:
            with pytest.raises(LoginRefused):
                await one.driver.read()
            assert pieces == []
            one.clock.now_ms += HOUR_MS
            with pytest.raises(LoginRefused):
                await one.driver.read()
    given = [piece for piece in pieces if b"Authorization" in piece.data]
    assert len(given) == 1


HOSTILE = ["endless_headers", "endless_line", "redirect", "foreign_cseq"]
SAYS = {
    "endless_headers": "headers are longer than 65536 bytes",
    "endless_line": "headers are longer than 65536 bytes",
    "redirect": "sends its clients elsewhere (302, to '10.9.9.9')",
    "foreign_cseq": "an answer to CSeq '4711', but 1 was asked",
}


@pytest.mark.parametrize("fault", HOSTILE)
async def test_a_hostile_camera_is_named_and_bounded(fault: str, tmp_path: Path) -> None:
    async with pole(tmp_path) as one:
        one.fault(fault)
        with pytest.raises(DeviceError) as caught:
            async with asyncio.timeout(10):
                await one.read()
    assert SAYS[fault] in str(caught.value)
    assert "secret" not in str(caught.value)


WEB_SAYS = {
    "endless_headers": "headers of over 16384 bytes",
    "endless_line": "headers of over 16384 bytes",
    "redirect": "sends its clients elsewhere (302, to '10.9.9.9')",
}


@pytest.mark.parametrize("fault", sorted(WEB_SAYS))
async def test_a_hostile_web_service_is_named_and_the_stream_still_read(
    fault: str, tmp_path: Path
) -> None:
    async with pole(tmp_path) as one, pole(tmp_path / "other") as other:
        one.fault(fault)
        mixed = await _with_stream_of(other, one)
        with mixed.traffic.listen():
            values = {seen.quantity for seen in await mixed.driver.read()}
        said = {note.name: note.text for note in mixed.traffic.notes}
    assert values == {"rtsp_status", "video_streams", "response_time"}
    for check in ("no picture", "no clock", "no storage", "no information"):
        assert WEB_SAYS[fault] in said[check]
        assert "secret" not in said[check]


async def _with_stream_of(stream: Pole, web: Pole) -> Pole:
    """One camera's RTSP with another's web service."""
    port = int(stream.district.places.cameras["CAM-1"].split(":")[1])
    web_port = int(web.district.places.camera_webs["CAM-1"].split(":")[1])
    settings = camera_settings(port, web_port)
    clock, traffic = stream.clock, Traffic()
    return Pole(stream.district, build(settings, network_place(clock, traffic)), clock, traffic)
