"""Real minutes of one agent at work, as it is run on a gateway, looked at from outside.

Its rounds come some twenty times as fast as on a pole. The outbox's page cache fills by a batch
each, and what Python and the C library keep free touches new pages ever more seldom: that takes
some 3,000 rounds, and only what grows after that grows for years. So a day is counted in readings.
"""

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from scripts.district.district import District, Plan
from scripts.district.equipment import Equipment
from scripts.district.process import ProgramError
from tests.soak.footprint import Sample, sample

EQUIPMENT = Equipment(lamps=8, bins=2, cameras=2, access_points=6)
INTERVAL_S = 0.2
SAMPLE_S = 10.0
A_DAYS_READINGS = 20 * 86_400


def watch(folder: Path, minutes: float, *, say: Callable[[str], None]) -> tuple[list[Sample], int]:
    """Its samples, by days of 20 readings a second, and how many readings it sealed meanwhile."""
    plan = Plan(
        gateways=1, equipment=EQUIPMENT, read_interval_s=INTERVAL_S, seal_interval_s=INTERVAL_S
    )
    samples: list[Sample] = []
    with District(folder, plan) as district:
        (gateway,) = district.gateways
        began_s = time.monotonic()
        while (lasted_s := time.monotonic() - began_s) < minutes * 60:
            time.sleep(SAMPLE_S)
            samples.append(sample(lasted_s, str(gateway.agent.pid)))
            if len(samples) % 30 == 0:
                say(f"minute {lasted_s / 60:.0f}: {samples[-1].resident_mib:.2f} MiB")
        state = gateway.state()
        sealed = state.status.sealed.readings if state and state.status.sealed else 0
    if not sealed:
        raise ProgramError(f"{gateway.id}: it does not say what it sealed")
    a_second = sealed / lasted_s / A_DAYS_READINGS
    return [replace(one, day=one.day * a_second) for one in samples], sealed
