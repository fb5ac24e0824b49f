"""What `nadi-bridge retain` says, to people and to programs."""

import json
import time
from datetime import UTC, datetime

from broker_bridge.config import BridgeSettings
from broker_bridge.errors import told
from broker_bridge.language import _, moment, number, size
from broker_bridge.moving_line import MovingLine
from broker_bridge.opening import opened_store
from broker_bridge.retention import Outlook, Retained, Retention, outlook
from broker_bridge.stores.hours import Kept
from broker_bridge.stores.moments import EARLIEST_MS, ms_of, rfc3339


def retain(settings: BridgeSettings, *, sure: bool, as_json: bool) -> None:
    """Make hours and let go of what is older than its time; raises RetentionRefused."""
    line = MovingLine()
    with opened_store(settings.store) as store:
        run = Retention(
            store,
            settings.retention,
            monotonic=time.monotonic,
            rest=time.sleep,
            progress=lambda text: line.show(text, over=False),
        )
        try:
            run.run(now_ms=_now_ms(), sure=sure)
        finally:
            line.show("", over=True)
        _say_done(run.done, store.kept(), as_json=as_json)


def look_ahead(settings: BridgeSettings, *, as_json: bool) -> None:
    """Say what `retain` would do now; nothing is changed."""
    with opened_store(settings.store) as store:
        seen = outlook(store, settings.retention, now_ms=_now_ms())
    if as_json:
        print(json.dumps({"schema": 1, "dry_run": True, **_document(seen)}))
        return
    waiting, going = seen.hours_waiting, seen.going
    hours = _("all there are") if waiting is None else number(waiting)
    print(_("hours to be made: {hours}").format(hours=hours))
    readings = _("readings to go: {count}, those before {moment}{room}")
    print(
        readings.format(
            count=number(going.readings), moment=moment(seen.bounds.raw_ms), room=_room(going.bytes)
        )
    )
    old = _("hours to go: {count}, those before {moment}")
    print(old.format(count=number(going.hours), moment=moment(seen.bounds.old_ms)))
    if seen.refusal:
        print(_("it asks for --yes first: {reason}").format(reason=told(seen.refusal)[0]))


def _document(seen: Outlook) -> dict[str, object]:
    return {
        "hours_waiting": seen.hours_waiting,
        "readings": seen.going.readings,
        "readings_before": rfc3339(seen.bounds.raw_ms),
        "hours": seen.going.hours,
        "hours_before": rfc3339(seen.bounds.old_ms),
        "bytes": seen.going.bytes,
        "refusal": str(seen.refusal) if seen.refusal else None,
    }


def _say_done(done: Retained, kept: Kept, *, as_json: bool) -> None:
    if as_json:
        said = {
            "schema": 1,
            "hours_made": done.hours,
            "late_hours": done.late,
            "readings_gone": done.readings_gone,
            "bytes_gone": done.bytes_gone,
            "hours_gone": done.hours_gone,
            "hours_until": _instant(kept.hourly_ms),
            "raw_from": _instant(kept.raw_from_ms),
        }
        print(json.dumps(said))
        return
    made = _("✓ {count} hours made, {late} of them again with what came late; until {moment}")
    until = _moment(kept.hourly_ms, _("now: there is no reading yet"))
    print(made.format(count=number(done.hours), late=number(done.late), moment=until))
    gone = _("  {readings} readings{room} and {hours} hours gone; raw readings are kept {since}")
    print(
        gone.format(
            readings=number(done.readings_gone),
            room=_room(done.bytes_gone),
            hours=number(done.hours_gone),
            since=_since(kept.raw_from_ms),
        )
    )


def _since(raw_from_ms: int) -> str:
    if raw_from_ms == EARLIEST_MS:
        return _("from the first on")
    return _("from {moment} on").format(moment=moment(raw_from_ms))


def _moment(moment_ms: int, never: str) -> str:
    return never if moment_ms == EARLIEST_MS else moment(moment_ms)


def _room(taken: int) -> str:
    return f" ({size(taken)})" if taken else ""


def _instant(moment_ms: int) -> str | None:
    return None if moment_ms == EARLIEST_MS else rfc3339(moment_ms)


def _now_ms() -> int:
    return ms_of(datetime.now(UTC))
