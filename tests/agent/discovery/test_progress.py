"""A person sees how far a search is, on a terminal and off it."""

import io

from agent.clock import FakeClock
from agent.discovery.progress import Progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_on_a_terminal_a_bar_grows_and_leaves_its_line() -> None:
    out = Terminal()
    progress = Progress(out, clock=FakeClock())
    progress(33, 66, "9600 baud: address 33, 2 found")
    progress.end()
    progress.end()
    assert out.getvalue().startswith("\r[████████████············] 9600 baud: address 33, 2 found")
    assert out.getvalue().count("\n") == 1


def test_off_a_terminal_a_plain_line_comes_every_few_seconds() -> None:
    out, clock = io.StringIO(), FakeClock()
    progress = Progress(out, clock=clock)
    for step in range(13):
        progress(step, 13, f"address {step}")
        clock.now_ms += 1_000
    progress.end()
    assert out.getvalue().splitlines() == ["5 of 13: address 5", "10 of 13: address 10"]
