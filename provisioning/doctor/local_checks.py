"""What a gateway can tell of itself: settings, clock, card, power, agent and outbox."""

from contract.errors import NadiError, SettingsError
from contract.reasons import of_system
from provisioning.doctor.agent import AgentRefused, AgentShut, AgentSilent
from provisioning.doctor.finding import Seen, bad, doubtful, good, skipped
from provisioning.doctor.patient import Patient, is_denied
from provisioning.language import mark

MIB = 1 << 20
LEAST_FREE_MIB = 16  # less and the agent's own check refuses
LOW_FREE_MIB = 100
WORN_PERCENT = 80
LEAST_RUNWAY_DAYS = 2
NEEDS_SUDO = mark("needs sudo")


def settings(patient: Patient) -> Seen:
    """Whether the agent could run with them."""
    file = str(patient.settings_file)
    try:
        found = patient.settings
    except FileNotFoundError:
        return bad("E-DOCTOR-03", file=file)
    except OSError as error:
        if is_denied(error):
            return skipped(NEEDS_SUDO)
        return bad("E-DOCTOR-02", what=of_system(error), hint=file)
    except UnicodeError:
        return bad("E-DOCTOR-02", what=mark("it is no text in UTF-8"), hint=file)
    except SettingsError as error:
        return bad("E-DOCTOR-02", what=str(error), hint=error.hint)
    count = sum(1 for _ in found.devices())
    return good(mark("Gateway {name}; devices: {count}"), name=found.gateway.id, count=count)


def clock(patient: Patient) -> Seen:
    """Whether it can be right, and whether somebody vouches for it."""
    now = f"{patient.now().astimezone():%Y-%m-%d %H:%M}"
    if (past := patient.clock_is_behind) is not None:
        return bad("E-CLOCK-01", now=now, past=f"{past.astimezone():%Y-%m-%d %H:%M}")
    if _health(patient).get("clock_known") == 0:
        return doubtful("E-CLOCK-02", now=now)
    return good(mark("The clock says {now}"), now=now)


def card(patient: Patient) -> Seen:
    """Whether readings can be written, and how many."""
    folder = patient.settings.gateway.data_dir
    try:
        seen = patient.card()
    except OSError as error:
        if is_denied(error):
            return skipped(NEEDS_SUDO)
        return bad("E-CARD-03", folder=folder, why=of_system(error))
    free, size = seen.free_bytes // MIB, seen.size_bytes // MIB
    if seen.read_only:
        return bad("E-CARD-01")
    if free < LEAST_FREE_MIB:
        return bad("E-CARD-02", free=free, size=size)
    if free < LOW_FREE_MIB:
        return doubtful("E-CARD-02", free=free, size=size)
    return good(mark("{free} MB of {size} MB are free"), free=free, size=size)


def wear(patient: Patient) -> Seen:
    """How much of the card's life is used, where the card tells."""
    worn = _health(patient).get("card_wear")
    if worn is None:
        return skipped(mark("this card does not tell its age"))
    if worn >= WORN_PERCENT:
        return doubtful("E-CARD-04", worn=round(worn))
    return good(mark("{worn} % of the card's life is used"), worn=round(worn))


def power(patient: Patient) -> Seen:
    """Whether the Pi's firmware complains."""
    health = _health(patient)
    if health.get("undervoltage"):
        return bad("E-POWER-01")
    if health.get("throttled"):
        return doubtful("E-POWER-02")
    if "undervoltage" not in health and "throttled" not in health:
        return skipped(mark("this machine does not tell its voltage"))
    return good(mark("The voltage is high enough"))


def agent(patient: Patient) -> Seen:
    """Whether it runs and answers."""
    try:
        status = patient.status
    except AgentShut:
        return skipped(NEEDS_SUDO)
    except AgentRefused as error:
        return bad("E-AGENT-01", why=str(error))
    except AgentSilent as error:
        return bad("E-AGENT-01", why=error.why)
    minutes = status.uptime_ms // 60_000
    return good(mark("{program}, running for {minutes} min"), program=status.program,
                minutes=minutes)  # fmt: skip


def outbox(patient: Patient) -> Seen:
    """What waits, for how long there is room, and what was given up."""
    report = patient.outbox
    waits = report.counts.readings
    if report.fault:
        return bad("E-OUTBOX-01", why=report.fault)
    if report.runway_days is not None and report.runway_days < LEAST_RUNWAY_DAYS:
        return bad("E-OUTBOX-02", days=str(report.runway_days), count=waits)
    if report.lost:
        lost = sum(one.counts.readings for one in report.lost)
        return doubtful("E-OUTBOX-03", count=lost, why=report.lost[0].reason)
    if report.runway_days is None:
        return good(mark("{count} readings wait; none is lost"), count=waits)
    days = round(report.runway_days)
    return good(
        mark("{count} readings wait, none is lost; room for {days} days"), count=waits, days=days
    )


def _health(patient: Patient) -> dict[str, float]:
    """Nothing, where the gateway does not measure itself."""
    try:
        return patient.health
    except NadiError:
        return {}
