"""A district's own progress is the clock of whoever disturbs it."""

import time
from collections.abc import Iterator

from scripts.district.district import District
from scripts.district.gateway import Gateway
from scripts.district.process import ProgramError

POLL_S = 0.02
GROWTH_S = 60.0
DRAIN_S = 60.0
YOUNG_MS = 2_000


class Progress:
    """What its agents seal and still hold, as they say themselves."""

    def __init__(self, district: District) -> None:
        self._district = district

    @property
    def reading(self) -> list[str]:
        """The gateways whose agents run and are not frozen."""
        return [
            one.id for one in self._district.gateways if one.agent.running and not one.agent.frozen
        ]

    def wait_for_readings(self, more: int) -> None:
        """So many are sealed from now on; raises ProgramError. A restart may set the count back."""
        before, until_s = self._sealed(), time.monotonic() + GROWTH_S
        while time.monotonic() < until_s:
            now = self._sealed()
            if now >= before + more:
                return
            before = min(before, now)
            time.sleep(POLL_S)
        raise ProgramError(f"no agent sealed {more} readings within {GROWTH_S:g} s")

    def drain(self, within_s: float = DRAIN_S) -> list[str]:
        """What waits reaches the store; a sentence for each gateway where it did not."""
        until_s = time.monotonic() + within_s
        waiting = list(self._waiting())
        while waiting and time.monotonic() < until_s:
            time.sleep(POLL_S)
            waiting = list(self._waiting())
        return [
            f"{one.id}: its backlog did not drain within {within_s:g} s; {_link(one)}"
            for one in waiting
        ]

    def _sealed(self) -> int:
        reading = self.reading
        states = [one.state() for one in self._district.gateways if one.id in reading]
        return sum(s.status.sealed.readings for s in states if s and s.status.sealed)

    def _waiting(self) -> Iterator[Gateway]:
        for gateway in self._district.gateways:
            state = gateway.state()
            backlog = state and state.link.up and state.status.backlog
            if not backlog or backlog.oldest_age_ms >= YOUNG_MS:
                yield gateway


def _link(gateway: Gateway) -> str:
    """What its agent says of its link, for whoever has to find out why it does not drain."""
    state = gateway.state()
    if state is None:
        return "it cannot be asked"
    link = state.link
    up = f"up for {link.for_s:.0f} s" if link.up else f"down for {link.for_s:.0f} s: {link.reason}"
    return f"its link is {up}, {link.in_flight} in flight"
