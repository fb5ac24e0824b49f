"""People look at a table that moves; without a terminal they read a line now and then."""

from collections.abc import Callable
from typing import Protocol

from rich.bar import Bar
from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from scripts.demo.snapshot import GatewayRow, Snapshot

PLAIN_EVERY_S = 5.0
BAR_WIDTH = 24


class View(Protocol):
    """Where the story is shown."""

    def show(self, snapshot: Snapshot) -> None:
        """The district as it is now."""
        ...

    def say(self, sentence: str) -> None:
        """Something has just happened."""
        ...

    def close(self) -> None:
        """Nothing more will be shown."""
        ...


class LiveView:
    """A table that is drawn again in place."""

    def __init__(self, console: Console) -> None:
        self._live = Live(console=console, auto_refresh=False)
        self._live.start()

    def show(self, snapshot: Snapshot) -> None:
        """Draws the table again."""
        self._live.update(_drawn(snapshot), refresh=True)

    def say(self, sentence: str) -> None:
        """The table's own list of events has it."""

    def close(self) -> None:
        """The last table stays on the screen."""
        self._live.stop()


class PlainView:
    """Lines for a log."""

    def __init__(self, write: Callable[[str], None]) -> None:
        self._write = write
        self._shown_s = -PLAIN_EVERY_S

    def show(self, snapshot: Snapshot) -> None:
        """One line a gateway, every few seconds."""
        if snapshot.at_s - self._shown_s >= PLAIN_EVERY_S:
            self._shown_s = snapshot.at_s
            for row in snapshot.rows:
                self._write(_line(snapshot.at_s, row))

    def say(self, sentence: str) -> None:
        """At once."""
        self._write(sentence)

    def close(self) -> None:
        """There is nothing to put away."""


def _line(at_s: float, row: GatewayRow) -> str:
    return (
        f"{at_s:5.1f} s  {row.gateway}  link {row.link}  sealed {row.sealed}"
        f"  backlog {row.backlog} ({row.backlog_age_s:.0f} s)  committed {row.committed}"
    )


def _drawn(snapshot: Snapshot) -> Group:
    head = Text.assemble(
        ("Nadi Kota", "bold"),
        f"  {min(snapshot.at_s, snapshot.of_s):.0f} of {snapshot.of_s:.0f} s   broker ",
        _running(snapshot.broker_runs),
        "   bridge ",
        _running(snapshot.bridge_runs),
        "   Ctrl-C ends it early",
    )
    table = Table(box=None, pad_edge=False, expand=False)
    for title in ("gateway", "link", "sealed", "backlog", "oldest", "committed", "drained"):
        table.add_column(title, justify="right" if title in _NUMBERS else "left")
    for row in snapshot.rows:
        table.add_row(*_cells(row))
    return Group(head, table, *(Text(sentence, style="dim") for sentence in snapshot.said))


_NUMBERS = frozenset({"sealed", "backlog", "oldest", "committed"})


def _cells(row: GatewayRow) -> list[Text | Bar | str]:
    style, sign = ("green", "✓") if row.up else ("red", "✗")
    return [
        row.gateway,
        Text(f"{sign} {row.link}", style=style),
        f"{row.sealed:,}",
        f"{row.backlog:,}",
        f"{row.backlog_age_s:.0f} s" if row.backlog else "-",
        f"{row.committed:,}",
        _progress(row),
    ]


def _progress(row: GatewayRow) -> Bar | str:
    if not row.drain_from:
        return ""
    done = row.drain_from - row.backlog
    return Bar(row.drain_from, 0, done, width=BAR_WIDTH, color="green")


def _running(runs: bool) -> tuple[str, str]:
    return ("✓ running", "green") if runs else ("✗ down", "red")
