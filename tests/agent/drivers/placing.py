"""Where a driver under test stands."""

import asyncio

from agent.clock import Clock, FakeClock
from agent.drivers.account import Accounts
from agent.drivers.login_pause import LoginPauses
from agent.drivers.place import NetworkPlace
from agent.drivers.resolver import Resolver
from agent.tap import Traffic


def network_place(clock: Clock | None = None, traffic: Traffic | None = None) -> NetworkPlace:
    """A network with nobody known on it."""
    clock = clock or FakeClock()
    pauses = LoginPauses(clock)
    return NetworkPlace(
        clock=clock,
        resolver=Resolver(),
        accounts=Accounts(pauses),
        pauses=pauses,
        picture_turn=asyncio.Lock(),
        traffic=traffic or Traffic(),
    )
