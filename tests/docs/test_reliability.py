"""Each promise names tests that exist and controls that are run."""

import ast
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "reliability.md").read_text(encoding="utf-8")
SECTIONS = {
    section.partition(".")[0]: section
    for section in re.split(r"^## ", PAGE, flags=re.MULTILINE)
    if re.match(r"N\d\.", section)
}
CONTROLS = sorted((ROOT / "tests" / "controls").glob("*.patch"))


def test_every_promise_has_its_section() -> None:
    assert list(SECTIONS) == [f"N{n}" for n in range(1, 10)]


@pytest.mark.parametrize("promise", SECTIONS)
def test_a_promise_names_tests_that_exist(promise: str) -> None:
    named = re.findall(r"^- Test: `(tests/\S+\.py)::(test_\w+)`$", SECTIONS[promise], re.MULTILINE)
    assert named
    for path, name in named:
        assert name in _tests_of(ROOT / path), f"{promise}: {path} has no {name}"


def _tests_of(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return {one.name for one in ast.walk(tree) if isinstance(one, kinds)}


@pytest.mark.parametrize("promise", SECTIONS)
def test_a_promise_names_a_control_that_exists(promise: str) -> None:
    named = re.findall(
        r"^- Control: `(tests/controls/\w+\.patch)`$", SECTIONS[promise], re.MULTILINE
    )
    assert named
    assert [path for path in named if not (ROOT / path).is_file()] == []


@pytest.mark.parametrize("patch", CONTROLS, ids=lambda path: path.stem)
def test_a_control_is_run_by_a_test(patch: Path) -> None:
    tests = [path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py")]
    assert any(f'"{patch.stem}"' in text for text in tests)


@pytest.mark.parametrize("patch", CONTROLS, ids=lambda path: path.stem)
def test_a_control_fits_the_code(patch: Path) -> None:
    fits = subprocess.run(
        ["git", "apply", "--check", str(patch)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert fits.returncode == 0, fits.stderr
