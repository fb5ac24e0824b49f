"""How fast the store grows, from what it measured of itself once a day."""

from broker_bridge.standing import DAY_MS, Standing

OLDEST_MS = 30 * DAY_MS


def growth_of(standing: Standing) -> float | None:
    """Bytes a day over the last month at most; None while the store is younger than a day."""
    within = [one for one in standing.sizes if standing.now_ms - one.measured_ms <= OLDEST_MS]
    if not within:
        return None
    first = within[0]
    passed_ms = standing.now_ms - first.measured_ms
    if passed_ms < DAY_MS:
        return None
    return (standing.bytes - first.bytes) * DAY_MS / passed_ms
