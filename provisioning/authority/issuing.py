"""One more bridge or central system gets a certificate, and its place in the access list."""

from datetime import datetime

from provisioning import certificates, files, revocation_list
from provisioning.authority import folder as places
from provisioning.authority import record
from provisioning.authority.delegating import check_names
from provisioning.authority.folder import Authority
from provisioning.authority.making import write_credentials
from provisioning.authority.record import Record
from provisioning.broker import applying, rules
from provisioning.broker.folder import ACL, broker_file
from provisioning.certificates import Role, pem
from provisioning.errors import Trouble

ROLES = {"bridge": Role.BRIDGE, "reader": Role.READER}


def check(authority: Authority, name: str, role: Role, *, now: datetime) -> bool:
    """Whether it has one already; raises Trouble if the name is somebody else's."""
    with record.opened(authority.record_file, write=False) as kept:
        holders = {one.role for one in kept.living(now) if one.name == name}
        if holders == {role}:
            return True
        if holders or any(name in one.gateways for one in kept.delegations(now)):
            raise Trouble("E-DELEGATION-04", name=name, twin=name)
        check_names(kept, [name], now=now)
    return False


def issue(authority: Authority, name: str, role: Role, *, now: datetime) -> None:
    """Writes its folder and the new access list; the broker learns of it with `send`."""
    key = certificates.new_key()
    certificate = certificates.client(
        authority.issuing, key.public_key(), role=role, name=name, now=now
    )
    with record.opened(authority.record_file, write=True) as kept:
        kept.add(certificate, issuer="issuing", role=role)
        write_credentials(
            authority.folder / places.CLIENTS / name,
            name,
            anchor=pem(authority.root),
            certificate=pem(certificate, *authority.chain),
            key=certificates.key_pem(key),
        )
        write_access_list(authority, kept)


def write_access_list(authority: Authority, kept: Record) -> None:
    """Every bridge and reader that is not revoked, by name."""
    text = rules.access_list(
        authority.city,
        bridges=[one.name for one in kept.newest_of(Role.BRIDGE)],
        readers=[one.name for one in kept.newest_of(Role.READER)],
    )
    files.write(broker_file(authority.broker_folder, ACL, text.encode()))


def send(authority: Authority, *, now: datetime) -> None:
    """The broker has the newest lists; raises Trouble or OSError where it cannot be reached."""
    change = applying.current(authority.broker_folder)
    applying.send(change, authority.reach, now=now)
    with record.opened(authority.record_file, write=True) as kept:
        kept.applied(revocation_list.number_of(change.crl.encode()), at=now)
