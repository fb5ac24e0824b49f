"""The simulated camera's pictures and tokens, judged by others' bytes."""

from io import BytesIO

import pytest
from PIL import Image

from firmware_sim.camera import onvif
from firmware_sim.camera.jpeg import COLUMNS, ROWS, picture
from firmware_sim.camera.scene import Scene

# ONVIF Application Programmer's Guide, 6.1.1.3
TOKEN = b"""<UsernameToken><Username>user</Username>
<Password Type="x#PasswordDigest">tuOSpGlFlIXsozq4HFNeeGeFLEI=</Password>
<Nonce>LKqI6G/AikKCQrN0zqZFlg==</Nonce><wsu:Created>2010-09-16T07:50:45Z</wsu:Created>"""
MADE_S = 1_284_623_445


def test_a_picture_is_a_jpeg_with_its_tones() -> None:
    tones = [(37 * at) % 256 for at in range(COLUMNS * ROWS)]
    shown = Image.open(BytesIO(picture(tones)))
    assert (shown.format, shown.mode, shown.size) == ("JPEG", "L", (COLUMNS * 8, ROWS * 8))
    middles = [
        shown.getpixel((8 * column + 3, 8 * row + 3))
        for row in range(ROWS)
        for column in range(COLUMNS)
    ]
    assert middles == tones


def test_a_frozen_scene_is_the_same_picture_and_another_never_is() -> None:
    faults: set[str] = set()
    scene = Scene("1", faults)
    assert scene.still() != scene.still()
    faults.add("frozen")
    assert scene.still() == scene.still()


@pytest.mark.parametrize(
    ("changed", "welcome"),
    [({}, True), ({"password": "userpasswor"}, False), ({"user": "other"}, False),
     ({"unix_s": MADE_S + 301.0}, False)],
)  # fmt: skip
def test_a_token_is_onvifs_sample_and_lasts_five_minutes(
    changed: dict[str, object], welcome: bool
) -> None:
    known = {"user": "user", "password": "userpassword", "unix_s": float(MADE_S)}
    assert onvif.is_welcome(TOKEN, **known | changed) is welcome  # type: ignore[arg-type]


def test_the_question_is_found_behind_any_prefix() -> None:
    assert onvif.question_of(b'<s:Body><GetSystemDateAndTime xmlns="x"/>') == "GetSystemDateAndTime"
    assert onvif.question_of(b"<x:Body>\n<tds:GetDeviceInformation/>") == "GetDeviceInformation"
    assert onvif.question_of(b"hello") == ""
