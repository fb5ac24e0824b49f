"""The camera's driver logs in to servers that others wrote: GStreamer and lighttpd."""

import tomllib
from pathlib import Path
from typing import Any

import pytest

from agent.clock import FakeClock
from agent.drivers.camera import build
from agent.drivers.driver import Driver
from agent.errors import LoginRefused
from agent.tap import Traffic
from contract.identity import AssetId
from contract.network_devices import RtspCamera
from tests.agent.drivers.placing import network_place
from tests.system.cameras import gstreamer, lighttpd

pytestmark = pytest.mark.system

USER, PASSWORD = "nadi", "rahasia"
PATH = "/Streaming/Channels/101"
FRAMES = Path(__file__).parents[1] / "fixtures" / "frames"
STREET = tomllib.loads((FRAMES / "picture.toml").read_text())["good"][0]
STORAGE = b"<disk><status>ok</status></disk>"


def driver(port: int, traffic: Traffic | None = None, **more: Any) -> Driver:
    settings = {
        "asset": AssetId("CAM-1"), "host": "127.0.0.1", "port": port, "path": PATH,
        "user": USER, "password": PASSWORD, "timeout_ms": 20_000, **more,
    }  # fmt: skip
    return build(RtspCamera.model_validate(settings), network_place(FakeClock(), traffic))


@pytest.mark.parametrize("method", ["digest", "basic"])
async def test_gstreamers_stream_is_described_behind_a_login(method: str, tmp_path: Path) -> None:
    with gstreamer(tmp_path, method=method, user=USER, password=PASSWORD) as port:
        seen = {one.quantity: one.value for one in await driver(port).read()}
        assert (seen["rtsp_status"], seen["video_streams"]) == (200, 1)
        lost = {one.quantity: one.value for one in await driver(port, path="/other").read()}
        assert lost["rtsp_status"] == 404
        with pytest.raises(LoginRefused, match="once an hour"):
            await driver(port, password="salah").read()


@pytest.mark.parametrize("login", ["MD5", "SHA-256", "both", "basic"])
async def test_lighttpds_pages_are_read_behind_a_login(login: str, tmp_path: Path) -> None:
    picture = bytes.fromhex(STREET["reply"].replace("\n", ""))
    pages = {"snapshot.jpg": picture, "storage": STORAGE}
    with (
        gstreamer(tmp_path, method="digest", user=USER, password=PASSWORD) as port,
        lighttpd(tmp_path, login=login, user=USER, password=PASSWORD, pages=pages) as web_port,
    ):
        web = {"port": web_port, "timeout_ms": 20_000}
        checks: dict[str, Any] = {
            "picture": web | {"path": "/snapshot.jpg"},
            "storage": web | {"path": "/storage", "element": "status", "ok": ["ok"]},
        }
        seen = {one.quantity: one.value for one in await driver(port, **checks).read()}
    assert seen["picture_luma"] == pytest.approx(STREET["luma"], abs=0.6)
    assert seen["storage_state"] == 0


async def test_lighttpd_refuses_a_wrong_password_once(tmp_path: Path) -> None:
    traffic = Traffic()
    with (
        gstreamer(tmp_path, method="digest", user=USER, password=PASSWORD) as port,
        lighttpd(tmp_path, login="both", user=USER, password="other", pages={}) as web_port,
    ):
        picture = {"port": web_port, "path": "/snapshot.jpg", "interval_s": 10}
        asked = driver(port, traffic, picture=picture)
        for given in (1, 0):
            with traffic.listen() as pieces:
                seen = {one.quantity for one in await asked.read()}
            assert seen == {"rtsp_status", "video_streams", "response_time"}
            said = {note.name: note.text for note in traffic.notes}
            assert "picture refuses the user and password" in said["no picture"]
            logins = [piece for piece in pieces if b"GET" in piece.data and b"***" in piece.data]
            assert len(logins) == given
