"""Revocation: signed, applied, and then shown by visits that it is in force and nobody is left.

A reload of the list stops new connections only. So once the list is in force we visit the broker
under the revoked name with a certificate of a few minutes: the broker ends the session that had it.
"""

import ssl
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from provisioning import certificates, visit
from provisioning.authority import issuing, record
from provisioning.authority.folder import Authority
from provisioning.authority.record import BY_ISSUING, Record
from provisioning.broker import applying
from provisioning.broker.applying import Change, Reach
from provisioning.broker.folder import CRL, broker_file
from provisioning.certificates import TRIES, Issuer, Role, delegated_serial, pem
from provisioning.errors import Trouble
from provisioning.files import write

PROBE = "nadi-probe"
PROBE_LIFE = timedelta(minutes=10)
SHOWN_WITHIN_S = 15.0
QUIET_S = 0.5  # nobody took the name back for so long
PAUSE_S = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Who is to be refused: one name, or a delegation and every gateway it names.

    What a `superseded` one signed before stays good; of `cleared` topics nothing is retained.
    """

    name: str
    sessions: tuple[str, ...]
    certificates: int
    delegation: bool = False
    superseded: bool = False
    cleared: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """A list that refuses the name, with a probe of its own on it."""

    number: int
    crl: str
    probe: Issuer


def target(
    authority: Authority, name: str, *, gateway: bool, now: datetime, listed: bool = False
) -> Target:
    """Whom the city knows by that name, or its inventory if `listed`; raises Trouble if nobody."""
    with record.opened(authority.record_file, write=False) as kept:
        delegations = kept.delegations(now)
        found = next((one for one in delegations if one.name == name), None)
        if found and not gateway:
            return Target(name=name, sessions=found.gateways, certificates=1, delegation=True)
        living = [one for one in kept.living(now) if one.name == name]
        if {one.role is Role.GATEWAY for one in living} - {gateway}:
            raise Trouble("E-GATEWAY-02", name=name, role=living[0].role)
        naming = [one for one in delegations if gateway and name in one.gateways]
        count = len(living) + len(naming)
        if not (count or listed) and name not in kept.revoked_names(now):
            raise Trouble("E-GATEWAY-01", name=name, nearest=_nearest(kept, name, now))
    return Target(name=name, sessions=(name,), certificates=count)


def sign(authority: Authority, target: Target, *, reason: str, now: datetime) -> Signed:
    """Every certificate that the name has or may have been given is on the new list."""
    with record.opened(authority.record_file, write=True) as kept:
        if target.delegation:
            kept.revoke_delegation(target.name, at=now)
        else:
            _revoke_known(kept, target, reason=reason, now=now)
            _revoke_delegated(authority, kept, target, reason=reason, now=now)
        number = kept.next_list(now)
        probe = _passing(authority, f"{PROBE}-{number}", now)
        kept.revoke(
            [probe.certificate.serial_number],
            issuer=BY_ISSUING,
            name=PROBE,
            at=now,
            reason="probe",
            until=now + PROBE_LIFE,
        )
        crl = authority.signed_lists(kept, number=number, now=now).decode()
        issuing.write_access_list(authority, kept)
    write(broker_file(authority.broker_folder, CRL, crl.encode()))
    return Signed(number=number, crl=crl, probe=probe)


def enforce(
    authority: Authority,
    signed: Signed,
    target: Target,
    *,
    now: datetime,
    monotonic: Callable[[], float],
    sleep: Callable[[float], None],
) -> None:
    """Applies the list, and returns once it is shown that it holds and the session is gone."""
    reach, name = authority.reach, target.name
    broker = f"{reach.host}:{reach.port}"
    try:
        acl = applying.current(authority.broker_folder).acl
        applying.send(Change(crl=signed.crl, acl=acl), reach, now=now)
    except (Trouble, OSError) as error:
        why = error if isinstance(error, Trouble) else str(error)
        raise Trouble(
            "E-REVOKE-01", number=signed.number, broker=broker, name=name, why=why
        ) from error
    deadline = monotonic() + SHOWN_WITHIN_S
    while monotonic() < deadline:
        if not _lets_in(authority, reach, signed.probe):
            break
        sleep(PAUSE_S)
    for session in target.sessions:
        who = _passing(authority, session, now)
        if not _evicted(authority, who, target.cleared, lambda: monotonic() < deadline, sleep):
            raise Trouble("E-REVOKE-02", number=signed.number, name=name)
    if _lets_in(authority, reach, signed.probe):
        raise Trouble("E-REVOKE-02", number=signed.number, name=name)
    with record.opened(authority.record_file, write=True) as kept:
        kept.applied(signed.number, at=now)


def _evicted(
    authority: Authority,
    who: Issuer,
    cleared: Sequence[str],
    in_time: Callable[[], bool],
    sleep: Callable[[float], None],
) -> bool:
    """Takes the name until nobody takes it back: that we are let in also shows who is refused.

    What is cleared is cleared last: whoever was pushed out may have left a Last Will.
    """
    context, reach = _context(authority, who), authority.reach
    while in_time():
        with suppress(OSError), visit.Visit(reach.host, reach.port, context) as taken:
            if taken.accepted and not taken.pushed_out(QUIET_S) and taken.clears(cleared):
                return True
        sleep(PAUSE_S)
    return False


def _lets_in(authority: Authority, reach: Reach, who: Issuer) -> bool:
    """Whether it may: a broker that does not answer has not shown that it refuses anybody."""
    try:
        with visit.Visit(reach.host, reach.port, _context(authority, who)) as probe:
            return probe.accepted
    except OSError:
        return True


def _passing(authority: Authority, name: str, now: datetime) -> Issuer:
    """A certificate that is never written down and lives for minutes."""
    key = certificates.new_key()
    certificate = certificates.client(
        authority.issuing,
        key.public_key(),
        role=Role.GATEWAY,
        name=name,
        now=now,
        life=PROBE_LIFE,
    )
    return Issuer(certificate=certificate, key=key)


def _context(authority: Authority, who: Issuer) -> ssl.SSLContext:
    return visit.context_of(
        pem(authority.root),
        pem(who.certificate, *authority.chain),
        certificates.key_pem(who.key),
    )


def _revoke_known(kept: Record, target: Target, *, reason: str, now: datetime) -> None:
    if not target.superseded:
        kept.compromise(target.name)
    for one in [one for one in kept.living(now) if one.name == target.name]:
        kept.revoke(
            [one.serial], issuer=one.issuer, name=one.name, at=now, reason=reason,
            until=one.until, superseded=target.superseded,
        )  # fmt: skip


def _revoke_delegated(
    authority: Authority, kept: Record, target: Target, *, reason: str, now: datetime
) -> None:
    name = target.name
    for one in [one for one in kept.delegations(now) if name in one.gateways]:
        issuer = authority.delegation_issuer(one.name).certificate
        serials = [delegated_serial(issuer, name, attempt) for attempt in range(TRIES)]
        kept.revoke(
            serials, issuer=one.name, name=name, at=now, reason=reason, until=one.until,
            superseded=target.superseded,
        )  # fmt: skip


def _nearest(kept: Record, name: str, now: datetime) -> str:
    import difflib  # noqa: PLC0415 only a wrong name needs it

    known = [one.name for one in kept.living(now)]
    known += [gateway for one in kept.delegations(now) for gateway in one.gateways]
    return ", ".join(difflib.get_close_matches(name, known, n=1)) or "-"
