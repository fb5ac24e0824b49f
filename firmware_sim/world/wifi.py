"""A public Wi-Fi node."""

import random
from collections.abc import Container
from dataclasses import dataclass

from firmware_sim.world.lamp import clamp


@dataclass(frozen=True, slots=True, kw_only=True)
class WifiState:
    """One access point's uplink and radio."""

    uptime_s: float
    in_octets: int
    out_octets: int
    clients: int
    up: bool


class Hotspot:
    """A public Wi-Fi node: people come and go, octets only grow."""

    def __init__(self, *, start_s: float, seed: str, faults: Container[str] = ()) -> None:
        self._faults = faults
        self._random = random.Random(seed)
        self._booted_s = start_s - self._random.uniform(3_600, 30 * 86_400)
        self._clients = self._random.randrange(3, 30)
        self._in_octets = self._random.randrange(10**9, 10**11)
        self._out_octets = self._random.randrange(10**8, 10**10)
        self._seen_s = start_s

    def at(self, now_s: float) -> WifiState:
        elapsed_s = max(0.0, now_s - self._seen_s)
        self._seen_s = now_s
        traffic = (self._clients * 20_000 + 500) * elapsed_s
        self._in_octets += int(traffic * self._random.uniform(0.8, 1.2)) + 64
        self._out_octets += int(traffic * self._random.uniform(0.08, 0.12)) + 64
        self._clients = int(clamp(self._clients + self._random.choice((-1, 0, 0, 1)), 0, 60))
        return WifiState(
            uptime_s=now_s - self._booted_s,
            in_octets=self._in_octets,
            out_octets=self._out_octets,
            clients=self._clients,
            up="uplink_down" not in self._faults,
        )
