"""The settings become assets that are watched, each with the rules of its kind."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from agent.clock import Clock
from agent.events.bin import bin_rules
from agent.events.causes import Topology
from agent.events.condition import Condition
from agent.events.feeder import LampsOut, cabinet_rules, feeder_rules
from agent.events.fill import FillFilter
from agent.events.lamp import lamp_rules
from agent.events.light import daylight
from agent.events.network import access_point_rules, camera_rules
from agent.events.phases import OfAllPhases
from agent.events.rule import Rule
from agent.events.watch import JUST_NOW_MS, Judged, Watch, WatchedAsset
from agent.learned import Learned
from contract.devices import Device
from contract.identity import AssetId, Kind
from contract.limits import AccessPointLimits, Cabinet, CameraLimits
from contract.readings import Event
from contract.settings import AgentSettings

NOTHING = Learned()


def build_watch(
    settings: AgentSettings,
    *,
    clock: Clock,
    new_id: Callable[[], str],
    tell: Callable[[Event], None],
    open_events: Iterable[Event] = (),
    learned: Mapping[AssetId, Learned] | None = None,
) -> Watch:
    """Everything the settings name, watched."""
    devices = tuple(settings.devices())
    itself = WatchedAsset(asset=AssetId(settings.gateway.id), kind=Kind.GATEWAY)
    return Watch(
        [itself, *watched_assets(devices, learned or {})],
        gateway=settings.gateway.id,
        topology=topology(devices),
        daylight=daylight(clock, settings.site),
        new_id=new_id,
        tell=tell,
        open_events=open_events,
    )


def watched_assets(
    devices: Sequence[Device], learned: Mapping[AssetId, Learned]
) -> Iterator[WatchedAsset]:
    """One for each device."""
    for device in devices:
        known = learned.get(device.asset, NOTHING)
        yield WatchedAsset(
            asset=device.asset,
            kind=device.kind,
            judged=tuple(Judged(rule, Condition(rule.hold)) for rule in _rules(device, known)),
            fill=FillFilter(device.bin, level=known.level) if device.bin else None,
            gear=device.lamp is not None and device.lamp.gear == "dali",
            switched=device.switched,
            just_now_ms=max(JUST_NOW_MS, round(2_000 * device.reports_every_s)),
        )


def topology(devices: Sequence[Device]) -> Topology:
    """What feeds what."""
    return Topology({one.asset: one.fed_by for one in devices if one.fed_by is not None})


def all_learned(watch: Watch) -> Mapping[AssetId, Learned]:
    """What is worth keeping of each asset that has something."""
    known = {one.asset: learned_of(one) for one in watch.assets}
    return {asset: learned for asset, learned in known.items() if learned != NOTHING}


def learned_of(asset: WatchedAsset) -> Learned:
    """What is worth keeping over a restart."""
    rules = [one.rule.rule for one in asset.judged if isinstance(one.rule, OfAllPhases)]
    nights = [rule.baseline.nights for rule in rules if isinstance(rule, LampsOut)]
    return Learned(
        level=asset.fill.level if asset.fill else None, nights=tuple(nights[0]) if nights else ()
    )


def _rules(device: Device, known: Learned) -> Iterator[Rule]:
    if device.feeder is not None:
        yield from feeder_rules(device.feeder, nights=known.nights)
    if device.lamp is not None:
        yield from lamp_rules(device.lamp)
    if device.bin is not None:
        yield from bin_rules(device.bin)
    if device.kind is Kind.CABINET:
        yield from cabinet_rules(device.cabinet or Cabinet())
    if device.kind is Kind.CAMERA:
        yield from camera_rules(device.camera or CameraLimits())
    if device.kind is Kind.ACCESS_POINT:
        yield from access_point_rules(device.access_point or AccessPointLimits())
