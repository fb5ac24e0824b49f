"""One more bridge or central system gets a certificate, and its place in the access list."""

from datetime import datetime
from pathlib import Path

from provisioning import certificates, files, revocation_list
from provisioning.authority import folder as places
from provisioning.authority import record
from provisioning.authority.delegating import check_names
from provisioning.authority.folder import Authority
from provisioning.authority.making import write_credentials
from provisioning.authority.record import BY_ISSUING, Issued, Record
from provisioning.broker import applying, rules
from provisioning.broker.folder import ACL, CRL, broker_file
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
        kept.add(certificate, issuer=BY_ISSUING, role=role)
        write_credentials(
            authority.folder / places.CLIENTS / name,
            name,
            anchor=pem(authority.root),
            certificate=pem(certificate, *authority.chain),
            key=certificates.key_pem(key),
        )
        write_access_list(authority, kept)


def holder(authority: Authority, name: str) -> Issued:
    """The broker, bridge or reader of that name; raises Trouble if there is none."""
    with record.opened(authority.record_file, write=False) as kept:
        known = kept.newest_of(Role.BROKER, *ROLES.values())
    found = next((one for one in known if one.name == name), None)
    if found is None:
        nearest = ", ".join(one.name for one in known)
        raise Trouble("E-GATEWAY-01", name=name, nearest=nearest)
    return found


def renew(authority: Authority, old: Issued, *, now: datetime) -> Path:
    """A new key and certificate in place of the old one, which stays valid; where they are."""
    key = certificates.new_key()
    if old.role is Role.BROKER:
        made = certificates.server(
            authority.issuing, key.public_key(), name=old.name, hosts=authority.hosts, now=now
        )
        folder, name = authority.broker_folder, "broker"
    else:
        made = certificates.client(
            authority.issuing, key.public_key(), role=old.role, name=old.name, now=now
        )
        folder, name = authority.folder / places.CLIENTS / old.name, old.name
    with record.opened(authority.record_file, write=True) as kept:
        kept.add(made, issuer=BY_ISSUING, role=old.role)
        _replace_pair(folder, name, pem(made, *authority.chain), certificates.key_pem(key))
    return folder


def _replace_pair(folder: Path, name: str, certificate: bytes, key: bytes) -> None:
    """Whoever reads between the two finds a pair that does not fit, and reads again."""
    if name == "broker":
        files.write(broker_file(folder, "broker.key", key))
        files.write(broker_file(folder, "broker.pem", certificate))
        return
    files.write(files.NewFile(path=folder / f"{name}.key", data=key, mode=files.PRIVATE))
    files.write(files.NewFile(path=folder / f"{name}.pem", data=certificate))


def write_access_list(authority: Authority, kept: Record) -> None:
    """Every bridge and reader that is not revoked, by name."""
    text = rules.access_list(
        authority.city,
        bridges=[one.name for one in kept.newest_of(Role.BRIDGE)],
        readers=[one.name for one in kept.newest_of(Role.READER)],
    )
    files.write(broker_file(authority.broker_folder, ACL, text.encode()))


def sign_waiting(authority: Authority, *, now: datetime) -> int:
    """A new list, where gateways have renewed since the newest; how many it names for that.

    The access list is written anew, so that the rules of a newer `nadi` reach an older broker.
    """
    with record.opened(authority.record_file, write=True) as kept:
        write_access_list(authority, kept)
        waiting = kept.unlisted(now)
        if waiting:
            lists = authority.signed_lists(kept, number=kept.next_list(now), now=now)
            files.write(broker_file(authority.broker_folder, CRL, lists))
    return waiting


def send(authority: Authority, *, now: datetime) -> None:
    """The broker has the newest lists; raises Trouble or OSError where it cannot be reached."""
    change = applying.current(authority.broker_folder)
    applying.send(change, authority.reach, now=now)
    with record.opened(authority.record_file, write=True) as kept:
        kept.applied(revocation_list.number_of(change.crl.encode()), at=now)
