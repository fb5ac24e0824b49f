"""An enrolment that is killed before any of its writes goes on, and never leaves a mixture."""

import os
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from provisioning.__main__ import main
from provisioning.joining.identity import Identities, Identity
from tests.provisioning.conftest import Nadi
from tests.provisioning.poles import GATEWAY, Pole, pole

pytestmark = pytest.mark.system

WRITES = ("os.rename", "os.symlink", "os.link", "os.mkdir", "subprocess.Popen")
NEW_NONCE = "f" * 32
AT_MOST = 60
DONE = 0


@pytest.fixture
def template(tmp_path: Path) -> Pole:
    (tmp_path / "template").mkdir()
    made = pole(tmp_path / "template")
    made.delegate()
    made.bundle()
    return made


def copy_of(template: Pole, number: int) -> Pole:
    """The same pole once more, untouched."""
    top = template.top.with_name(f"pole-{number}")
    shutil.copytree(template.top, top, symlinks=True)
    return Pole(top=top, authority=template.authority)


def in_child(act: Callable[[], int], before: int) -> int:
    """Runs it in a process that dies before its write of that number; gives its wait status."""
    child = os.fork()
    if child:
        return os.waitpid(child, 0)[1]
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nothing, stream)
    seen = 0

    def hook(event: str, _: tuple[object, ...]) -> None:
        nonlocal seen
        if event in WRITES:
            seen += 1
            if seen == before:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)
    os._exit(act())


def words(there: Pole) -> list[str]:
    return [*there.line, "--line", "none", "--no-input"]


def is_whole(identity: Identity) -> bool:
    """Whether key, certificate and anchor fit, also where the agent looks for them."""
    names = ("gateway.key", "gateway.pem", "ca.pem")
    there = all((identity.folder.parents[1] / name).exists() for name in names)
    return there and identity.certificate is not None and identity.anchor is not None


def killed_everywhere(
    template: Pole,
    nadi: Nadi,
    monkeypatch: pytest.MonkeyPatch,
    *,
    had_one: bool,
    nonce: str,
    step: int,
) -> int:
    """The last place there was to be killed at."""
    for number in range(1, AT_MOST, step):
        there = copy_of(template, number)
        monkeypatch.chdir(there.top)
        status = in_child(lambda there=there: main(words(there), there.environment), number)  # type: ignore[misc]
        used = Identities(folder=there.folder).in_use()
        if had_one:
            assert used is not None
            assert is_whole(used), number
        if os.waitstatus_to_exitcode(status) == DONE:
            return number - step
        assert os.waitstatus_to_exitcode(status) == -signal.SIGKILL
        ended = nadi(*words(there), env=there.environment)
        assert ended.code == 0, (number, ended.err)
        used = Identities(folder=there.folder).in_use()
        assert used is not None
        assert used.nonce == nonce
        assert is_whole(used)
        assert (there.folder / "agent.toml").is_file()
        assert not (there.folder / ".draft").exists()
    raise AssertionError("it never ended")


EVERY = pytest.mark.parametrize(
    "step", [3, pytest.param(1, marks=pytest.mark.nightly)], ids=["every third", "every one"]
)


@EVERY
def test_point_6_a_first_enrolment_goes_on_wherever_it_was_killed(
    template: Pole, nadi: Nadi, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    nonce = "00112233445566778899aabbccddeeff"
    places = killed_everywhere(template, nadi, monkeypatch, had_one=False, nonce=nonce, step=step)
    assert places >= 12
    print(f"enrolments={len(range(1, places + 1, step))} each killed at another step")


@EVERY
def test_a_second_enrolment_leaves_one_working_identity_wherever_it_is_killed(
    template: Pole, nadi: Nadi, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    monkeypatch.chdir(template.top)
    assert nadi(*words(template), env=template.environment).code == 0
    template.bundle(gateway=GATEWAY, nonce=NEW_NONCE)
    places = killed_everywhere(
        template, nadi, monkeypatch, had_one=True, nonce=NEW_NONCE, step=step
    )
    assert places >= 8
    print(f"enrolments={len(range(1, places + 1, step))} each killed at another step")
