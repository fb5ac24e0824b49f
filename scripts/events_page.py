"""The events and the limits behind them as a page for people."""

from collections.abc import Iterable, Iterator

from contract.document import Section
from contract.event_types import EVENTS, About, EventType
from contract.limits import AccessPointLimits, Bin, Cabinet, CameraLimits, Feeder, Lamp, Site
from scripts.asyncapi_reference import GENERATED, table

TABLES: tuple[tuple[str, type[Section]], ...] = (
    ("[site]", Site),
    ("[serial.device.lamp]", Lamp),
    ("[serial.device.feeder]", Feeder),
    ("[pins.device.cabinet]", Cabinet),
    ("[serial.device.bin]", Bin),
    ("[network.device.camera]", CameraLimits),
    ("[network.device.access_point]", AccessPointLimits),
)
INTRO = """\
A gateway judges its readings itself, so events work while it is cut off. An event begins when its
fault was there for as long as its `…_after_s`, and ends when it was gone for a minute or longer,
by an easier threshold where it has one; both carry the same id. What is open survives a restart,
which only begins a wait anew, as does a device that was unreachable meanwhile. Documented delay:
`…_after_s` and two rounds; a device is unreachable after `unreachable_after` rounds; a feeder's
lamps are counted a quarter of an hour after they were switched on. Values that are marked
`suspect` begin and end nothing.

**One cause, one event.** `fed_by = "ASSET"` in a device's settings says which cabinet or switch
it hangs on. What that one's fault explains is not told again for the device, and what was told in
the five minutes before (two reports, of a LoRaWAN sensor) is ended with `explained by …`. A line
on which nothing answers is one `lineUnreachable` of the gateway, its detail beginning with the
line's name; it explains also what hangs on the line's devices by another line. So is a controller
that answers for several at one address (a DALI gateway, a converter from Modbus TCP). Cameras
and access points have one event at a time: their first cause.

A meter behind the contactor has no voltage by day, and may not answer then: `switched = true` in
its settings says so, and while the contactor of the pillar in its `fed_by` is open, neither is a
fault.

Without `[site]`, or while nobody vouches for the time, nothing is judged by the sun; a pillar's
photocell is believed instead, its contactor always.
"""


def events_page() -> str:
    """Every event, and every limit with its default."""
    heads = ("event", "meaning", "name from")
    rows = [_row(one, about) for one, about in EVENTS.items()]
    parts = [GENERATED, "# Events\n", INTRO, table(heads, rows), "## Limits and their defaults\n"]
    return "\n".join([*parts, *_limits()])


def _row(one: EventType, about: About) -> tuple[str, ...]:
    return f"`{one}`", about.meaning, about.named_by


def _limits() -> Iterator[str]:
    for title, model in TABLES:
        words = " ".join((model.__doc__ or "").split())
        yield f"### `{title}`\n\n{words}\n\n{table(('setting', 'default'), _defaults(model))}"


def _defaults(model: type[Section]) -> Iterable[tuple[str, str]]:
    for name, field in model.model_fields.items():
        default = "required" if field.is_required() else f"{field.default}"
        yield f"`{name}`", default
