"""`nadi` as a technician runs it: a process with a terminal, or without one."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from io import BytesIO, StringIO, TextIOWrapper
from pathlib import Path
from typing import Any

import pytest

from provisioning.__main__ import main
from provisioning.language import use
from scripts.catalogues import compile_all

ROOT = Path(__file__).parents[2]
TIMEOUT_S = 60.0
PASSPHRASE = "rahasia dinas perhubungan"  # a secret that no output may show


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a run of `nadi` ended."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        """The one JSON document on standard output."""
        whole = json.loads(self.out)
        assert isinstance(whole, dict)
        return whole


Nadi = Callable[..., Ended]


@pytest.fixture(scope="session", autouse=True)
def _compiled() -> None:
    compile_all()


@pytest.fixture(autouse=True)
def _english() -> None:
    use("en")


@pytest.fixture
def nadi(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Nadi:
    """Runs `nadi` in a folder of its own, in English, with nobody to ask."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str, given: str = "", env: Mapping[str, str] | None = None) -> Ended:
        out, err = _stream(), _stream()
        with monkeypatch.context() as process:
            process.setattr(sys, "stdin", StringIO(given))
            process.setattr(sys, "stdout", out)
            process.setattr(sys, "stderr", err)
            code = main(arguments, environment(tmp_path, env))
        return Ended(code=code, out=_text(out), err=_text(err))

    return run


@pytest.fixture
def nadi_process(tmp_path: Path) -> Nadi:
    """The same as a process of its own, where the environment or the language matters."""

    def run(*arguments: str, env: Mapping[str, str] | None = None) -> Ended:
        done = subprocess.run(
            [sys.executable, "-m", "provisioning", *arguments],
            cwd=tmp_path,
            env=environment(tmp_path, env),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
            check=False,
        )
        return Ended(code=done.returncode, out=done.stdout, err=done.stderr)

    return run


def _stream() -> TextIOWrapper:
    return TextIOWrapper(BytesIO(), encoding="utf-8", write_through=True)


def _text(stream: TextIOWrapper) -> str:
    buffer = stream.buffer
    assert isinstance(buffer, BytesIO)
    return buffer.getvalue().decode()


def environment(folder: Path, more: Mapping[str, str] | None = None) -> dict[str, str]:
    """What a process needs and nothing of the person who runs the tests."""
    return {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "HOME": str(folder),
        "TMPDIR": str(folder),
        "NADI_LANG": "en",
        "NADI_AUTHORITY": str(folder / "authority"),
        **(more or {}),
    }


@pytest.fixture
def passphrase(tmp_path: Path) -> str:
    """How a passphrase is given: by the name of a file."""
    (tmp_path / "passphrase").write_text(PASSPHRASE + "\n")
    return "file:passphrase"


@pytest.fixture
def authority(nadi: Nadi, passphrase: str, tmp_path: Path) -> Path:
    """The folder of a fresh authority of Baubau, whose broker is on this machine."""
    line = ("--city", "baubau", "--host", "127.0.0.1", "--passphrase", passphrase)
    ended = nadi("authority", "init", *line)
    assert ended.code == 0, ended.err
    return tmp_path / "authority"
