"""The broker, certificates, this machine's clock, and the last backup."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pydantic import ValidationError

from broker_bridge.backup import MANIFEST, MAX_MANIFEST_BYTES, Manifest
from broker_bridge.certificates import name_of, shown
from broker_bridge.doctor import way
from broker_bridge.doctor.centre import Centre
from broker_bridge.doctor.clock import Kernel
from broker_bridge.doctor.finding import Seen, bad, doubtful, good, skipped
from broker_bridge.errors import told
from broker_bridge.language import _, day, moment, number, span, zone
from broker_bridge.stores.moments import ms_of
from contract.errors import SettingsError
from contract.tls import Broker

APART_MS = 2_000
DAY_S = 86_400
OF_ITS_OWN_DAYS, OF_THE_AUTHORITY_DAYS = 60, 730  # as nadi authority status warns
BACKUP_OLD_S, BACKUP_TOO_OLD_S = 2 * DAY_S, 7 * DAY_S
MAX_BACKUPS = 10_000


def broker(centre: Centre) -> Seen:
    """Whether it takes connections, and what both sides think of each other's certificate."""
    wanted = centre.settings.broker
    if Path(wanted.key_file).exists() and not os.access(wanted.key_file, os.R_OK):
        return skipped(_("the bridge's key may not be read by this user"), _("run it with sudo"))
    return ask(wanted, centre)


def ask(wanted: Broker, centre: Centre | None = None) -> Seen:
    """The same, without the bridge's session; `centre` keeps the certificate that was shown."""
    where = f"{wanted.host}:{wanted.port}"
    try:
        answer = way.ask(wanted)
    except SettingsError as error:
        return bad(*told(error))
    if centre:
        centre.broker_shows = answer.certificate
    if answer.verdict == "no way":
        return bad(
            _("{where} takes no connection: {why}").format(where=where, why=answer.why),
            _("systemctl status mosquitto; compare broker.host and broker.port"),
        )
    if answer.verdict == "theirs":
        return bad(
            _("the broker's certificate is not believed: {why}").format(why=answer.why),
            _("broker.host must be a name in it, broker.ca_file its authority; has it expired?"),
        )
    if answer.verdict == "ours":
        return bad(
            _("the broker refuses this bridge's certificate: {why}").format(why=answer.why),
            _("in the office: nadi authority renew, then copy it here"),
        )
    return good(_("{where} answers; TLS holds both ways").format(where=where))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Dated:
    name: str
    ends: datetime
    days: float
    warn_days: int


def certificates(centre: Centre) -> Seen:
    """What ends first, and whether it is time to renew it."""
    try:
        found = sorted(_dated(centre), key=lambda one: one.days - one.warn_days)
    except SettingsError as error:
        return bad(*told(error))
    said = "; ".join(
        _("{name} until {day}").format(name=one.name, day=day(one.ends.astimezone(zone())))
        for one in found
    )
    first = found[0]
    renew = _("in the office: nadi authority status, then nadi authority renew {name}").format(
        name=first.name
    )
    if any(one.days <= 0 for one in found):
        return bad(_("run out: {certificates}").format(certificates=said), renew)
    if first.days < first.warn_days:
        return doubtful(
            _("{days} days left: {certificates}").format(
                days=number(int(first.days)), certificates=said
            ),
            renew,
        )
    return good(said)


def _dated(centre: Centre) -> Iterator[_Dated]:
    settings = centre.settings.broker
    (leaf, *above) = shown(settings.cert_file)
    own = [leaf, *filter(None, [centre.broker_shows])]
    roots = shown(settings.ca_file)
    known: set[bytes] = set()
    for certificate in (*own, *above, *roots):
        if certificate.signature in known:
            continue
        known.add(certificate.signature)
        ends = certificate.not_valid_after_utc
        yield _Dated(
            name=name_of(certificate),
            ends=ends,
            days=(ends - centre.now()).total_seconds() / DAY_S,
            warn_days=OF_ITS_OWN_DAYS if certificate in own else OF_THE_AUTHORITY_DAYS,
        )


def clock(centre: Centre) -> Seen:
    """Whether somebody sets this machine's clock."""
    now = moment(ms_of(centre.now()))
    if centre.kernel() is Kernel.ALONE:
        return doubtful(
            _("nobody sets this machine's clock; it says {now}").format(now=now),
            _("systemctl enable --now systemd-timesyncd, or install chrony"),
        )
    if centre.kernel() is Kernel.SILENT:
        return skipped(_("the kernel does not say; the clock says {now}").format(now=now))
    return good(_("synchronised; it says {now}").format(now=now))


def database_clock(centre: Centre) -> Seen:
    """Whether the database's machine has the same time: it stamps what is stored."""
    apart_ms = centre.store.standing().now_ms - ms_of(centre.now())
    if abs(apart_ms) > APART_MS:
        return doubtful(
            _("the database's clock and this machine's are {span} apart").format(
                span=span(abs(apart_ms) / 1_000)
            ),
            _("see that both machines' clocks are set: timedatectl"),
        )
    return good(_("the same as this machine's"))


def backup(centre: Centre) -> Seen:
    """How old the newest whole one is."""
    folder = centre.settings.backup.folder
    if not folder:
        return skipped(
            _("no folder for backups is set"), _("name it in the settings: [backup] folder = …")
        )
    try:
        newest = max((made for made in map(_made_at, _folders(folder)) if made), default=None)
    except PermissionError:
        return skipped(_("{folder} may not be read").format(folder=folder), _("run it with sudo"))
    except OSError as error:
        return bad(
            f"{folder}: {error.strerror}",
            _("make the first one: nadi-bridge backup; then enable nadi-backup.timer"),
        )
    if newest is None:
        return bad(
            _("{folder} holds no whole backup").format(folder=folder),
            _("make the first one: nadi-bridge backup; then enable nadi-backup.timer"),
        )
    return _of_backup(newest, (centre.now() - newest).total_seconds())


def _of_backup(newest: datetime, age_s: float) -> Seen:
    said = _("the last one is of {moment}").format(moment=moment(ms_of(newest)))
    if age_s <= BACKUP_OLD_S:
        return good(said)
    again = _("make one now: nadi-bridge backup; then see systemctl status nadi-backup.timer")
    return bad(said, again) if age_s > BACKUP_TOO_OLD_S else doubtful(said, again)


def _folders(folder: str) -> list[Path]:
    return sorted(Path(folder).iterdir(), reverse=True)[:MAX_BACKUPS]


def _made_at(folder: Path) -> datetime | None:
    try:
        with (folder / MANIFEST).open("rb") as file:
            return Manifest.model_validate_json(file.read(MAX_MANIFEST_BYTES)).made_at
    except (FileNotFoundError, NotADirectoryError, ValidationError):
        return None
