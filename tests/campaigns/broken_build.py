"""A copy of the tree with one line of production code changed, for a campaign that must find it."""

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
CONTROLS = ROOT / "tests" / "controls"
PARTS = (
    "agent", "broker_bridge", "contract", "firmware_sim", "provisioning",
    "configs", "scripts", "setup.cfg", "tests",
)  # fmt: skip


def broken_build(patch: Path, folder: Path) -> Path:
    """A copy of the tree with one line of production code changed."""
    copy_tree(folder)
    applied = subprocess.run(
        ["git", "apply", str(patch)], cwd=folder, capture_output=True, text=True, check=False
    )
    assert applied.returncode == 0, f"{patch.name} no longer fits: {applied.stderr}"
    for line in patch.read_text().splitlines():
        if line.startswith("+++ b/"):
            forget_compiled(folder / line.removeprefix("+++ b/"))
    return folder


def copy_tree(folder: Path) -> None:
    """With what is compiled of it: a control would spend most of its time on compiling."""
    for part in PARTS:
        if (ROOT / part).is_file():
            shutil.copy2(ROOT / part, folder)
        else:
            shutil.copytree(
                ROOT / part,
                folder / part,
                copy_function=_copy,
                ignore=shutil.ignore_patterns("*.pyc.*"),  # others are writing them
            )


def _copy(source: str, target: str) -> None:
    """A compiled file is only ever replaced, so one file can be in both trees."""
    if source.endswith(".pyc"):
        with contextlib.suppress(OSError):  # another disk; then it is compiled again
            os.link(source, target)
    else:
        shutil.copy2(source, target)


def forget_compiled(module: Path) -> None:
    """Its source is another now, and may be of the same second and length."""
    for compiled in (module.parent / "__pycache__").glob(f"{module.stem}.*.pyc"):
        compiled.unlink()


def run_in(folder: Path, *command: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", *command],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def must_break(folder: Path, words: str, *command: str) -> str:
    """What the command says in this build: that something is broken, and what `words` name."""
    looked = run_in(folder, *command)
    assert looked.returncode == 1, looked.stdout + looked.stderr
    assert words in looked.stdout, looked.stdout
    return looked.stdout


def must_fail(folder: Path, test: str, words: str) -> None:
    """The test fails in this build, and for the reason that `words` name: not of something else.

    Its files lie high: a Unix socket's path has at most 107 bytes.
    """
    with tempfile.TemporaryDirectory(prefix="nadi-") as place:
        quietly = ("-q", "-p", "no:cacheprovider", "--basetemp", f"{place}/t")
        said = must_break(folder, words, "pytest", *quietly, test)
    assert "1 failed" in said


def control(name: str) -> Path:
    patch = CONTROLS / f"{name}.patch"
    assert [line[0] for line in changed_lines(patch)] == ["-", "+"]
    return patch


def changed_lines(patch: Path) -> list[str]:
    lines = patch.read_text().splitlines()
    return [line for line in lines if line[:1] in "+-" and line[:3] not in ("+++", "---")]
