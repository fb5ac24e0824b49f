"""`nadi authority init`: a whole authority appears in one step; a second run changes nothing."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from provisioning import certificates, files
from provisioning.authority import folder as places
from provisioning.authority import record
from provisioning.authority.folder import Authority
from provisioning.authority.record import BY_ISSUING
from provisioning.broker import rules
from provisioning.broker.folder import ACL, CONF, CRL, fill
from provisioning.certificates import Issuer, Role, pem
from provisioning.errors import Trouble

BRIDGE = "bridge"
SETTINGS_TEXT = """\
city = "{city}"
hosts = [{hosts}]  # under which its broker is found

# How a new revocation list and access list reach the broker; docs/operations.md has examples.
[broker]
host = "{host}"
port = {port}
folder = "{folder}"
# command = ["ssh", "broker.example.org", "sudo", "nadi", "broker", "apply", "--folder", "{folder}"]
# reload = ["systemctl", "reload", "mosquitto"]

# Where the city's store is asked what a gateway still holds, before it is replaced or retired.
# [bridge]
# command = ["ssh", "bridge.example.org", "sudo", "nadi-bridge"]
# settings = "/etc/nadi/bridge.toml"
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What the city wants its authority to be."""

    city: str
    hosts: tuple[str, ...]
    broker_path: Path | None = None  # where the broker's folder will lie on the broker's machine
    listener: str = str(rules.PORT)
    log: str = "syslog"


def matching(folder: Path, wish: Wish) -> Authority | None:
    """The authority that is there already; raises Trouble if it is another one."""
    if not places.is_there(folder):
        return None
    there = places.load(folder)
    if (there.city, there.hosts) != (wish.city, wish.hosts):
        raise Trouble(
            "E-AUTH-01", folder=str(folder), city=there.city, hosts=", ".join(there.hosts)
        )
    return there


def make(folder: Path, wish: Wish, *, passphrase: str, now: datetime) -> Authority:
    """Writes the authority; a kill leaves nothing or all of it."""
    anchor_key, issuing_key = certificates.new_key(), certificates.new_key()
    anchor = Issuer(certificate=certificates.root(wish.city, anchor_key, now=now), key=anchor_key)
    issuing = Issuer(
        certificate=certificates.issuing(anchor, issuing_key, now=now), key=issuing_key
    )
    with files.new_folder(folder) as draft:
        _write_authority(draft, anchor, issuing, passphrase)
        path = wish.broker_path or (folder / places.BROKER).absolute()
        _write_settings(draft, wish, path)
        _write_peers(places.load(draft), wish, path, now)
    return places.load(folder)


def _write_authority(draft: Path, anchor: Issuer, issuing: Issuer, passphrase: str) -> None:
    for name in (places.PRIVATE, places.OFFLINE, places.CLIENTS):
        (draft / name).mkdir(mode=0o700)
    (draft / places.PRIVATE / "delegations").mkdir(mode=0o700)
    private, offline = draft / places.PRIVATE, draft / places.OFFLINE
    _write(draft / places.ROOT, pem(anchor.certificate))
    _write(draft / places.ISSUING, pem(issuing.certificate))
    _write_key(private / places.ISSUING_KEY, certificates.key_pem(issuing.key))
    _write_key(offline / places.ROOT_KEY, certificates.key_pem(anchor.key, passphrase))
    record.create(private / places.RECORD)


def _write_settings(draft: Path, wish: Wish, broker_path: Path) -> None:
    hosts = ", ".join(f'"{host}"' for host in wish.hosts)
    port = wish.listener.partition(" ")[0]
    settings = SETTINGS_TEXT.format(
        city=wish.city, hosts=hosts, host=wish.hosts[0], port=port, folder=broker_path
    )
    _write(draft / places.SETTINGS, settings.encode())


def _write_peers(authority: Authority, wish: Wish, broker_path: Path, now: datetime) -> None:
    broker_key, bridge_key = certificates.new_key(), certificates.new_key()
    broker = certificates.server(
        authority.issuing,
        broker_key.public_key(),
        name=wish.hosts[0][:64],
        hosts=wish.hosts,
        now=now,
    )
    bridge = certificates.client(
        authority.issuing, bridge_key.public_key(), role=Role.BRIDGE, name=BRIDGE, now=now
    )
    with record.opened(authority.record_file, write=True) as kept:
        kept.add(broker, issuer=BY_ISSUING, role=Role.BROKER)
        kept.add(bridge, issuer=BY_ISSUING, role=Role.BRIDGE)
        number = kept.next_list(now)
        lists = authority.signed_lists(kept, number=number, now=now)
        kept.applied(number, at=now)
    write_credentials(
        authority.folder / places.CLIENTS / BRIDGE,
        BRIDGE,
        anchor=pem(authority.root),
        certificate=pem(bridge, *authority.chain),
        key=certificates.key_pem(bridge_key),
    )
    at = rules.Places(folder=broker_path, listener=wish.listener, log=wish.log)
    fill(
        authority.broker_folder,
        {
            CONF: rules.configuration(wish.city, at).encode(),
            ACL: rules.access_list(wish.city, bridges=[BRIDGE], readers=[]).encode(),
            CRL: lists,
            "ca.pem": pem(authority.root),
            "broker.pem": pem(broker, *authority.chain),
            "broker.key": certificates.key_pem(broker_key),
        },
    )


def write_credentials(
    folder: Path, name: str, *, anchor: bytes, certificate: bytes, key: bytes
) -> None:
    """What one client needs to meet the broker, in a folder for it alone."""
    with files.new_folder(folder, mode=0o700) as draft:
        _write(draft / "ca.pem", anchor)
        _write(draft / f"{name}.pem", certificate)
        _write_key(draft / f"{name}.key", key)


def _write(path: Path, data: bytes) -> None:
    files.write(files.NewFile(path=path, data=data))


def _write_key(path: Path, data: bytes) -> None:
    files.write(files.NewFile(path=path, data=data, mode=files.PRIVATE))
