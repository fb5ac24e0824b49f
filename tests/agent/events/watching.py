"""A watch over one or a few assets, told values by hand."""

from collections.abc import Mapping, Sequence

from agent.clock import FakeClock, Sight
from agent.drivers.driver import Observation
from agent.errors import AgentError
from agent.events.building import all_learned, topology, watched_assets
from agent.events.light import Daylight
from agent.events.watch import Watch
from agent.learned import Learned
from contract.devices import Device
from contract.identity import AssetId, GatewayId, Kind
from contract.readings import Event, Phase

MINUTE_MS = 60_000
NIGHT, DAY = -30.0, 30.0
SIGHT = Sight(origin_ms=1_800_000_000_000, uncertainty_ms=1)
LINES = ("pju",)


def device(asset: str, kind: Kind, **settings: object) -> Device:
    """A device as the settings would describe it."""
    return Device.model_validate({"driver": "any", "asset": asset, "kind": kind, **settings})


class Watching:
    """Time moves by a minute with each `see`."""

    def __init__(self, *devices: Device, sun_deg: float = NIGHT) -> None:
        self.told: list[Event] = []
        self.now_ms = 0
        self.sun_deg = sun_deg
        self.clock = FakeClock()
        self.clock.seen = SIGHT
        self._devices = devices
        self._begun = 0
        self.watch = self._start({})

    def restart(self, lines: Sequence[str] = LINES) -> None:
        """Only open events and what was learned survive."""
        self.watch = self._start(all_learned(self.watch), lines)

    def _start(self, learned: Mapping[AssetId, Learned], lines: Sequence[str] = LINES) -> Watch:
        watch = Watch(
            watched_assets(self._devices, learned),
            gateway=GatewayId("bb-0001"),
            topology=topology(self._devices),
            daylight=Daylight(self.clock, elevation=lambda _: self.sun_deg, twilight_min=45),
            new_id=self._new_id,
            tell=self.told.append,
            open_events=self.open_events(),
        )
        watch.start(lines, self.now_ms)
        return watch

    def open_events(self) -> list[Event]:
        """Begun and not ended."""
        ended = {event.id for event in self.told if event.phase is Phase.END}
        return [event for event in self.told if event.id not in ended]

    def see(self, asset: str, minutes: float = 1, **values: float) -> list[str]:
        """The same values for some minutes; what was told meanwhile."""
        before = len(self.told)
        seen = tuple(Observation(quantity=name, value=value) for name, value in values.items())
        for _ in range(round(minutes)):
            self.now_ms += MINUTE_MS
            self.watch.saw(AssetId(asset), seen, self.now_ms)
        return words(self.told[before:])

    def miss(self, asset: str, error: AgentError, *, minutes: float = 1) -> list[str]:
        """It gives nothing and is unreachable; what was told of it."""
        before = len(self.told)
        for _ in range(round(minutes)):
            self.now_ms += MINUTE_MS
            self.watch.failed(AssetId(asset), gone=True)
            if not self.watch.explains(AssetId(asset), error, self.now_ms):
                self.watch.lost(AssetId(asset), error, str(error), self.now_ms)
        return words(self.told[before:])

    def _new_id(self) -> str:
        self._begun += 1
        return f"e-{self._begun}"


def words(events: list[Event]) -> list[str]:
    """`+lampFailure PJU-01` for a begin, with a minus for an end."""
    signs = {Phase.BEGIN: "+", Phase.END: "-"}
    return [f"{signs[event.phase]}{event.type} {event.asset}" for event in events]
