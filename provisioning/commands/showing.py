"""How entries of the inventory, their changes and their history are shown."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from provisioning.inventory.book import Entry, Past, Prepared
from provisioning.inventory.changing import Change
from provisioning.job import Job
from provisioning.language import _, day, mark, plural

MAX_SHOWN = 40
FIELDS = {
    "kind": mark("kind"),
    "name": mark("name"),
    "latitude": mark("latitude"),
    "longitude": mark("longitude"),
    "kelurahan": mark("kelurahan"),
    "gateway": mark("gateway"),
    "retired": mark("retired"),
}


def say_changes(job: Job, changes: Sequence[Change]) -> None:
    """A row for each new entry and for each field that differs."""
    rows = [row for change in changes for row in _rows(change)]
    if rows:
        heads = (_("Number"), _("What"), _("Before"), _("Now"))
        job.terminal.table(heads, rows[:MAX_SHOWN])
    if len(rows) > MAX_SHOWN:
        more = len(rows) - MAX_SHOWN
        job.say(plural("and {count} more", "and {count} more", more).format(count=more))


def changes_of(changes: Sequence[Change]) -> list[dict[str, Any]]:
    """The same for programs."""
    return [
        {
            "id": change.after.id,
            "new": change.before is None,
            "fields": {
                name: {"before": before, "now": now}
                for name, (before, now) in _differences(change.before, change.after).items()
            },
        }
        for change in changes
    ]


def history_of(
    job: Job,
    entry: Entry,
    past: Sequence[Past],
    *,
    assets: Sequence[str],
    prepared: Prepared | None,
) -> None:
    """What it is, then every change, the oldest first."""
    job.say(" · ".join(filter(None, (entry.id, entry.kind, entry.name))))
    if entry.latitude is not None:
        job.say(f"{entry.latitude}, {entry.longitude}")
    if entry.kelurahan:
        job.say(_("Kelurahan {code}").format(code=entry.kelurahan))
    if entry.gateway:
        job.say(_("Read by {gateway}").format(gateway=entry.gateway))
    if assets:
        job.say(_("Reads {assets}").format(assets=", ".join(assets)))
    if prepared:
        job.say(_("Bundle valid until {day}").format(day=day(prepared.expires_at)))
    if entry.retired:
        job.say(_("retired"))
    heads = (_("When"), _("Who"), _("What"), _("Why"))
    job.terminal.table(heads, [_past(one) for one in past])


def _rows(change: Change) -> list[tuple[str, str, str, str]]:
    after = change.after
    if change.before is None:
        said = (after.kind, after.name, after.kelurahan, after.gateway)
        return [(after.id, _("new"), "", ", ".join(str(one) for one in said if one))]
    return [
        (after.id, _(FIELDS[name]), _shown(before), _shown(now))
        for name, (before, now) in after.differences(change.before).items()
    ]


def _past(one: Past) -> tuple[str, str, str, str]:
    if one.before is None:
        what = _("new")
    else:
        fields = one.after.differences(one.before).items()
        what = "; ".join(
            " ".join((_(FIELDS[name]), _shown(before), "→", _shown(now)))
            for name, (before, now) in fields
        )
    return _moment(one.because.at), one.because.who, what, one.because.why


def _differences(before: Entry | None, after: Entry) -> dict[str, tuple[Any, Any]]:
    return after.differences(before) if before else {}


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    return str(value) if value else "–"


def _moment(at: datetime) -> str:
    """Equally long for all, so that columns stay where they are."""
    return f"{at.astimezone():%Y-%m-%d %H:%M}"
