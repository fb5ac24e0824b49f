"""How long after its start an agent has sealed the first readings of real serial lines."""

import sqlite3
import statistics
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from benchmarks.figure import Figure, Run, at_most, load, spread
from scripts.district.district import District, Plan
from scripts.district.equipment import Equipment
from scripts.district.gateway import Gateway
from scripts.district.process import ProgramError

RUNS = 9
SHORTEST_S = 0.2  # what settings allow
DEADLINE_S = 20.0
POLL_S = 0.005
LINES = Equipment(lamps=8, bins=4, cameras=0, access_points=0)


def measure(run: Run) -> Iterator[Figure]:
    """From the start of the process, interpreter and imports included."""
    plan = Plan(gateways=1, equipment=LINES, read_interval_s=SHORTEST_S, seal_interval_s=SHORTEST_S)
    with District(run.folder / "district", plan) as district:
        gateway = district.gateways[0]
        gateway.stop()
        took_s = []
        for number in range(1, RUNS + 1):
            run.say(f"start {number} of {RUNS}")
            took_s.append(_start(gateway))
    yield Figure(
        name="agent_start.first_batch",
        value=statistics.median(took_s),
        unit="s",
        target=at_most(1.5),
        detail=f"{spread(took_s)}; an RS-485 line of 8 meters and 4 sensors over ptys; the seal"
        f" interval is the shortest there is and its {SHORTEST_S} s are part of it; the outbox has"
        f" the earlier runs in it; {load()}",
    )


def _start(gateway: Gateway) -> float:
    """Seconds until there is more sealed than the earlier runs left in the outbox."""
    before = _left(Path(gateway.settings.gateway.data_dir) / "outbox.db")
    began_s = time.monotonic()
    gateway.agent.start()
    while True:
        state = gateway.state()
        if state and state.status.sealed and state.status.sealed.readings > before:
            took_s = time.monotonic() - began_s
            gateway.stop()
            return took_s
        if time.monotonic() > began_s + DEADLINE_S:
            raise ProgramError(f"nothing sealed in {DEADLINE_S:g} s, see {gateway.agent.log_file}")
        time.sleep(POLL_S)


def _left(outbox: Path) -> int:
    with closing(sqlite3.connect(f"{outbox.as_uri()}?mode=ro", uri=True)) as database:
        return int(database.execute("SELECT coalesce(sum(readings), 0) FROM batch").fetchone()[0])
