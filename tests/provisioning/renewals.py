"""A gateway with an identity of its own, an agent that is started again, and an endpoint."""

import sys
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from contract.bundle import Bundle, Endpoint, sign_bundle
from contract.identity import City, GatewayId
from contract.settings import AgentSettings, Health
from contract.signed import pin_of
from contract.tls import Broker
from provisioning import certificates
from provisioning.authority.record import BY_ISSUING, opened
from provisioning.certificates import Issuer, Role, pem
from provisioning.joining.identity import BUNDLE, Identities, Identity
from scripts.district.process import Program
from tests.provisioning.conftest import ROOT, Centre, environment
from tests.provisioning.endpoints import HOST, listening
from tests.provisioning.pole import NAME, PATIENCE_S, Pole, standing

NONCE = "00112233445566778899aabbccddeeff"
LIFE = timedelta(days=14)
SUPERVISOR = """
trap 'over=1; kill "$agent" 2>/dev/null' TERM
while [ -z "$over" ]; do
    setpriv --pdeathsig KILL -- {python} -m agent run --settings {settings} &
    agent=$!
    echo "$agent" >{pid}
    wait "$agent"
    wait "$agent"
done
"""


@dataclass(kw_only=True)
class Renewing:
    """`folder` stands for /etc/nadi; the pole's box has the rest."""

    centre: Centre
    pole: Pole
    endpoint: Endpoint

    @property
    def folder(self) -> Path:
        """Settings and identities."""
        return self.pole.folder

    @property
    def in_use(self) -> Identity:
        """The identity that the agent is to show."""
        current = Identities(folder=self.folder).in_use()
        assert current is not None
        return current

    @property
    def serial(self) -> int:
        """Of the certificate in use."""
        own = self.in_use.certificate
        assert own is not None
        return own.serial_number

    @property
    def line(self) -> list[str]:
        """The command where systemd is not."""
        return ["gateway", "renew", "--folder", str(self.folder), "--restart", self.restart]

    @property
    def restart(self) -> str:
        """What makes the supervisor start the agent again."""
        return f"sh -c 'kill -TERM $(cat {self.folder / 'pid'})'"

    @property
    def environment(self) -> dict[str, str]:
        """With the agent's own command."""
        return environment(self.folder, {"PATH": self.pole.path()})

    def reach(self, identity: Identity) -> Broker:
        """How its holder reaches the broker."""
        return _broker(self.centre.port, identity.files)

    def accepts(self, identity: Identity) -> bool:
        """Whether the broker lets its holder in."""
        return self.centre.accepts(self.reach(identity))

    def refuses(self, identity: Identity) -> bool:
        """Whether the broker turns its holder away by now; a SIGHUP takes a moment."""
        return any(not self.accepts(identity) for _ in range(200))

    def copy_of(self, identity: Identity) -> Identity:
        """What a thief has of it."""
        folder = self.folder / "stolen" / identity.nonce
        folder.mkdir(parents=True)
        for file in identity.folder.iterdir():
            (folder / file.name).write_bytes(file.read_bytes())
        return Identity(folder=folder)

    def supervised(self, works: Callable[[], bool] | None = None) -> Program:
        """The agent, started again whenever it ends, as systemd does it; returns once it works."""
        script = SUPERVISOR.format(
            python=sys.executable, settings=self.pole.settings_file, pid=self.folder / "pid"
        )
        env = {"PYTHONPATH": str(ROOT)}
        agent = Program("agents", ["sh", "-c", script], folder=self.folder, env=env)
        self.pole.running.append(agent)
        agent.start()
        agent.wait_until(works or self.is_receipted, what="at work", deadline_s=2 * PATIENCE_S)
        return agent

    def without_devices(self) -> None:
        """Nothing is measured here yet."""
        told = tomllib.loads(self.pole.settings_file.read_text())
        settings = AgentSettings.model_validate(told)
        bare = {"serial": [], "health": Health(enabled=False)}
        self.pole.write_settings(settings.model_copy(update=bare))

    def is_answered(self) -> bool:
        """Whether the city has answered the agent's run; nothing need be sealed for that."""
        try:
            return self.pole.status().link.answered
        except (OSError, ValueError):
            return False

    def has_sealed(self) -> bool:
        """Whether something waits on the card."""
        try:
            return self.pole.status().backlog.batches > 2
        except (OSError, ValueError):
            return False

    def is_receipted(self) -> bool:
        """Whether the city has something of the agent's run."""
        try:
            return self.pole.is_receipted()
        except (OSError, ValueError):
            return False


def give_identity(
    folder: Path,
    issuer: Issuer,
    bundle: Bundle,
    *,
    made_at: datetime,
    life: timedelta = LIFE,
    signer: Issuer | None = None,
) -> Identity:
    """As an enrolment leaves it; `issuer` is the city's, `signer` who made the certificate."""
    identities = Identities(folder=folder)
    identity = identities.new(bundle.nonce)
    by = signer or issuer
    made = certificates.client(
        by, identity.key().public_key(), role=Role.GATEWAY, name=NAME, now=made_at, life=life
    )
    identity.keep(BUNDLE, sign_bundle(bundle, signer=issuer.certificate, key=issuer.key))
    identity.complete(chain=pem(made, by.certificate), anchor=bundle.root.encode())
    identities.use(identity)
    return identity


def bundle_of(centre: Centre, enrolment: list[Endpoint]) -> Bundle:
    """What the office said to the gateway."""
    at = datetime.now(UTC) - timedelta(hours=1)
    return Bundle(
        city=City("baubau"),
        gateway=GatewayId(NAME),
        nonce=NONCE,
        issued_at=at,
        expires_at=at + timedelta(days=30),
        root=pem(centre.authority.root).decode(),
        pin=pin_of(centre.authority.root),
        brokers=[Endpoint(host="127.0.0.1", port=centre.port)],
        enrolment=enrolment,
    )


def recorded(centre: Centre, identity: Identity) -> None:
    """The city knows the certificate."""
    own = identity.certificate
    assert own is not None
    with opened(centre.authority.record_file, write=True) as kept:
        kept.add(own, issuer=BY_ISSUING, role=Role.GATEWAY)


@contextmanager
def renewing(centre: Centre, folder: Path) -> Iterator[Renewing]:
    """Endpoint and bridge run; the certificate was made ten days ago and lives for fourteen."""
    with standing(centre, folder) as pole, listening(centre.authority) as listens:
        endpoint = Endpoint(host=HOST, port=listens.port)
        there = Renewing(centre=centre, pole=pole, endpoint=endpoint)
        issuer = centre.authority.issuing
        made_at = datetime.now(UTC) - timedelta(days=10)
        identity = give_identity(folder, issuer, bundle_of(centre, [endpoint]), made_at=made_at)
        recorded(centre, identity)
        names = {key: str(folder / Path(file).name) for key, file in identity.files.items()}
        broker = _broker(centre.port, names)
        pole.write_settings(pole.settings.model_copy(update={"broker": broker}))
        yield there


def _broker(port: int, files: dict[str, str]) -> Broker:
    return Broker.model_validate({"host": "127.0.0.1", "port": port, **files})
