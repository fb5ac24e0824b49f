"""Where a driver under test stands."""

import asyncio

from agent.clock import Clock, FakeClock
from agent.drivers.account import Accounts
from agent.drivers.place import NetworkPlace
from agent.drivers.resolver import Resolver
from agent.tap import Traffic


def network_place(clock: Clock | None = None, traffic: Traffic | None = None) -> NetworkPlace:
    """A network with nobody known on it."""
    clock = clock or FakeClock()
    return NetworkPlace(
        clock=clock,
        resolver=Resolver(),
        accounts=Accounts(clock),
        picture_turn=asyncio.Lock(),
        traffic=traffic or Traffic(),
    )
