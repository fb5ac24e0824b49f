"""What `nadi-bridge retain` says, to people and to programs."""

import json
import time
from datetime import UTC, datetime

from broker_bridge.config import BridgeSettings
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
    waiting = seen.hours_waiting
    print(f"hours to be made: {'all there are' if waiting is None else f'{waiting:,}'}")
    print(
        f"readings to go: {seen.going.readings:,}, those before {rfc3339(seen.bounds.raw_ms)}"
        f"{_room(seen.going.bytes)}"
    )
    print(f"hours to go: {seen.going.hours:,}, those before {rfc3339(seen.bounds.old_ms)}")
    if seen.refusal:
        print(f"it asks for --yes first: {seen.refusal}")


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
    print(
        f"✓ {done.hours:,} hours made until {_instant(kept.hourly_ms) or 'now: no reading yet'},"
        f" {done.late:,} of them again with what came late"
    )
    print(
        f"  {done.readings_gone:,} readings{_room(done.bytes_gone)} and {done.hours_gone:,} hours"
        f" gone; raw readings are kept from {_instant(kept.raw_from_ms) or 'the first'} on"
    )


def _room(size: int) -> str:
    return f" ({size >> 20:,} MiB)" if size else ""


def _instant(moment_ms: int) -> str | None:
    return None if moment_ms == EARLIEST_MS else rfc3339(moment_ms)


def _now_ms() -> int:
    return ms_of(datetime.now(UTC))
