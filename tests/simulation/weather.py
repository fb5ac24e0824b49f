"""How often each thing happens in one schedule: in every other one, something rare is common."""

from collections.abc import Callable, Mapping
from itertools import accumulate
from random import Random

Action = Callable[[], None]
RARE = 3  # in some 200
OFTEN = 16  # times as often: a fault that is rare seldom meets itself


def weathered(menu: Mapping[Action, float], chance: Random) -> tuple[list[Action], list[float]]:
    """The actions, and their weights of this schedule, each added to those before it."""
    rare = [action for action, weight in menu.items() if weight < RARE]
    common = chance.choice(rare) if chance.random() < 0.5 else None
    weights = [weight * OFTEN if action is common else weight for action, weight in menu.items()]
    return list(menu), list(accumulate(weights))
