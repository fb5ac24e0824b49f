"""Cameras as a district file describes them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Literal, get_args

from firmware_sim.camera.hostile import FAULTS as HOSTILE
from firmware_sim.errors import SettingsError
from firmware_sim.key import DeviceSettings, SocketSettings, key

OnvifLogin = Literal["http", "token"]
CameraAuth = Literal["digest-md5", "digest-sha256", "basic", "none"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraSettings(SocketSettings):
    """A camera that describes its stream by RTSP, with ONVIF, a still and its storage by HTTP."""

    DEVICE: ClassVar[str] = "rtsp_camera"
    FAULTS: ClassVar[dict[str, str]] = SocketSettings.FAULTS | {
        "no_stream": "it answers well and describes no video",
        "wrong_password": "its password was changed: it refuses everybody",
        "dark": "its still picture is black",
        "frozen": "its still picture never changes",
        "covered": "its still picture shows somebody's hand",
        "clock_wrong": "its clock is two hours ahead",
        "storage_full": "its storage is full",
        **HOSTILE,
    }

    path: str = field(
        default="/Streaming/Channels/101", metadata=key("the stream's path, from the slash on")
    )
    user: str = field(default="nadi", metadata=key("user name"))
    password: str = field(default="rahasia", metadata=key("password"))
    auth: CameraAuth = field(
        default="digest-md5",
        metadata=key("how it asks who is there", None, None, get_args(CameraAuth)),
    )
    streams: int = field(default=1, metadata=key("video streams described, 0 = dead", 0, 8))

    web_port: int = field(default=0, metadata=key("port of its web service", 0, 65_535))
    onvif_path: str = field(default="/onvif/device_service", metadata=key("its ONVIF service"))
    onvif_login: OnvifLogin = field(
        default="http",
        metadata=key("how its ONVIF asks who is there", None, None, get_args(OnvifLogin)),
    )
    picture_path: str = field(default="/snapshot.jpg", metadata=key("its still picture"))
    storage_path: str = field(default="/storage", metadata=key("the state of its storage"))
    clock_ahead_s: float = field(default=0.0, metadata=key("how far its clock is ahead", -1e9, 1e9))

    def __post_init__(self) -> None:
        DeviceSettings.__post_init__(self)
        if not self.path.startswith("/"):
            raise SettingsError(
                f"{self.asset}: path {self.path!r} does not start with a slash",
                hint=f'write path = "/{self.path}"',
            )

    def agent_devices(self) -> Iterable[Mapping[str, object]]:
        """By the driver made for it."""
        login = {} if self.auth == "none" else {"user": self.user, "password": self.password}
        yield {"driver": self.DEVICE, "asset": self.asset, "path": self.path, **login}
