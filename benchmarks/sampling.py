"""`python -m benchmarks.sampling FILE MODULE …` runs a module and writes where its threads were.

A thread of its own looks at all others every few milliseconds: it sees waiting as well as work.
"""

import runpy
import sys
import threading
from collections import Counter
from pathlib import Path
from types import FrameType

INTERVAL_S = 0.003
DEPTH = 40
SHOWN = 60


class Sampler:
    """Counts of (thread, stack) until it is stopped."""

    def __init__(self) -> None:
        self._stop = threading.Event()
        self._own: Counter[tuple[str, str]] = Counter()
        self._below: Counter[tuple[str, str]] = Counter()
        self._ticks: Counter[str] = Counter()
        self._thread = threading.Thread(target=self._run, name="sampling", daemon=True)

    def start(self) -> None:
        """Looks from now on."""
        self._thread.start()

    def write(self, path: Path) -> None:
        """Stops, and writes each thread's busiest places, alone and with what they call."""
        self._stop.set()
        self._thread.join()
        with path.open("w") as out:
            for thread, ticks in self._ticks.most_common():
                out.write(f"== {thread}: {ticks} samples\n")
                for title, counts in (("itself", self._own), ("with calls", self._below)):
                    out.write(f"-- {title}\n")
                    rows = [(n, place) for (name, place), n in counts.items() if name == thread]
                    for count, place in sorted(rows, reverse=True)[:SHOWN]:
                        out.write(f"{100 * count / ticks:6.1f} %  {place}\n")

    def _run(self) -> None:
        own = threading.get_ident()
        while not self._stop.wait(INTERVAL_S):
            names = {thread.ident: thread.name for thread in threading.enumerate()}
            for ident, frame in sys._current_frames().items():  # noqa: SLF001 documented
                if ident != own:
                    self._count(names.get(ident, str(ident)), frame)

    def _count(self, thread: str, frame: FrameType) -> None:
        places: list[str] = []
        here: FrameType | None = frame
        while here and len(places) < DEPTH:
            places.append(_place(here))
            here = here.f_back
        self._ticks[thread] += 1
        self._own[thread, places[0]] += 1
        for place in set(places):
            self._below[thread, place] += 1


def _place(frame: FrameType) -> str:
    code = frame.f_code
    file = "/".join(code.co_filename.split("/")[-3:])
    return f"{file}:{frame.f_lineno} {code.co_qualname}"


def main() -> None:
    """Runs the module as `python -m` would, and writes the file when it ends."""
    file, module, *arguments = sys.argv[1:]
    sampler = Sampler()
    sampler.start()
    sys.argv = [module, *arguments]
    try:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    finally:
        sampler.write(Path(file))


if __name__ == "__main__":
    main()
