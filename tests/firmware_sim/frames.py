"""The datasheet frames of tests/fixtures/frames, as bytes."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

FRAMES = Path(__file__).parent.parent / "fixtures" / "frames"


@dataclass(frozen=True, slots=True, kw_only=True)
class Vector:
    """One exchange: what is asked and what the datasheet says comes back."""

    name: str
    reply: bytes
    request: bytes = b""
    values: Mapping[str, float] = field(default_factory=dict)
    auth: str = ""
    streams: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Digest:
    """One digest computation and its result."""

    name: str
    user: str
    password: str
    realm: str
    nonce: str
    uri: str
    method: str
    auth: str
    qop: str
    nc: str
    cnonce: str
    response: str
    source: str


def vectors(device: str, kind: str) -> list[Vector]:
    """The `[[kind]]` entries of a device's file."""
    entries = tomllib.loads((FRAMES / f"{device}.toml").read_text())[kind]
    return [
        Vector(
            name=entry["name"],
            request=bytes.fromhex(entry.get("request", "")),
            reply=bytes.fromhex(entry["reply"]),
            values=entry.get("values", {}),
            auth=entry.get("auth", ""),
            streams=entry.get("streams", 0),
        )
        for entry in entries
    ]


def digests() -> list[Digest]:
    """The digest computations of rtsp_camera.toml."""
    entries = tomllib.loads((FRAMES / "rtsp_camera.toml").read_text())["digest"]
    return [Digest(**entry) for entry in entries]
