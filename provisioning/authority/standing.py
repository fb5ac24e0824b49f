"""`nadi authority status`: what runs out when, and what to do before it does."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from provisioning.authority import folder as places
from provisioning.authority import record
from provisioning.authority.folder import Authority
from provisioning.certificates import Role

SOON = {
    "root": timedelta(days=730),
    "issuing": timedelta(days=730),
    "broker": timedelta(days=60),
    "bridge": timedelta(days=60),
    "reader": timedelta(days=60),
    "delegation": timedelta(0),
}


class State(StrEnum):
    """How one part of the authority is."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One thing that runs out."""

    what: str
    name: str
    until: datetime
    state: State


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """The authority as a whole."""

    city: str
    parts: tuple[Part, ...]
    gateways: int
    first_gateway: datetime | None
    list_number: int
    applied_list_number: int
    waiting: int  # certificates that gateways have replaced since the newest list
    root_key_here: bool

    @property
    def failed(self) -> bool:
        """Whether something is refused already."""
        return (
            any(part.state is State.FAIL for part in self.parts)
            or self.applied_list_number != self.list_number
        )


def standing(authority: Authority, *, now: datetime) -> Standing:
    """How it is now; reads, and changes nothing."""
    with record.opened(authority.record_file, write=False) as kept:
        living, delegations = kept.living(now), kept.delegations(now)
        newest, applied, waiting = kept.newest_list(), kept.applied_list(), kept.unlisted(now)
        ended = kept.newest_of(Role.BROKER, Role.BRIDGE, Role.READER)
    parts = [
        _part("root", authority.city, authority.root.not_valid_after_utc, now),
        _part("issuing", authority.city, authority.issuing.certificate.not_valid_after_utc, now),
        *(_part(one.role, one.name, one.until, now) for one in ended),
        *(_part("delegation", one.name, one.until, now) for one in delegations),
    ]
    gateways = [one for one in living if one.role is Role.GATEWAY]
    return Standing(
        city=authority.city,
        parts=tuple(parts),
        gateways=len({one.name for one in gateways}),
        first_gateway=min((one.until for one in gateways), default=None),
        list_number=newest,
        applied_list_number=applied,
        waiting=waiting,
        root_key_here=(authority.folder / places.OFFLINE / places.ROOT_KEY).exists(),
    )


def _part(what: str, name: str, until: datetime, now: datetime) -> Part:
    left = until - now
    state = State.FAIL if left <= timedelta(0) else State.WARN if left < SOON[what] else State.OK
    return Part(what=what, name=name, until=until, state=state)
