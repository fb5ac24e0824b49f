"""The language is chosen before anything is said, and then everything is said in it."""

import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from provisioning import language
from tests.provisioning.conftest import ROOT, Nadi, environment

FOREIGN = (
    "Usage:",
    "Options",
    "Show this message",
    "[y/N]",
    "Error:",
    "Commands",
    "default",
    "required",
)


def help_pages(folder: Path, spoken: str, columns: int) -> dict[str, str]:
    """The help of every command, as a process that was started in that language gives it."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.provisioning.tree"],
        cwd=ROOT,
        env=environment(folder, {"NADI_LANG": spoken, "COLUMNS": str(columns)}),
        capture_output=True,
        check=True,
        timeout=60,
    )
    pages = json.loads(done.stdout)
    assert isinstance(pages, dict)
    return pages


@pytest.mark.parametrize(
    ("switch", "environ", "fleet", "spoken"),
    [
        ("en", {"NADI_LANG": "id"}, "id", "en"),
        (None, {"NADI_LANG": "en", "LANG": "id_ID.UTF-8"}, "id", "en"),
        (None, {"LANG": "en_GB.UTF-8"}, "id", "id"),
        (None, {"LANG": "en_GB.UTF-8"}, "", "en"),
        (None, {"LANGUAGE": "id", "LC_ALL": "C", "LANG": "en_GB.UTF-8"}, "", "id"),
        (None, {"LC_ALL": "en_GB.UTF-8", "LANG": "id_ID.UTF-8"}, "", "en"),
        (None, {"LC_ALL": "POSIX", "LANG": "C"}, "", "id"),
        (None, {"NADI_LANG": "fr", "LANG": "fr_FR"}, "", "id"),
        (None, {}, "", "id"),
    ],
)
def test_point_20_the_nearer_wish_wins(
    switch: str | None, environ: dict[str, str], fleet: str, spoken: str, tmp_path: Path
) -> None:
    settings = tmp_path / "nadi.toml"
    settings.write_text(f'language = "{fleet}"\n')
    assert language.chosen(switch, environ, settings=settings) == spoken


@pytest.mark.parametrize(
    "env",
    [{"LANG": "C"}, {"LC_ALL": "POSIX"}, {"PYTHONIOENCODING": "ascii", "LANG": "C"}],
    ids=["LANG=C", "LC_ALL=POSIX", "ascii"],
)
def test_point_20_a_poor_locale_still_reads_indonesian(
    nadi_process: Nadi, env: dict[str, str]
) -> None:
    ended = nadi_process("authority", "status", env={"NADI_LANG": "", **env})
    assert ended.code == 5
    assert ended.err.startswith("Galat: Tidak ada otoritas")


def test_a_language_that_nadi_does_not_speak_is_named(nadi: Nadi) -> None:
    ended = nadi("authority", "status", "--lang", "fr")
    assert (ended.code, ended.err.splitlines()[0]) == (2, "Error: There is no language fr.")


def test_point_21_no_help_page_in_indonesian_has_english_words(tmp_path: Path) -> None:
    pages = help_pages(tmp_path, "id", 80)
    assert len(pages) > 3
    found = [(path, word) for path, page in pages.items() for word in FOREIGN if word in page]
    assert found == []


@pytest.mark.parametrize("spoken", language.LANGUAGES)
@pytest.mark.parametrize("columns", [40, 60])
def test_point_23_every_help_page_fits(spoken: str, columns: int, tmp_path: Path) -> None:
    for path, page in help_pages(tmp_path, spoken, columns).items():
        wide = [line for line in page.splitlines() if len(line) > columns and " " in line.strip()]
        assert wide == [], path


def test_numbers_and_days_are_written_as_people_here_write_them() -> None:
    moment = datetime(2026, 5, 21, 19, 5, tzinfo=UTC)
    language.use("id")
    assert (language.number(1204), language.day(moment, UTC), language.clock(moment, UTC)) == (
        "1.204",
        "21 Mei 2026",
        "19.05",
    )
    language.use("en")
    assert (language.number(1204), language.day(moment, UTC), language.clock(moment, UTC)) == (
        "1,204",
        "21 May 2026",
        "19:05",
    )
