"""The gateway's settings grow in a draft, which takes their place once the agent accepts it."""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

from contract.bundle import Bundle
from contract.document import load_document
from contract.settings import AgentSettings
from provisioning import files
from provisioning.errors import Trouble
from provisioning.joining.identity import ANCHOR, CERTIFICATE, KEY

SETTINGS, DRAFTS, GROUP = "agent.toml", ".draft", "nadi"


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Where a person's settings say something else than the office; the person's stay."""

    key: str
    here: str
    office: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """Settings that nothing reads yet."""

    target: Path
    before: bytes | None  # what is in force; None if there are none

    @property
    def file(self) -> Path:
        """Where they are."""
        return self.target.parent / DRAFTS / self.target.name

    @property
    def changed(self) -> bool:
        """Whether they differ from those in force."""
        return self.file.read_bytes() != self.before

    def settings(self) -> AgentSettings:
        """What they say; raises SettingsError."""
        text = self.file.read_text(encoding="utf-8")
        return load_document(AgentSettings, text, name=str(self.target))

    def take_effect(self) -> None:
        """They are the gateway's settings now; raises Trouble if somebody changed those."""
        if _bytes(self.target) != self.before:
            raise Trouble("E-ENROL-06", file=str(self.target))
        if self.changed:
            data = self.file.read_bytes()
            files.write(files.NewFile(path=self.target, data=data, mode=files.SHARED, group=GROUP))
        self.drop()

    def drop(self) -> None:
        """Nothing of the draft is left."""
        shutil.rmtree(self.file.parent, ignore_errors=True)


def begin(folder: Path, bundle: Bundle) -> Draft:
    """The settings as they are, or, where there are none, the first that the bundle gives."""
    draft = Draft(target=folder / SETTINGS, before=_bytes(folder / SETTINGS))
    draft.drop()
    draft.file.parent.mkdir(mode=0o700)
    data = _first(folder, bundle).encode() if draft.before is None else draft.before
    files.write(files.NewFile(path=draft.file, data=data, mode=files.PRIVATE))
    return draft


def differences(settings: AgentSettings, folder: Path, bundle: Bundle) -> list[Difference]:
    """What a person wrote otherwise than the office plans; raises Trouble for another gateway."""
    own = settings.gateway
    if (own.city, own.id) != (bundle.city, bundle.gateway):
        raise Trouble("E-BUNDLE-01", file=SETTINGS, ours=bundle.gateway, theirs=own.id)
    here, office = settings.broker, bundle.brokers[0]
    wanted = {"ca_file": ANCHOR, "cert_file": CERTIFICATE, "key_file": KEY}
    pairs = [(key, getattr(here, key), str(folder / name)) for key, name in wanted.items()]
    if (here.host, here.port) not in {(one.host, one.port) for one in bundle.brokers}:
        pairs.append(("host", f"{here.host}:{here.port}", f"{office.host}:{office.port}"))
    return [
        Difference(key=f"broker.{key}", here=ours, office=theirs)
        for key, ours, theirs in pairs
        if ours != theirs
    ]


def _first(folder: Path, bundle: Bundle) -> str:
    broker = bundle.brokers[0]
    lines = [
        f"# {bundle.gateway}: {' '.join(bundle.name.split())}".rstrip(": "),
        "[gateway]",
        f"city = {json.dumps(bundle.city)}",
        f"id = {json.dumps(bundle.gateway)}",
        "",
        "[broker]",
        f"host = {json.dumps(broker.host)}",
        f"port = {broker.port}",
        f"ca_file = {json.dumps(str(folder / ANCHOR))}",
        f"cert_file = {json.dumps(str(folder / CERTIFICATE))}",
        f"key_file = {json.dumps(str(folder / KEY))}",
    ]
    if bundle.latitude is not None and bundle.longitude is not None:
        place = [f"latitude = {bundle.latitude!r}", f"longitude = {bundle.longitude!r}"]
        lines += ["", "[site]", *place]
    return "\n".join([*lines, ""])


def _bytes(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
