"""What a camera's web service gives: literal answers, and no more than its words and figures."""

import base64
import random
import tomllib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from agent.drivers.camera_storage import parse as storage_state
from agent.drivers.http import Answer
from agent.drivers.login import Credentials
from agent.drivers.onvif_information import parse as information
from agent.drivers.onvif_information import wants_token
from agent.drivers.picture_figures import judge
from agent.drivers.ws_token import password_digest, token_header
from agent.errors import FrameError
from contract.network_devices import Storage
from tests.soup.spoil import SPOILS

FRAMES = Path(__file__).parents[2] / "fixtures" / "frames"
COUNTS = [1_000, pytest.param(50_000, marks=pytest.mark.nightly)]


def frames(name: str) -> dict[str, Any]:
    return tomllib.loads((FRAMES / f"{name}.toml").read_text())


INFORMATION, STORAGE, PICTURE = (
    frames("onvif_information"), frames("camera_storage"), frames("picture"),
)  # fmt: skip
SETTINGS = Storage.model_validate(STORAGE["settings"])


def jpeg(vector: dict[str, Any]) -> bytes:
    return bytes.fromhex(vector["reply"].replace("\n", ""))


def named(vector: dict[str, Any]) -> str:
    return str(vector["name"])


@pytest.mark.parametrize("vector", INFORMATION["good"], ids=named)
def test_a_recorded_answer_says_what_the_camera_is(vector: dict[str, Any]) -> None:
    notes = information(vector["reply"].encode())
    assert {note.name: note.text for note in notes} == vector["says"]


@pytest.mark.parametrize("vector", INFORMATION["bad"], ids=named)
def test_an_answer_that_names_nothing_is_refused(vector: dict[str, Any]) -> None:
    with pytest.raises(FrameError):
        information(vector["reply"].encode())


@pytest.mark.parametrize("vector", INFORMATION["refusal"], ids=named)
def test_a_recorded_refusal_asks_for_a_token_or_does_not(vector: dict[str, Any]) -> None:
    answer = Answer(status=vector["status"], body=vector["reply"].encode())
    assert wants_token(answer) is vector["wants_token"]


@pytest.mark.parametrize("sample", INFORMATION["token"], ids=lambda sample: str(sample["created"]))
def test_a_token_is_computed_as_onvifs_sample(sample: dict[str, Any]) -> None:
    nonce = base64.b64decode(sample["nonce"])
    assert password_digest(nonce, sample["created"], sample["password"]) == sample["digest"]


def test_a_token_shows_no_password_and_takes_any_user_name() -> None:
    header = token_header(
        Credentials(user="a<b&c", password="rahasia"),
        nonce=b"0123456789abcdef",
        created=datetime(2026, 11, 25, 10, 0, 5, tzinfo=UTC),
    )
    assert "<Username>a&lt;b&amp;c</Username>" in header
    assert ">2026-11-25T10:00:05Z</Created>" in header
    assert "rahasia" not in header


@pytest.mark.parametrize("vector", STORAGE["good"], ids=named)
def test_a_recorded_answer_is_the_state_of_the_worst_disk(vector: dict[str, Any]) -> None:
    assert storage_state(vector["reply"].encode(), SETTINGS) == vector["state"]


@pytest.mark.parametrize("vector", STORAGE["bad"], ids=named)
def test_an_answer_without_the_element_is_no_state(vector: dict[str, Any]) -> None:
    with pytest.raises(FrameError):
        storage_state(vector["reply"].encode(), SETTINGS)


def test_a_word_with_two_meanings_is_refused() -> None:
    with pytest.raises(ValueError, match="'ok' means two things in ok, full, error and absent"):
        Storage.model_validate(STORAGE["settings"] | {"error": ["OK"]})


@pytest.mark.parametrize("vector", PICTURE["good"], ids=named)
def test_a_recorded_picture_has_its_figures(vector: dict[str, Any]) -> None:
    first = judge(jpeg(PICTURE["good"][0]), None)
    figures = judge(jpeg(vector), first.luma_map)
    assert figures.luma == pytest.approx(vector["luma"], abs=0.6)
    assert figures.sharpness == pytest.approx(vector["sharpness"], rel=0.1, abs=0.2)
    assert figures.change == pytest.approx(vector["change"], abs=1.5)
    assert len(figures.luma_map) == 80 * 60


def test_a_car_that_moved_changes_a_picture_more_than_a_frozen_one_may() -> None:
    street, later = (jpeg(vector) for vector in PICTURE["good"][:2])
    first = judge(street, None)
    assert first.change is None
    assert judge(street, first.luma_map).change == 0
    assert (judge(later, first.luma_map).change or 0) > 5


@pytest.mark.parametrize("vector", PICTURE["bad"], ids=named)
def test_what_is_no_picture_of_a_camera_is_not_decoded(vector: dict[str, Any]) -> None:
    with pytest.raises(FrameError):
        judge(jpeg(vector), None)


@pytest.mark.parametrize("count", COUNTS)
def test_no_picture_makes_the_decoder_crash(count: int) -> None:
    chance = random.Random(7472)
    picture = jpeg(PICTURE["good"][1])
    for _ in range(count):
        try:
            figures = judge(chance.choice(SPOILS)(picture, chance), None)
        except FrameError:
            continue
        assert 0 <= figures.luma <= 255


@pytest.mark.parametrize("count", COUNTS)
def test_no_answer_makes_a_parser_crash(count: int) -> None:
    chance = random.Random(7472)
    answers = [one["reply"].encode() for one in (*INFORMATION["good"], *STORAGE["good"])]
    for _ in range(count):
        spoiled = chance.choice(SPOILS)(chance.choice(answers), chance)
        for parse in (information, lambda reply: storage_state(reply, SETTINGS)):
            try:
                parse(spoiled)
            except FrameError:
                continue
