"""How long to wait before the next try: longer each time, never in step with others."""

FIRST_S = 0.25
LONGEST_S = 5.0  # a city waits for it, and its broker and database know few that ask


def delay_s(attempt: int, *, jitter: float) -> float:
    """Seconds before try `attempt` (0, 1, 2 …); `jitter` is uniform in 0 to 1."""
    return float(min(LONGEST_S, FIRST_S * 2.0 ** min(attempt, 16)) * (0.5 + jitter / 2))
