"""A bundle that this gateway may use now, and what the steps after it work on."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from contract.bundle import Bundle
from provisioning import sticks
from provisioning.job import Job
from provisioning.joining import draft as drafts
from provisioning.joining.agent_program import AgentProgram
from provisioning.joining.credential import Credential
from provisioning.joining.identity import Identities
from provisioning.language import _, day
from provisioning.preparing.opening import opened
from provisioning.terminal import Sign


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a person said on the line; None and () are asked or have a default."""

    folder: Path
    gateway: str | None = None
    bundle: str | None = None
    credential: Credential
    lines: tuple[str, ...] = ()
    searching: tuple[str, ...] = ()  # further options of nadi-agent discover
    assets: Mapping[str, str] = field(default_factory=dict)  # by where they are
    start: tuple[str, ...] = ()
    yes: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Joining:
    """What the steps work on."""

    job: Job
    wish: Wish
    identities: Identities
    bundle: Bundle
    document: bytes  # the bundle as it came
    now: datetime  # never before the bundle was made

    @property
    def agent(self) -> AgentProgram:
        """The agent's own command."""
        return AgentProgram(self.job.environ, progress=self._progress)

    def _progress(self, words: str) -> None:
        print(f"  {words}", file=self.job.terminal.err, flush=True)


def begin(job: Job, wish: Wish) -> Joining:
    """The bundle, if it is for this gateway, whole, in time and not used up."""
    identities = Identities(folder=wish.folder)
    file = _bundle_file(job, wish)
    current = identities.in_use()
    ours = wish.gateway or _named_here(wish.folder) or file.name.removesuffix(".bundle")
    now = job.now()
    open_ = opened(
        file,
        ours,
        now=now,
        used=identities.superseded(),
        root=current.anchor if current else None,
    )
    bundle = open_.bundle
    job.say(_("Enrol {name} · {place}").format(name=bundle.gateway, place=bundle.name or "-"))
    job.ok(
        _("The bundle is whole and unused; valid until {day}").format(day=day(bundle.expires_at))
    )
    if open_.clock_behind:
        said = _("The clock is behind the bundle: checked again when online.")
        job.step(Sign.WARN, said, code="E-CLOCK-02")
    return Joining(
        job=job,
        wish=wish,
        identities=identities,
        bundle=bundle,
        document=file.read_bytes(),
        now=max(now, bundle.issued_at),
    )


def _bundle_file(job: Job, wish: Wish) -> Path:
    there = sticks.found(["*.bundle"], job.environ) if wish.bundle is None else []
    default = f"{sticks.PREFIX}{there[0].stem}" if len(there) == 1 else None
    said = job.ask(wish.bundle, _("The gateway's bundle"), flag="--bundle", default=default)
    return sticks.file_of(said, (".bundle",), job.environ)


def _named_here(folder: Path) -> str | None:
    """Who the settings in force say this gateway is."""
    import tomllib  # noqa: PLC0415 only a gateway with settings pays for it

    try:
        own = tomllib.loads((folder / drafts.SETTINGS).read_text(encoding="utf-8"))
        return str(own["gateway"]["id"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
