"""`nadi-agent export`: one visit with a stick, told as it goes, and ended in words."""

import errno
import sys
from collections.abc import Callable
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from agent.carrying.carrier import trust_of
from agent.carrying.copying import Copier, Visit
from agent.carrying.disk import FolderDisk
from agent.carrying.source import opened_source
from agent.carrying.stick import Stick
from agent.errors import StickFull, StickGone
from agent.language import _, mark
from contract.carried import FOLDER, Place, Signer
from contract.collecting import Collected, Fault, Progress, Said, Stopped
from contract.errors import NadiError, OtherCity, SettingsError, SignedError
from contract.settings import AgentSettings
from contract.signed import chain_of

OF_NUMBER: dict[int, Fault] = {
    errno.ENOSPC: "full",
    errno.EDQUOT: "full",
    errno.EROFS: "read-only",
    errno.EACCES: "denied",
    errno.EPERM: "denied",
}
OF_KIND: tuple[tuple[type[NadiError], Fault], ...] = (
    (StickFull, "full"),
    (StickGone, "gone"),
    (OtherCity, "other-city"),
)
OF_FAULT: dict[Fault, tuple[str, str]] = {
    "full": (mark("the stick is full"), mark("take another one too, or free some room on it")),
    "read-only": (mark("the stick is read-only"), mark("move its switch, or take another one")),
    "gone": (
        mark("the stick was pulled out or is broken"),
        mark("put it in and run the same again"),
    ),
    "denied": (mark("you may not read or write there"), mark("run it with sudo")),
    "other-city": (mark("the stick holds another city's readings"), mark("take another stick")),
    "no-stick": (
        mark("there is no such folder"),
        mark("put the stick in; see lsblk for where it is"),
    ),
    "own-card": (
        mark("that is the gateway's own card"),
        mark("name the stick's folder, or add --any"),
    ),
}


def export(settings: AgentSettings, folder: Path, *, any_folder: bool, as_json: bool) -> bool:
    """Whether all that waits is on the stick."""
    visit = Visit()
    show = _show_json if as_json else _show
    try:
        _refuse_folder(settings, folder, any_folder=any_folder)
        said = Said(collected=_collect(settings, folder, visit, show))
    except (NadiError, OSError) as error:
        said = Said(stopped=_stopped(error, visit))
    show(said)
    return said.collected is not None


def _refuse_folder(settings: AgentSettings, folder: Path, *, any_folder: bool) -> None:
    if not folder.is_dir():
        raise _Refused("no-stick")
    data = Path(settings.gateway.data_dir)
    if not any_folder and data.exists() and data.stat().st_dev == folder.stat().st_dev:
        raise _Refused("own-card")
    top = folder / FOLDER
    city = top / settings.gateway.city
    links = [one for one in (top, city, city / settings.gateway.id) if one.is_symlink()]
    if links:
        raise NadiError(
            _("{link} is a link, and leads away from the stick").format(link=links[0]),
            hint=_("delete it"),
        )
    cities = [one.name for one in top.iterdir() if one.is_dir()] if top.is_dir() else []
    if any(city != settings.gateway.city for city in cities):
        raise _Refused("other-city")


def _collect(
    settings: AgentSettings, folder: Path, visit: Visit, show: Callable[[Said], None]
) -> Collected:
    place = Place(settings.gateway.city, settings.gateway.id)
    signer = _signer(settings)
    disk = FolderDisk(folder / FOLDER / place.city / place.gateway)
    with opened_source(settings) as source:
        copier = Copier(
            source=source,
            stick=Stick(disk, place),
            place=place,
            signer=signer,
            trust=trust_of(place, Path(settings.broker.ca_file)),
            tell=lambda progress: show(Said(progress=progress)),
        )
        return copier.run(visit)


def _signer(settings: AgentSettings) -> Signer:
    try:
        chain = chain_of(Path(settings.broker.cert_file).read_bytes())
        text = Path(settings.broker.key_file).read_bytes()
        key = serialization.load_pem_private_key(text, password=None)
    except PermissionError:
        raise _Refused("denied") from None
    except (OSError, ValueError, TypeError, SignedError) as error:
        raise SettingsError(
            _("broker: certificate or key cannot be used: {why}").format(why=error),
            hint=_("enrol the gateway again"),
        ) from None
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise SettingsError(_("broker.key_file: not an EC key"), hint=_("enrol the gateway again"))
    return Signer(chain=chain, key=key)


class _Refused(NadiError):
    def __init__(self, fault: Fault) -> None:
        what, hint = OF_FAULT[fault]
        super().__init__(_(what), hint=_(hint))
        self.fault = fault


def _stopped(error: NadiError | OSError, visit: Visit) -> Stopped:
    fault = _fault(error)
    what, hint = (str(error), getattr(error, "hint", ""))
    if fault in OF_FAULT:
        what, hint = map(_, OF_FAULT[fault])
    return Stopped(
        fault=fault, what=what[:500], hint=hint[:500], copied=visit.copied, left=visit.left
    )


def _fault(error: NadiError | OSError) -> Fault:
    if isinstance(error, _Refused):
        return error.fault
    if isinstance(error, NadiError):
        return next((fault for kind, fault in OF_KIND if isinstance(error, kind)), "gateway")
    return OF_NUMBER.get(error.errno or 0, "gone")


def _show_json(said: Said) -> None:
    print(said.model_dump_json(exclude_none=True), flush=True)


def _show(said: Said) -> None:
    if said.progress is not None:
        _show_progress(said.progress)
    if said.collected is not None:
        _show_collected(said.collected)
    if said.stopped is not None:
        whole = f"{said.stopped.copied:,} batches were copied whole, {said.stopped.left:,} were not"
        print(f"error: {said.stopped.what}; {whole}; the gateway keeps all", file=sys.stderr)
        print(f" hint: {said.stopped.hint}", file=sys.stderr)


def _show_progress(progress: Progress) -> None:
    words = {"check": "files of the stick looked at", "copy": "batches copied"}
    if sys.stderr.isatty():
        end = "\n" if progress.done == progress.total else "\r"
        said = f"{progress.done:,} of {progress.total:,} {words[progress.step]}"
        print(said, end=end, file=sys.stderr, flush=True)


def _show_collected(said: Collected) -> None:
    if said.receipt == "applied":
        print(f"✓ the city's receipt closed {said.closed:,} batches; {said.freed:,} files gone")
    if said.receipt == "refused":
        print(f"✗ the receipt on the stick was not believed: {said.refused}")
    for name in said.damaged:
        print(f"✗ {name} was damaged or changed; what it held is copied anew if it is still here")
    print(f"✓ {said.copied:,} batches copied: {said.readings:,} readings, {said.events:,} events")
    print(f"  {said.on_stick:,} batches on the stick, {said.waiting:,} wait on the gateway")
    print("  bring it to the city, nadi-bridge import, and back: only its receipt settles")
