"""The demonstration ends with a balance that closes, however it ends."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

pytestmark = pytest.mark.system

ROOT = Path(__file__).parents[2]
KEYS = ["sealed", "committed", "held", "rejected", "lost", "duplicates", "unsealed"]
PATIENCE_S = 120


@contextmanager
def demonstration(*arguments: str) -> Iterator["subprocess.Popen[str]"]:
    with subprocess.Popen(
        [sys.executable, "-m", "scripts.demo", *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        start_new_session=True,
    ) as demo:
        try:
            yield demo
        finally:
            demo.kill()


def last_line(said: str) -> dict[str, int]:
    counts = json.loads(said.splitlines()[-1])
    assert list(counts) == KEYS
    assert counts["sealed"] == sum(counts[key] for key in ("committed", "held", "rejected", "lost"))
    return dict(counts)


@pytest.mark.parametrize("store", ["sqlite", "postgresql"])
def test_the_demonstration_balances_on_either_store(store: str) -> None:
    with demonstration("--seconds", "20", "--store", store) as demo:
        said, _ = demo.communicate(timeout=PATIENCE_S)
    assert demo.returncode == 0, said
    counts = last_line(said)
    assert (counts["lost"], counts["duplicates"]) == (0, 0)
    assert counts["committed"] > 0
    assert "the fibre of bb-0001 is cut" in said
    assert "the bridge starts again" in said
    assert "mosquitto_sub" in said


def test_a_demonstration_ended_in_the_middle_mends_everything_and_balances() -> None:
    with demonstration("--seconds", "40") as demo:
        assert demo.stdout is not None
        heard = ""
        for line in demo.stdout:
            heard += line
            if "is killed (SIGKILL)" in line:
                demo.send_signal(signal.SIGINT)
                break
        rest, _ = demo.communicate(timeout=PATIENCE_S)
    assert demo.returncode == 0, heard + rest
    counts = last_line(rest)
    assert (counts["lost"], counts["duplicates"]) == (0, 0)
    assert "an empty broker starts" not in heard + rest
