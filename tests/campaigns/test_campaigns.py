"""A campaign goes on where it stopped, names what broke, and is never counted as good unheard."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.campaigns import page
from tests.campaigns.progress import Build, judged_files
from tests.campaigns.run import Runner, Said, run_command
from tests.campaigns.table import CAMPAIGNS, Campaign

BUILD = Build(commit="c0ffee0000", code="a" * 16)


def campaign(name: str = "kills", nightly: int = 10, *, module: str = "x") -> Campaign:
    return Campaign(
        name=name, what="kills", unit="kills", promises="N1", nightly=nightly, chunk=4,
        module=module,
    )  # fmt: skip


class Parts:
    """Remembers which parts were asked for; every one takes a minute."""

    def __init__(self, *, broken: int = 0) -> None:
        self.asked: list[tuple[str, int, int]] = []
        self.broken = broken
        self.now_s = 0.0

    def __call__(self, campaign: Campaign, first: int, count: int) -> Said:
        self.asked.append((campaign.name, first, count))
        self.now_s += 60
        return Said(done=count, broken=self.broken, words="broken: x\n  replay: python -m x 1")


def runner(folder: Path, parts: Parts, *those: Campaign, build: Build = BUILD) -> Runner:
    return Runner(
        those, folder=folder, build=lambda _: build, today="2026-11-25", say=lambda _: None,
        run_part=parts, now_s=lambda: parts.now_s,
    )  # fmt: skip


def test_a_campaign_goes_on_where_the_last_run_stopped(tmp_path: Path) -> None:
    parts = Parts()
    runner(tmp_path, parts, campaign()).run(until_s=100)
    runner(tmp_path, parts, campaign()).run(until_s=1_000)
    assert parts.asked == [("kills", 0, 4), ("kills", 4, 4), ("kills", 8, 2)]


def test_another_build_begins_anew(tmp_path: Path) -> None:
    parts = Parts()
    runner(tmp_path, parts, campaign()).run(until_s=1)
    other = Build(commit="d", code="b" * 16)
    runner(tmp_path, parts, campaign(), build=other).run(until_s=61)
    assert [first for _, first, _ in parts.asked] == [0, 0]


def test_the_campaign_that_is_furthest_behind_is_next(tmp_path: Path) -> None:
    parts = Parts()
    runner(tmp_path, parts, campaign("long", 16), campaign("short", 4)).run(until_s=1_000)
    assert [name for name, _, _ in parts.asked] == ["long", "short", "long", "long", "long"]


def test_a_part_that_would_not_be_done_in_time_is_not_begun(tmp_path: Path) -> None:
    parts = Parts()
    long = replace(campaign("long", 16), minutes=3)
    runner(tmp_path, parts, long, campaign("short", 16)).run(until_s=290)
    assert [name for name, _, _ in parts.asked] == ["long", "short", "short", "short", "short"]


def test_what_broke_is_kept_with_its_replay(tmp_path: Path) -> None:
    one = runner(tmp_path, Parts(broken=1), campaign())
    one.run(until_s=1)
    again = runner(tmp_path, Parts(), campaign()).progress["kills"]
    assert (again.broken_count, again.broken) == (1, ["broken: x\n  replay: python -m x 1"])


def program(folder: Path, text: str, monkeypatch: pytest.MonkeyPatch) -> Campaign:
    (folder / "a_part.py").write_text(text)
    monkeypatch.setenv("PYTHONPATH", str(folder))
    return campaign(module="a_part")


def test_a_part_that_says_nothing_counts_as_broken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = run_command(program(tmp_path, "import sys; sys.exit(3)", monkeypatch), 0, 4)
    assert said.broken == 1
    assert "no result from: python -m a_part --first 0 --count 4" in said.words


def test_a_part_is_believed_by_its_last_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "print('broken: y'); print('{\"done\": 4, \"broken\": 2}')"
    said = run_command(program(tmp_path, text, monkeypatch), 0, 4)
    assert said == Said(done=4, broken=2, words="broken: y")


def test_a_campaign_judges_what_its_program_imports_and_no_more() -> None:
    cuts = set(judged_files("tests.power_cuts", whole=False))
    assert {"agent/outbox/outbox.py", "tests/power_cuts/volatile_disk.py"} <= cuts
    assert not any(one.startswith(("broker_bridge/", "firmware_sim/")) for one in cuts)
    schedules = set(judged_files("tests.simulation", whole=False))
    assert "broker_bridge/stores/migrations/sqlite/0001_city_store.sql" in schedules
    kills = set(judged_files("scripts.kills", whole=True))
    assert {"agent/__main__.py", "scripts/kills/__main__.py"} <= kills


def test_the_page_keeps_the_rows_of_what_did_not_run(tmp_path: Path) -> None:
    path = tmp_path / "reliability.md"
    path.write_text(f"# Reliability\n\n{page.BEGIN}\n\n{page.END}\n\nbelow\n")
    for name in ("one", "two"):
        run = runner(tmp_path, Parts(), campaign(name, 4))
        run.run(until_s=1)
        page.write(run.campaigns, run.progress, path)
    text = path.read_text()
    assert "| `one` | kills | N1 | 4 | 4 kills | 0 | 0 to 3 | 1 | 2026-11-25 | c0ffee0000 |" in text
    assert text.index("`one`") < text.index("`two`") < text.index("below")


def test_every_campaign_has_a_name_of_its_own() -> None:
    names = [one.name for one in CAMPAIGNS]
    assert len(set(names)) == len(names)
