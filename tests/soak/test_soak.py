"""However long an agent lives, it takes no more of its machine than after its first hours."""

from pathlib import Path

import pytest

from tests.campaigns.broken_build import ROOT, broken_build, control, must_break, run_in
from tests.soak.footprint import Sample, what_grows

pytestmark = pytest.mark.system

DAYS = ("tests.soak", "--hours", "0.2", "--count")


def test_a_gateway_takes_no_more_after_hours_than_before_and_loses_nothing() -> None:
    """A hundredth of the month that the campaign lets it live."""
    said = run_in(ROOT, *DAYS, "0.3")
    assert said.returncode == 0, said.stdout + said.stderr
    assert "0 wait, 0 lost" in said.stderr


def test_an_agent_that_remembers_what_it_sealed_is_found_out(tmp_path: Path) -> None:
    folder = broken_build(control("sealed_remembered"), tmp_path)
    must_break(folder, "memory grows", *DAYS, "0.1")


@pytest.mark.parametrize(
    ("resident_mib", "descriptors", "written_mb", "words"),
    [
        ((50.0, 50.0, 50.1, 50.0), (9, 9, 9, 9), 110.0, []),
        ((50.0, 51.1, 52.2, 53.3), (9, 9, 9, 9), 0.0, ["memory grows: +1.10 ± 0.00 MiB a day"]),
        ((50.0, 50.0, 50.0, 50.0), (9, 9, 9, 10), 0.0, ["1 descriptors leaked"]),
        ((50.0, 50.0, 50.0, 50.0), (9, 9, 9, 9), 111.0,
         ["111 MB a day are written to the card"]),
    ],
)  # fmt: skip
def test_what_grows_is_said(
    resident_mib: tuple[float, ...],
    descriptors: tuple[int, ...],
    written_mb: float,
    words: list[str],
) -> None:
    settling = [Sample(day=-3.0, resident_mib=40.0, descriptors=9)]
    life = [
        Sample(day=float(day), resident_mib=mib, descriptors=files)
        for day, (mib, files) in enumerate(zip(resident_mib, descriptors, strict=True))
    ]
    assert what_grows([*settling, *life], written_mb=written_mb) == words
