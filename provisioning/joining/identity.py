"""A gateway's key, certificate and anchor change together: it has the old ones or the new ones.

Each identity is a folder of its own, named by the nonce of what it came from. One symbolic link
says which is in use, and replacing a link is one step.
"""

import os
import secrets
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from contract.bundle import Bundle, read_bundle
from contract.errors import NadiError
from contract.messages import Message
from provisioning import certificates, files
from provisioning.authority.folder import key_of

KEY, CERTIFICATE, ANCHOR = "gateway.key", "gateway.pem", "ca.pem"
FILES = (KEY, CERTIFICATE, ANCHOR)
IN_USE, ALL, BY_HAND = "identity", "identities", "by-hand"
SUPERSEDED, REPLACES = "superseded", "replaces"
BUNDLE = "gateway.bundle"


class Replaces(Message):
    """What a renewed identity has taken the place of, until that one has ended.

    `epoch` is of the agent's run that loaded the old one, empty if none answered; once `restarted`,
    no run has it loaded any more.
    """

    nonce: str
    epoch: str
    restarted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """One key, what stands behind it, and whom it trusts."""

    folder: Path

    @property
    def nonce(self) -> str:
        """What it came from."""
        return self.folder.name

    @property
    def files(self) -> dict[str, str]:
        """Where they are, as the agent's settings name them."""
        names = {"ca_file": ANCHOR, "cert_file": CERTIFICATE, "key_file": KEY}
        return {key: str(self.folder / name) for key, name in names.items()}

    @property
    def certificate(self) -> x509.Certificate | None:
        """Its certificate, once there is one that fits its key."""
        try:
            own = x509.load_pem_x509_certificate((self.folder / CERTIFICATE).read_bytes())
            fits = own.public_key() == key_of(self.folder / KEY).public_key()
        except FileNotFoundError:
            return None
        return own if fits else None

    @property
    def anchor(self) -> x509.Certificate:
        """Whom it trusts."""
        return x509.load_pem_x509_certificate((self.folder / ANCHOR).read_bytes())

    @property
    def bundle(self) -> Bundle | None:
        """What the office said to this gateway, where that was kept; raises NadiError."""
        try:
            data = (self.folder / BUNDLE).read_bytes()
        except FileNotFoundError:
            return None
        return read_bundle(data, root=self.anchor)

    @property
    def replaced(self) -> Replaces | None:
        """What it has taken the place of and is not over yet."""
        try:
            return Replaces.model_validate_json((self.folder / REPLACES).read_bytes())
        except FileNotFoundError:
            return None

    def key(self) -> ec.EllipticCurvePrivateKey:
        """Its key, made here at the first call; only its owner can read it, and it never leaves."""
        file = self.folder / KEY
        if not file.exists():
            _open_folder(self.folder)
            data = certificates.key_pem(certificates.new_key())
            files.write(files.NewFile(path=file, data=data, mode=files.PRIVATE))
        return key_of(file)

    def complete(self, *, chain: bytes, anchor: bytes) -> None:
        """Writes what belongs to the key."""
        files.write(files.NewFile(path=self.folder / ANCHOR, data=anchor))
        files.write(files.NewFile(path=self.folder / CERTIFICATE, data=chain))

    def keep(self, name: str, data: bytes) -> None:
        """A further file of it, if it is not there with these bytes."""
        file = files.NewFile(path=self.folder / name, data=data)
        if not files.same(file):
            files.write(file)

    def forget(self, name: str) -> None:
        """A file of it that is no longer needed."""
        (self.folder / name).unlink(missing_ok=True)
        files.sync(self.folder)

    def is_valid(self, now: datetime) -> bool:
        """Whether it has a certificate that has not run out."""
        own = self.certificate
        return own is not None and now < own.not_valid_after_utc


@dataclass(frozen=True, slots=True, kw_only=True)
class Identities:
    """All identities that a gateway has had, and the one in use."""

    folder: Path  # /etc/nadi

    def in_use(self) -> Identity | None:
        """What the agent shows to the broker."""
        link = self.folder / IN_USE
        return Identity(folder=link.resolve()) if link.exists() else None

    def new(self, nonce: str) -> Identity:
        """The identity from that nonce, perhaps begun by a run that was cut short."""
        return Identity(folder=self.folder / ALL / nonce)

    def of(self, bundle: Bundle) -> Identity:
        """The identity from that bundle, which may have been renewed since."""
        current = self.in_use()
        if current is not None and _origin(current) == bundle.nonce:
            return current
        return self.new(bundle.nonce)

    def superseded(self) -> frozenset[str]:
        """Nonces that served before the one in use."""
        current = self.in_use()
        marks = (self.folder / ALL).glob(f"*/{SUPERSEDED}")
        nonces = frozenset(mark.parent.name for mark in marks)
        return nonces - {current.nonce, _origin(current)} if current else nonces

    def use(self, identity: Identity) -> None:
        """From now on the agent shows this one; what it showed before is kept beside it."""
        self._adopt()
        before = self.in_use()
        if before is None or before.nonce != identity.nonce:
            if before is not None:
                files.write(files.NewFile(path=before.folder / SUPERSEDED, data=b""))
            _link(self.folder / IN_USE, f"{ALL}/{identity.nonce}")
        self._link_names()

    def _adopt(self) -> None:
        """Files that somebody put here by hand become an identity like the others."""
        own = [name for name in FILES if (self.folder / name).is_file()]
        if (self.folder / IN_USE).is_symlink() or len(own) < len(FILES):
            return
        by_hand = self.new(BY_HAND)
        _open_folder(by_hand.folder)
        for name in FILES:
            if not (by_hand.folder / name).exists():
                os.link(self.folder / name, by_hand.folder / name)
        _link(self.folder / IN_USE, f"{ALL}/{BY_HAND}")
        self._link_names()

    def _link_names(self) -> None:
        """Where the settings and systemd look for the files."""
        for name in FILES:
            if not (self.folder / name).is_symlink():
                _link(self.folder / name, f"{IN_USE}/{name}")


def _open_folder(folder: Path) -> None:
    """Whatever the umask is: the agent, who is not root, reads the anchor in it."""
    folder.mkdir(parents=True, exist_ok=True)
    for one in (folder.parent, folder):
        one.chmod(0o755)


def _origin(identity: Identity) -> str:
    """The nonce of the bundle that it came from, also after renewals."""
    try:
        bundle = identity.bundle
    except NadiError:
        return identity.nonce
    return bundle.nonce if bundle else identity.nonce


def _link(path: Path, target: str) -> None:
    """A symbolic link that takes the place of whatever is at `path`."""
    new = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    new.symlink_to(target)
    new.replace(path)
    files.sync(path.parent)
