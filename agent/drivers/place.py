"""What a driver is given besides its settings: the line it speaks on, and the time."""

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from agent.clock import Clock
from agent.drivers.modbus_rtu import RtuMaster
from agent.drivers.resolver import Resolver
from agent.line import Port
from agent.tap import Traffic

if TYPE_CHECKING:
    from agent.drivers.account import Accounts
    from agent.drivers.chirpstack import Uplink
    from agent.drivers.login_pause import LoginPauses
    from agent.drivers.pin_bank import PinBank
    from agent.drivers.unread import Unread


class Stack(Protocol):
    """Where LoRaWAN uplinks come from."""

    @property
    def unread(self) -> "Unread":
        """The uplinks that no driver here could read."""
        ...

    async def take(self, dev_eui: str) -> "list[Uplink]":
        """What came for one device since the last call; raises LineGone."""
        ...

    async def close(self) -> None:
        """Leave it."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class SerialPlace:
    """One serial line; its RTU master is shared by every Modbus device on it."""

    port: Port
    master: RtuMaster
    clock: Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkPlace:
    """The gateway's network; names are looked up in one place, and so are users.

    `traffic` is one device's own: its driver notes what it sends and hears, and no secret.
    `picture_turn` is held by who has a picture in memory.
    """

    clock: Clock
    resolver: Resolver
    accounts: "Accounts"
    pauses: "LoginPauses"
    picture_turn: asyncio.Lock
    traffic: Traffic


@dataclass(frozen=True, slots=True, kw_only=True)
class LorawanPlace:
    """One ChirpStack application; `traffic` is one device's own."""

    clock: Clock
    stack: Stack
    traffic: Traffic


@dataclass(frozen=True, slots=True, kw_only=True)
class PinPlace:
    """The gateway's own pins."""

    bank: "PinBank"


Place = SerialPlace | NetworkPlace | LorawanPlace | PinPlace
