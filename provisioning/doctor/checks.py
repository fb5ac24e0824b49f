"""Every check of a gateway: local ones first, the network last; each names what it needs."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from contract.errors import NadiError
from provisioning.doctor import device_checks, local_checks, network_checks
from provisioning.doctor.finding import Seen
from provisioning.doctor.patient import Patient
from provisioning.language import Marked, mark


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One look; it is skipped where one of `needs` is not ok, or one of `unless` failed."""

    id: str
    title: Marked
    look: Callable[[Patient], Seen]
    needs: tuple[str, ...] = ()
    unless: tuple[str, ...] = ()


SETTINGS, AGENT, ROUTE, CERTIFICATE = "settings", "agent", "route", "certificate"

BEFORE = (
    Check(id=SETTINGS, title=mark("the settings"), look=local_checks.settings),
    Check(id="clock", title=mark("the clock"), look=local_checks.clock, needs=(SETTINGS,)),
    Check(id="card", title=mark("room on the card"), look=local_checks.card, needs=(SETTINGS,)),
    Check(id="wear", title=mark("the card's age"), look=local_checks.wear, needs=(SETTINGS,)),
    Check(id="power", title=mark("the power supply"), look=local_checks.power, needs=(SETTINGS,)),
    Check(id=AGENT, title=mark("the agent"), look=local_checks.agent, needs=(SETTINGS,)),
    Check(id="outbox", title=mark("what waits"), look=local_checks.outbox, needs=(AGENT,)),
)
AFTER = (
    Check(
        id=CERTIFICATE,
        title=mark("the gateway's certificate"),
        look=network_checks.certificate,
        needs=(SETTINGS,),
    ),
    Check(
        id=ROUTE, title=mark("the way to the broker"), look=network_checks.route, needs=(SETTINGS,)
    ),
    Check(
        id="tls",
        title=mark("TLS with the broker"),
        look=network_checks.tls,
        needs=(ROUTE, CERTIFICATE),
    ),
    Check(
        id="broker",
        title=mark("the agent's session with the broker"),
        look=network_checks.broker,
        needs=(AGENT, ROUTE),
        unless=("tls",),
    ),
    Check(
        id="receipt",
        title=mark("what the city says"),
        look=network_checks.receipt,
        needs=(AGENT, "broker"),
    ),
)


def of(patient: Patient) -> tuple[Check, ...]:
    """All that can be looked at here; lines and devices only where the settings can be read."""
    try:
        return (*BEFORE, *_of_lines(patient), *AFTER)
    except (OSError, NadiError, UnicodeError):
        return (*BEFORE, *AFTER)


def _of_lines(patient: Patient) -> Iterator[Check]:
    for line in patient.settings.lines():
        own = f"line:{line.name}"
        yield Check(
            id=own,
            title=mark("a line"),
            look=partial(device_checks.line, line=line, check=own),
            needs=(SETTINGS,),
        )
        for device in line.device:
            name = f"device:{device.asset}"
            yield Check(
                id=name,
                title=mark("a device"),
                look=partial(device_checks.device, line=line, asset=device.asset, check=name),
                needs=(AGENT, own),
            )
