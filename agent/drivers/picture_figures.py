"""How light, how sharp and how changed a JPEG is, from a small copy of its luma (Pillow)."""

import struct
from dataclasses import dataclass
from io import BytesIO

from PIL import Image, ImageChops, ImageFilter, ImageStat

from agent.errors import FrameError

LOOKED_AT = (160, 120)
REMEMBERED = (80, 60)  # nobody is recognised in it
TILES = (8, 6)
MIN_SIDE, MAX_PIXELS = 32, 16_000_000
# Its coefficients are decoded whole, 6 bytes a pixel; a baseline one is by rows.
MAX_PROGRESSIVE_PIXELS = 2_500_000
LAPLACIAN = ImageFilter.Kernel((3, 3), (0, 1, 0, 1, -4, 1, 0, 1, 0), scale=1, offset=128)

Image.MAX_IMAGE_PIXELS = None  # ours is less, and says so in words


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What is left of a picture; `luma_map` is what the next one is compared with."""

    luma: float
    sharpness: float
    change: float | None
    luma_map: bytes


def judge(jpeg: bytes, last: bytes | None) -> Figures:
    """The figures of one picture; raises FrameError."""
    small = _small_luma(jpeg)
    remembered = small.resize(REMEMBERED, Image.Resampling.BOX)
    edges = small.filter(LAPLACIAN).crop((1, 1, LOOKED_AT[0] - 1, LOOKED_AT[1] - 1))
    return Figures(
        luma=ImageStat.Stat(small).mean[0],
        sharpness=ImageStat.Stat(edges).var[0],
        change=None if last is None else _change(remembered, last),
        luma_map=remembered.tobytes(),
    )


def _small_luma(jpeg: bytes) -> Image.Image:
    try:
        with Image.open(BytesIO(jpeg), formats=("JPEG",)) as picture:
            _check_size(picture)
            picture.draft("L", LOOKED_AT)  # decodes an eighth, a quarter or a half of each side
            return picture.convert("L").resize(LOOKED_AT, Image.Resampling.BOX)
    except FrameError:
        raise
    except Exception as error:  # a decoder may raise anything on what a camera may send
        raise FrameError(f"no JPEG that can be decoded: {type(error).__name__}") from None


def _check_size(picture: Image.Image) -> None:
    pixels = picture.width * picture.height
    most = MAX_PROGRESSIVE_PIXELS if picture.info.get("progressive") else MAX_PIXELS
    size = f"a picture of {picture.width} x {picture.height} pixels"
    if pixels > most:
        raise FrameError(f"{size}, {most} in all at most")
    if min(picture.size) < MIN_SIDE:
        raise FrameError(f"{size}, {MIN_SIDE} each way at least")


def _change(now: Image.Image, last: bytes) -> float:
    """The mean difference in the tile that changed most: a clock in the picture is enough."""
    before = Image.frombytes("L", REMEMBERED, last)
    tiles = ImageChops.difference(now, before).convert("F").resize(TILES, Image.Resampling.BOX)
    values: tuple[float, ...] = struct.unpack(f"{TILES[0] * TILES[1]}f", tiles.tobytes())
    return max(values)
