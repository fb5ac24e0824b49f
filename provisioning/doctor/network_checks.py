"""The gateway's certificate, the way to the broker, TLS, the session, and the city's word."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from contract.errors import SettingsError
from contract.reasons import of_system
from provisioning.doctor import way
from provisioning.doctor.finding import Seen, bad, doubtful, good, skipped
from provisioning.doctor.local_checks import NEEDS_SUDO
from provisioning.doctor.patient import Patient, is_denied
from provisioning.doctor.way import Verdict, Way
from provisioning.language import mark

QUIET_S = 90.0  # three statements long the city has said nothing
FIRST_RECEIPT_S = 60.0
OVERDUE = 0.75  # of a certificate's life; at half of it a renewal is due


def certificate(patient: Patient) -> Seen:
    """Whether it is valid now, by a clock that can be right, and its key is there."""
    try:
        found = patient.certificate
        for file in (patient.settings.broker.key_file, patient.settings.broker.ca_file):
            Path(file).read_bytes()
    except OSError as error:
        if is_denied(error):
            return skipped(NEEDS_SUDO)
        return bad("E-TLS-11", why=f"{error.filename}: {of_system(error)}")
    except ValueError:
        return bad("E-TLS-11", why=mark("the certificate's file holds none."))
    return _dated(found.not_valid_before_utc, found.not_valid_after_utc, patient.now())


def _dated(begins: datetime, ends: datetime, now: datetime) -> Seen:
    if now < begins:
        return bad("E-TLS-02", day=f"{begins:%Y-%m-%d}")
    if now > ends:
        return bad("E-TLS-01", day=f"{ends:%Y-%m-%d}")
    if now > begins + OVERDUE * (ends - begins):
        return doubtful("E-TLS-12", day=f"{ends:%Y-%m-%d}")
    return good(mark("The certificate is valid until {day}"), day=f"{ends:%Y-%m-%d}")


def route(patient: Patient) -> Seen:
    """Whether the broker's machine takes a connection."""
    broker = patient.settings.broker
    found, why = way.route(broker.host, broker.port)
    place: dict[str, str | int] = {"host": broker.host, "port": broker.port}
    if found is Way.OPEN:
        return good(mark("{host}:{port} takes connections"), **place)
    if found is Way.NO_NETWORK:
        return skipped(mark("no network: readings are kept, and sent when there is one"))
    if found is Way.NO_NAME:
        return bad("E-ROUTE-01", host=broker.host, why=why)
    if found is Way.SILENT:
        return bad("E-ROUTE-03", **place)
    return bad("E-ROUTE-02", why=why, **place)


def tls(patient: Patient) -> Seen:
    """What both sides think of each other's certificate."""
    broker = patient.settings.broker
    try:
        verdict, why = way.tls(broker)
    except SettingsError as error:
        return bad("E-TLS-11", why=str(error))
    except OSError as error:
        return bad("E-TLS-10", why=of_system(error))
    if verdict in _DATED and patient.clock_is_behind is not None:
        return bad("E-TLS-09", now=f"{patient.now().astimezone():%Y-%m-%d %H:%M}")
    if verdict is Verdict.GOOD:
        return good(mark("Both sides accept each other's certificates"))
    return _WORDS[verdict](patient, why)


_DATED = (Verdict.THEIRS_EARLY, Verdict.THEIRS_EXPIRED, Verdict.OURS_EXPIRED)
_WORDS: dict[Verdict, Callable[[Patient, str], Seen]] = {
    Verdict.THEIRS_EARLY: lambda _, __: bad("E-TLS-07"),
    Verdict.THEIRS_EXPIRED: lambda _, __: bad("E-TLS-06"),
    Verdict.THEIRS_FOREIGN: lambda _, __: bad("E-TLS-04"),
    Verdict.THEIRS_MISNAMED: lambda patient, _: bad("E-TLS-08", host=patient.settings.broker.host),
    Verdict.OURS_REVOKED: lambda _, __: bad("E-TLS-03"),
    Verdict.OURS_EXPIRED: lambda patient, _: bad(
        "E-TLS-01", day=f"{patient.certificate.not_valid_after_utc:%Y-%m-%d}"
    ),
    Verdict.OURS_FOREIGN: lambda _, __: bad("E-TLS-05"),
    Verdict.OTHER: lambda _, why: bad("E-TLS-10", why=why),
}


def broker(patient: Patient) -> Seen:
    """Whether the agent's own session stands."""
    link = patient.status.link
    if not link.up:
        return bad("E-BROKER-04", why=link.reason or mark("it is not connected yet."))
    return good(mark("The agent has been connected for {seconds} s"), seconds=round(link.for_s))


def receipt(patient: Patient) -> Seen:
    """Whether what was sent comes back as the city's word."""
    link, waits = patient.status.link, patient.status.backlog.batches
    if link.receipt_age_s is None:
        if link.for_s < FIRST_RECEIPT_S:
            return doubtful("E-RECEIPT-02")
        return bad("E-RECEIPT-02")
    age = round(link.receipt_age_s)
    if link.in_flight and age > QUIET_S:
        return bad("E-RECEIPT-01", count=link.in_flight, seconds=age)
    return good(mark("The city spoke {seconds} s ago; {count} batches wait"), seconds=age,
                count=waits)  # fmt: skip
