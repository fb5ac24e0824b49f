"""A wrong password is given once an hour, whatever asks with it."""

import asyncio
from dataclasses import dataclass
from pathlib import Path

import pytest

from agent.clock import FakeClock
from agent.drivers.account import Account, Accounts
from agent.drivers.login_pause import RETRY_LOGIN_MS, LoginPauses
from agent.errors import DeviceRefused, FrameError, LoginRefused
from contract.identity import BootId

HOUR_MS = 3_600_000
DIGEST = 'Digest realm="c", nonce="6fd5a1f1f0c04ac2"'


@dataclass(frozen=True)
class Reply:
    status: int
    challenges: tuple[str, ...] = (DIGEST,)


REFUSAL, WELCOME = Reply(401), Reply(200, ())


class Camera:
    """Gives its replies one after the other, and keeps what it was told."""

    def __init__(self, *replies: Reply) -> None:
        self.replies = list(replies)
        self.told: list[str] = []

    async def ask(self, login: str) -> Reply:
        self.told.append(login)
        await asyncio.sleep(0)
        return self.replies.pop(0)


def account(clock: FakeClock) -> Account:
    found = Accounts(LoginPauses(clock)).of("10.20.0.5", 554, "nadi", "rahasia")
    assert found is not None
    return found


async def log_in(one: Account, camera: Camera, service: str = "RTSP") -> Reply:
    return await one.log_in(service, REFUSAL, camera.ask, method="GET", uri="/")


async def test_a_wrong_password_is_given_to_no_other_service_for_an_hour() -> None:
    clock = FakeClock()
    one, camera = account(clock), Camera(REFUSAL, WELCOME)
    for service in ("RTSP", "picture", "ONVIF", "RTSP"):
        with pytest.raises(LoginRefused, match="once an hour"):
            await log_in(one, camera, service)
    assert len(camera.told) == 1
    clock.now_ms += HOUR_MS
    assert await log_in(one, camera, "picture") == WELCOME


async def test_many_devices_of_one_recorder_try_a_password_once() -> None:
    accounts = Accounts(LoginPauses(FakeClock()))
    camera = Camera(REFUSAL)
    owners = [
        accounts.of(host, 554, "nadi", "rahasia") for host in ("nvr.pole", "NVR.pole", "nvr.pole")
    ]
    tries = [log_in(one, camera) for one in owners if one is not None]
    answers = await asyncio.gather(*tries, return_exceptions=True)
    assert [type(one) for one in answers] == [LoginRefused] * 3
    assert len(camera.told) == 1


async def test_a_service_that_refuses_what_another_took_pauses_alone() -> None:
    clock = FakeClock()
    one, camera = account(clock), Camera(WELCOME, Reply(403, ()), WELCOME)
    await log_in(one, camera)
    with pytest.raises(LoginRefused, match="takes the user and password elsewhere, and its ONVIF"):
        await log_in(one, camera, "ONVIF")
    with pytest.raises(LoginRefused):
        await log_in(one, camera, "ONVIF")
    assert await log_in(one, camera) == WELCOME
    assert len(camera.told) == 3


async def test_a_password_that_was_right_long_ago_may_have_been_changed() -> None:
    clock = FakeClock()
    one, camera = account(clock), Camera(WELCOME, REFUSAL)
    await log_in(one, camera)
    clock.now_ms += HOUR_MS
    for service in ("ONVIF", "RTSP"):
        with pytest.raises(LoginRefused):
            await log_in(one, camera, service)
    assert len(camera.told) == 2


async def test_a_stale_nonce_is_answered_once_more_and_no_oftener() -> None:
    stale = Reply(401, (f"{DIGEST}, stale=true",))
    camera = Camera(stale, stale, WELCOME)
    with pytest.raises(LoginRefused):
        await log_in(account(FakeClock()), camera)
    assert len(camera.told) == 2


async def test_a_way_in_that_nobody_knows_is_no_attempt() -> None:
    camera = Camera()
    with pytest.raises(DeviceRefused, match="no login that is known here"):
        await account(FakeClock()).log_in(
            "RTSP", Reply(401, ("Negotiate",)), camera.ask, method="GET", uri="/"
        )
    assert camera.told == []


async def test_an_answer_that_repeats_the_login_is_not_shown() -> None:
    async def echo(login: str) -> Reply:
        raise FrameError(f"not an HTTP answer: {login!r}")

    with pytest.raises(FrameError) as caught:
        await account(FakeClock()).log_in("picture", REFUSAL, echo, method="GET", uri="/")
    assert "Digest" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


def test_without_a_user_there_is_nothing_to_log_in_with() -> None:
    assert Accounts(LoginPauses(FakeClock())).of("10.20.0.5", 554, "", "") is None


async def test_cameras_behind_one_address_differ_in_their_ports() -> None:
    accounts = Accounts(LoginPauses(FakeClock()))
    refusing = accounts.of("10.20.0.1", 5541, "nadi", "rahasia")
    other = accounts.of("10.20.0.1", 5542, "nadi", "rahasia")
    assert refusing is not None
    assert other is not None
    with pytest.raises(LoginRefused):
        await log_in(refusing, Camera(REFUSAL))
    assert await log_in(other, Camera(WELCOME)) == WELCOME


class Card:
    """Where one gateway keeps its pauses, over the starts of its agent."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "login-pauses.json"
        self.clock = FakeClock(boot_ms=5_000)

    def account(self, password: str = "rahasia", *, boot: str = "b" * 16) -> Account:
        pauses = LoginPauses(self.clock, path=self.path, boot=BootId(boot))
        found = Accounts(pauses).of("10.20.0.5", 554, "nadi", password)
        assert found is not None
        return found


async def test_an_agent_that_restarts_again_and_again_gives_a_wrong_password_once(
    tmp_path: Path,
) -> None:
    card, camera = Card(tmp_path), Camera(REFUSAL)
    for _ in range(20):
        with pytest.raises(LoginRefused):
            await log_in(card.account(), camera)
        card.clock.now_ms += 10_000
    assert len(camera.told) == 1


async def test_a_corrected_password_is_given_at_once(tmp_path: Path) -> None:
    card = Card(tmp_path)
    with pytest.raises(LoginRefused):
        await log_in(card.account(), Camera(REFUSAL))
    assert await log_in(card.account("rahasia2"), Camera(WELCOME)) == WELCOME


async def test_after_a_reboot_the_hour_begins_anew(tmp_path: Path) -> None:
    card = Card(tmp_path)
    with pytest.raises(LoginRefused):
        await log_in(card.account(), Camera(REFUSAL))
    card.clock.now_ms = 1_000
    with pytest.raises(LoginRefused):
        await log_in(card.account(boot="c" * 16), Camera())
    rebooted = card.account(boot="c" * 16)
    card.clock.now_ms += RETRY_LOGIN_MS
    assert await log_in(rebooted, Camera(WELCOME)) == WELCOME


@pytest.mark.parametrize("text", ["", "{", "[]", '{"boot": 1}', '{"boot": "x", "until_ms": [1]}'])
async def test_pauses_that_cannot_be_read_are_none(tmp_path: Path, text: str) -> None:
    card = Card(tmp_path)
    card.path.write_text(text)
    assert await log_in(card.account(), Camera(WELCOME)) == WELCOME


async def test_no_password_is_kept_with_its_pause(tmp_path: Path) -> None:
    card = Card(tmp_path)
    with pytest.raises(LoginRefused):
        await log_in(card.account("kenari-7472"), Camera(REFUSAL))
    assert "kenari" not in card.path.read_text()
