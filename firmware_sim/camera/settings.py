"""Cameras as a district file describes them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Literal, get_args

from firmware_sim.errors import SettingsError
from firmware_sim.key import DeviceSettings, SocketSettings, key

CameraAuth = Literal["digest-md5", "digest-sha256", "basic", "none"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraSettings(SocketSettings):
    """An RTSP camera that describes its stream over TCP and carries no video."""

    DEVICE: ClassVar[str] = "rtsp_camera"
    FAULTS: ClassVar[dict[str, str]] = SocketSettings.FAULTS | {
        "no_stream": "it answers well and describes no video",
        "wrong_password": "its password was changed: it refuses everybody",
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
