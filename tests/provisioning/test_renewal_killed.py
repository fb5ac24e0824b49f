"""A renewal that is killed before any of its steps leaves an identity that works, and goes on."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from provisioning.joining.identity import KEY, REPLACES
from tests.provisioning.conftest import Centre, Nadi
from tests.provisioning.renewals import Renewing, renewing

pytestmark = pytest.mark.system
AT_MOST, DONE = 80, 0


def until_killed(there: Renewing, step: int) -> int:
    """Its exit code, or the signal that ended it, negative."""
    line = [sys.executable, "-m", "tests.provisioning.dying", str(step), *there.line, "--now"]
    ended = subprocess.run(
        line, env=there.environment, stdin=subprocess.DEVNULL, capture_output=True, check=False,
        timeout=180,
    )  # fmt: skip
    return ended.returncode


def apply(nadi: Nadi, there: Renewing) -> None:
    """What is revoked so far comes into force."""
    ended = nadi("authority", "apply", "--authority", str(there.centre.authority.folder))
    assert ended.code == 0, ended.err


@pytest.mark.parametrize(
    "step", [7, pytest.param(1, marks=pytest.mark.nightly)], ids=["every seventh", "every one"]
)
def test_point_6_a_working_identity_is_in_use_wherever_a_renewal_is_killed(
    centre: Centre, tmp_path: Path, nadi: Nadi, step: int
) -> None:
    with renewing(centre, tmp_path / "pole") as there:
        there.pole.play()
        there.pole.start_bridge()
        there.supervised()
        for number in range(1, AT_MOST, step):
            before = there.serial
            code = until_killed(there, number)
            apply(nadi, there)
            assert there.accepts(there.in_use), number
            if code == DONE:
                assert there.serial != before
                break
            assert code == -signal.SIGKILL
            ended = nadi(*there.line, "--now", env=there.environment)
            assert ended.code == 0, (number, ended.err, ended.out)
            apply(nadi, there)
            assert there.accepts(there.in_use), number
            assert there.serial != before
            assert not (there.in_use.folder / REPLACES).exists()
        else:
            raise AssertionError("it never ended")
        assert number >= 15
        print(f"renewals={len(range(1, number, step))} each killed at another step")
        folders = (there.folder / "identities").iterdir()
        assert [one.name for one in folders if (one / KEY).exists()] == [there.in_use.nonce]
        assert (there.folder / KEY).readlink() == Path("identity") / KEY
