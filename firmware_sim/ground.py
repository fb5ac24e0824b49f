"""What all devices of a district stand on: time, seed, faults, record, and how they end."""

import asyncio
import difflib
import ssl
from collections.abc import Callable, Container, Coroutine, Mapping
from contextlib import AsyncExitStack
from pathlib import Path

from firmware_sim.answers import Record
from firmware_sim.clock import Clock
from firmware_sim.connections import Connections
from firmware_sim.errors import ControlError, PortError
from firmware_sim.faults import NamedFaults, Voice
from firmware_sim.key import DeviceSettings, SocketSettings
from firmware_sim.settings import DistrictSettings
from firmware_sim.snmp.agent import AgentSocket, SnmpAgent
from firmware_sim.world.pillar import Pillar
from firmware_sim.world.sky import Sky


class Ground:
    """One district's common ground; what is opened on it ends with `close`."""

    def __init__(
        self, settings: DistrictSettings, *, directory: Path, clock: Clock, record: Record
    ) -> None:
        self.directory = directory
        self.clock = clock
        self.record = record
        self.start_s = clock.boot_ms() / 1000
        self.sky = Sky(settings.clock, origin_unix_s=clock.unix_s() - self.start_s)
        self.faults: Mapping[str, NamedFaults] = {
            device.asset: NamedFaults(device.asset, device.FAULTS, device.faults.named)
            for device in settings.devices()
        }
        self.pillars: Mapping[str, Pillar] = {
            pillar.asset: Pillar(is_dark=self.sky.is_dark, faults=self.faults[pillar.asset])
            for pillar in settings.pillars()
        }
        self._powered_by = {
            port.feeds: self.faults[switch.asset]
            for switch in settings.switches
            for port in switch.ports
        }
        self.tasks: list[asyncio.Task[None]] = []
        self.opened = AsyncExitStack()
        self._seed = settings.seed

    def seed(self, asset: str, purpose: str) -> str:
        """A seed of its own for each purpose of each asset."""
        return f"{self._seed}/{asset}/{purpose}"

    def voice(self, settings: DeviceSettings) -> Voice:
        """How one device speaks, and which of its faults make it dumb."""
        named, muted_by = self.faults[settings.asset], settings.muted_by()
        switch: Container[str] = self._powered_by.get(settings.asset, ())
        return Voice(
            settings.faults,
            seed=self.seed(settings.asset, "faults"),
            is_silent=lambda: "dead" in switch or any(name in named for name in muted_by),
        )

    def feeds(self, pillar: str) -> Callable[[float], bool]:
        """When a lamp burns: while its pillar feeds it or, without one, in the dark."""
        return self.pillars[pillar].is_closed if pillar else self.sky.is_dark

    def faults_of(self, asset: str) -> NamedFaults:
        """What is broken about it; raises ControlError for a stranger."""
        if asset in self.faults:
            return self.faults[asset]
        close = difflib.get_close_matches(asset, self.faults, n=1)
        hint = f"did you mean {close[0]}?" if close else "use an asset of the district file"
        raise ControlError(f"no device here is called {asset!r}", hint=hint)

    def start(self, serving: Coroutine[None, None, None], *, name: str) -> None:
        """Runs until the ground is closed."""
        self.tasks.append(asyncio.create_task(serving, name=name))

    async def open_server(
        self,
        connections: Connections,
        name: str,
        *,
        host: str,
        port: int,
        limit: int,
        tls: ssl.SSLContext | None = None,
    ) -> str:
        """A TCP server's host:port; raises PortError."""
        try:
            server = await asyncio.start_server(
                connections.connected, host, port, limit=limit, ssl=tls
            )
        except OSError as error:
            raise _no_socket(name, host, port, error) from error
        self.opened.push_async_callback(connections.close)
        self.opened.callback(server.close)
        return host_port(server.sockets[0].getsockname())

    async def open_agent(self, agent: SnmpAgent, settings: SocketSettings) -> str:
        """An SNMP agent's host:port; raises PortError."""
        serving = AgentSocket(agent, clock=self.clock, record=self.record)
        at = await self.open_datagrams(serving, settings, port=settings.port)
        self.opened.push_async_callback(serving.close)
        return at

    async def open_datagrams(
        self, serving: asyncio.DatagramProtocol, settings: SocketSettings, *, port: int
    ) -> str:
        """A UDP socket's host:port; raises PortError."""
        try:
            transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
                lambda: serving, local_addr=(settings.host, port)
            )
        except OSError as error:
            raise _no_socket(settings.asset, settings.host, port, error) from error
        self.opened.callback(transport.close)
        return host_port(transport.get_extra_info("sockname"))

    async def close(self) -> None:
        """Ends everything."""
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        await self.opened.aclose()


def _no_socket(name: str, host: str, port: int, error: OSError) -> PortError:
    return PortError(
        f"{name} cannot listen on {host}:{port}: {error.strerror}",
        hint="use port = 0 for a free one, and a host that is this machine's",
    )


def host_port(name: tuple[str, int]) -> str:
    """A socket's name as people write it."""
    host, port = name[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
