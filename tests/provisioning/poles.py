"""A gateway on a pole before anybody has touched it; bundle and delegation are on a stick."""

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from contract.bundle import Bundle, Endpoint, sign_bundle
from contract.identity import AssetId, City, GatewayId, Kind
from contract.inventory import AssetEntry
from contract.signed import pin_of
from provisioning.authority import delegating
from provisioning.authority.folder import Authority
from provisioning.authority.making import Wish, make
from provisioning.certificates import pem
from scripts.district.process import python_program
from tests.provisioning.conftest import PASSPHRASE, ROOT, environment

GATEWAY, CITY = "bb-0042", "baubau"
NONCE = "00112233445566778899aabbccddeeff"
NOWHERE = Endpoint(host="127.0.0.1", port=1)  # where nobody listens


def lamp(number: int) -> AssetEntry:
    """A planned streetlight."""
    return AssetEntry(kind=Kind.STREETLIGHT, id=AssetId(f"PJU-{number:04}"))


def bin_of(number: int) -> AssetEntry:
    """A planned waste bin."""
    return AssetEntry(kind=Kind.WASTE_BIN, id=AssetId(f"TPS-{number:04}"))


@dataclass(frozen=True, kw_only=True)
class Pole:
    """What a technician has there."""

    top: Path
    authority: Authority
    brokers: list[Endpoint] = field(default_factory=lambda: [NOWHERE])
    enrolment: list[Endpoint] = field(default_factory=list)

    @property
    def folder(self) -> Path:
        """Stands for /etc/nadi."""
        return self.top / "etc"

    @property
    def stick(self) -> Path:
        """What is plugged in."""
        return self.top / "stick"

    def bundle(
        self,
        *,
        gateway: str = GATEWAY,
        nonce: str = NONCE,
        issued_at: datetime | None = None,
        life: timedelta = timedelta(days=30),
        assets: Sequence[AssetEntry] = (),
    ) -> Path:
        """A bundle on the stick."""
        at = issued_at or datetime.now(UTC) - timedelta(hours=1)
        made = Bundle(
            city=City(CITY),
            gateway=GatewayId(gateway),
            nonce=nonce,
            issued_at=at,
            expires_at=at + life,
            root=pem(self.authority.root).decode(),
            pin=pin_of(self.authority.root),
            brokers=self.brokers,
            enrolment=self.enrolment,
            name="Jl. Sudirman 14",
            latitude=-5.47,
            longitude=122.6,
            assets=list(assets),
        )
        issuer = self.authority.issuing
        file = self.stick / f"{gateway}.bundle"
        file.write_bytes(sign_bundle(made, signer=issuer.certificate, key=issuer.key))
        return file

    def delegate(self, *gateways: str, days: int = 7) -> Path:
        """A delegation on the stick."""
        file = self.stick / "delegation"
        file.unlink(missing_ok=True)
        delegating.make(
            self.authority,
            gateways or (GATEWAY,),
            life=timedelta(days=days),
            now=datetime.now(UTC),
            file=file,
            passphrase=PASSPHRASE,
        )
        return file

    @property
    def line(self) -> list[str]:
        """The command without the lines to search."""
        return ["gateway", "enrol", *self.options, "--bundle", f"usb:{GATEWAY}"]

    @property
    def options(self) -> list[str]:
        """What is the same in every run here."""
        return [
            "--delegation", "usb:delegation", "--passphrase", "file:passphrase",
            "--folder", str(self.folder), "--start", "true", "--yes",
        ]  # fmt: skip

    @property
    def environment(self) -> dict[str, str]:
        """With the agent's own command."""
        more = {"PATH": f"{self.top / 'bin'}:{os.environ['PATH']}", "NADI_STICK": str(self.stick)}
        return environment(self.top, more)


def pole(top: Path) -> Pole:
    """A city and a gateway of it."""
    wish = Wish(city=CITY, hosts=("127.0.0.1",))
    authority = make(top / "authority", wish, passphrase=PASSPHRASE, now=datetime.now(UTC))
    for name in ("etc", "stick", "bin"):
        (top / name).mkdir(exist_ok=True)
    (top / "passphrase").write_text(f"{PASSPHRASE}\n")
    agent = top / "bin" / "nadi-agent"
    agent.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m agent "$@"\n')
    agent.chmod(0o755)
    return Pole(top=top, authority=authority)


@contextmanager
def playing(top: Path, district: str) -> Iterator[Path]:
    """Simulated devices; gives the folder of their ports."""
    document, ports = top / "district.toml", top / "dev"
    document.write_text(district)
    arguments = ("firmware_sim", "run", str(document), "--dir", str(ports))
    sim = python_program("sim", *arguments, folder=top, root=ROOT)
    sim.start()
    sim.ready_line(deadline_s=60)
    yield ports
    sim.stop()
