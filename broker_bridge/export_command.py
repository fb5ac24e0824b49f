"""`nadi-bridge export`, for people and for programs."""

import argparse
import json
from datetime import datetime
from zoneinfo import ZoneInfo

from broker_bridge.config import BridgeSettings
from broker_bridge.errors import ExportRefused
from broker_bridge.export.asked import Asked, format_of
from broker_bridge.export.exporting import Exported, export
from broker_bridge.language import _, decimal, mark, number, size
from broker_bridge.moving_line import MovingLine
from broker_bridge.stores.moments import ms_of


def run(settings: BridgeSettings, wanted: argparse.Namespace, *, now: datetime) -> None:
    """Writes the file and says what it is; raises ExportRefused, StoreGone or StoreNewer."""
    asked = _asked(settings, wanted)
    made = export(settings, asked, now=now, progress=_Written())
    if wanted.json:
        said = json.loads(made.metadata.model_dump_json())
        print(json.dumps({"schema": 1, **said, "file": str(made.file)}))
    else:
        _say(made)


class _Written:
    """How many rows there are so far."""

    def __init__(self) -> None:
        self._line = MovingLine()

    def __call__(self, rows: int) -> None:
        self._line.show(_("{count} rows written").format(count=number(rows)), over=False)


def _asked(settings: BridgeSettings, wanted: argparse.Namespace) -> Asked:
    return Asked(
        dataset=wanted.dataset,
        format=format_of(wanted.file, wanted.format),
        to=wanted.file,
        zone=ZoneInfo("UTC") if wanted.utc else settings.zone,
        assets=tuple(wanted.asset),
        kinds=tuple(wanted.kind),
        areas=tuple(wanted.area),
        from_ms=_moment_ms(wanted.from_, settings.zone),
        until_ms=_moment_ms(wanted.until_, settings.zone),
        since=wanted.since,
        public=wanted.public,
    )


def _moment_ms(text: str | None, zone: ZoneInfo) -> int | None:
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise ExportRefused(
            mark("{text} is no time"),
            hint=mark("write it as 2026-11-25, or 2026-11-25T18:00"),
            text=repr(text),
        ) from error
    return ms_of(moment if moment.tzinfo else moment.replace(tzinfo=zone))


def _say(made: Exported) -> None:
    about = made.metadata
    said = _("✓ {file}: {count} rows, {size}")
    print(said.format(file=made.file, count=number(about.rows), size=size(about.bytes)))
    periods = about.completeness.periods if about.completeness else None
    shares = [one.completeness for one in periods or () if one.completeness is not None]
    if shares:
        said = _("completeness {share} % in the worst of {days} days")
        share = decimal(min(shares) * 100)
        print("  " + said.format(share=share, days=number(len(shares))))
    elif periods:
        print("  " + _("completeness not known: [retention] interval_s says when readings are due"))
    if about.cursor:
        print("  " + _("to go on from here: --since {cursor}").format(cursor=about.cursor))
