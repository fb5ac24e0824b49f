"""Real minutes of one agent at work, as it is run on a gateway, looked at from outside.

Its rounds come faster than on a pole: the outbox's page cache fills by a batch each until it is
full at 256 KiB, which takes some 500 rounds, and only what grows after that grows for years.
"""

import time
from collections.abc import Callable
from pathlib import Path

from scripts.district.district import District, Plan
from scripts.district.equipment import Equipment
from tests.soak.footprint import Sample, sample

EQUIPMENT = Equipment(lamps=8, bins=2, cameras=2, access_points=6)
INTERVAL_S = 1.0
SAMPLE_S = 10.0
A_DAY_S = 86_400.0


def watch(folder: Path, minutes: float, *, say: Callable[[str], None]) -> tuple[list[Sample], int]:
    """Its samples, and how many readings it sealed meanwhile."""
    plan = Plan(
        gateways=1, equipment=EQUIPMENT, read_interval_s=INTERVAL_S, seal_interval_s=INTERVAL_S
    )
    samples: list[Sample] = []
    with District(folder, plan) as district:
        (gateway,) = district.gateways
        began_s = time.monotonic()
        while (lasted_s := time.monotonic() - began_s) < minutes * 60:
            time.sleep(SAMPLE_S)
            samples.append(sample(lasted_s / A_DAY_S, str(gateway.agent.pid)))
            if len(samples) % 30 == 0:
                say(f"minute {lasted_s / 60:.0f}: {samples[-1].resident_mib:.2f} MiB")
        state = gateway.state()
        sealed = state.status.sealed.readings if state and state.status.sealed else 0
    return samples, sealed
