"""The table of campaigns in docs/reliability.md: what ran, when, on which commit, what broke."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from tests.campaigns.progress import ROOT, Progress
from tests.campaigns.table import Campaign

PAGE = ROOT / "docs" / "reliability.md"
BEGIN = "<!-- campaigns: written by `make nightly`; do not edit -->"
END = "<!-- end of campaigns -->"
HEAD = (
    "| campaign | what | promises | done | of | broken | seeds | minutes | begun | commit |\n"
    "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |"
)


def write(
    campaigns: Iterable[Campaign], progress: Mapping[str, Progress], page: Path = PAGE
) -> None:
    """Puts the rows of these campaigns in; those of others that did not run stay as they are."""
    text = page.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    old, _, after = rest.partition(END)
    rows = {_name(row): row for row in old.strip().splitlines() if row.startswith("| `")}
    for campaign in campaigns:
        if progress[campaign.name].done:
            rows[campaign.name] = _row(campaign, progress[campaign.name])
    table = "\n".join([HEAD, *rows.values()])
    page.write_text(f"{before}{BEGIN}\n\n{table}\n\n{END}{after}", encoding="utf-8")


def _name(row: str) -> str:
    return row.split("`")[1]


def _row(campaign: Campaign, progress: Progress) -> str:
    done, of = (n * campaign.unit_size for n in (progress.done, campaign.nightly))
    cells = (
        f"`{campaign.name}`",
        campaign.what,
        campaign.promises,
        f"{done:,}",
        f"{of:,} {campaign.unit}",
        f"{progress.broken_count}",
        f"0 to {progress.done - 1:,}",
        f"{progress.seconds / 60:.0f}",
        progress.began,
        progress.commit,
    )
    return f"| {' | '.join(cells)} |"
