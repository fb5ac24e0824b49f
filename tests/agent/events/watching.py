"""A watch over one or a few assets, told values by hand."""

from agent.clock import FakeClock, Sight
from agent.drivers.driver import Observation
from agent.events.building import topology, watched_assets
from agent.events.light import Daylight
from agent.events.watch import Watch
from contract.devices import Device
from contract.identity import AssetId, GatewayId, Kind
from contract.readings import Event, Phase

MINUTE_MS = 60_000
NIGHT, DAY = -30.0, 30.0
SIGHT = Sight(origin_ms=1_800_000_000_000, uncertainty_ms=1)


def device(asset: str, kind: Kind, **settings: object) -> Device:
    """A device as the settings would describe it."""
    return Device.model_validate({"driver": "any", "asset": asset, "kind": kind, **settings})


class Watching:
    """Time moves by a minute with each `see`."""

    def __init__(self, *devices: Device, sun_deg: float = NIGHT) -> None:
        self.told: list[Event] = []
        self.now_ms = 0
        self.sun_deg = sun_deg
        clock = FakeClock()
        clock.seen = SIGHT
        self.watch = Watch(
            watched_assets(devices, {}),
            gateway=GatewayId("bb-0001"),
            topology=topology(devices),
            daylight=Daylight(clock, elevation=lambda _: self.sun_deg, twilight_min=45),
            new_id=lambda: f"e-{len(self.told)}",
            tell=self.told.append,
        )
        self.watch.start(["pju"], 0)

    def see(self, asset: str, minutes: float = 1, **values: float) -> list[str]:
        """The same values for some minutes; what was told meanwhile."""
        before = len(self.told)
        seen = tuple(Observation(quantity=name, value=value) for name, value in values.items())
        for _ in range(round(minutes)):
            self.now_ms += MINUTE_MS
            self.watch.saw(AssetId(asset), seen, self.now_ms)
        return words(self.told[before:])


def words(events: list[Event]) -> list[str]:
    """`+lampFailure PJU-01` for a begin, with a minus for an end."""
    signs = {Phase.BEGIN: "+", Phase.END: "-"}
    return [f"{signs[event.phase]}{event.type} {event.asset}" for event in events]
