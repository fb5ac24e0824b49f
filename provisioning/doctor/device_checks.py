"""Every line and every device on it, asked now through the running agent."""

import socket
from pathlib import Path

from contract.live import LiveReading
from contract.settings import Line, LorawanLine, NetworkLine, PinsLine, SerialLine
from provisioning.doctor.agent import AgentRefused, AgentSilent
from provisioning.doctor.finding import Seen, bad, doubtful, good
from provisioning.doctor.patient import Patient
from provisioning.doctor.way import PROBE_S
from provisioning.language import mark

WIRED_S = 10.0  # a serial line may be busy with its round


def line(_: Patient, *, line: Line, check: str) -> Seen:
    """Whether what carries the line is there."""
    where = _missing_file(line)
    if where is not None and not Path(where).exists():
        return bad("E-LINE-01", port=where, id=check)
    if isinstance(line, LorawanLine):
        try:
            socket.create_connection((line.host, line.port), timeout=PROBE_S).close()
        except OSError as error:
            why = error.strerror or str(error)
            return bad("E-LINE-02", where=f"{line.host}:{line.port}", why=why, id=check)
    count = len(line.device)
    return good(mark("Line {name}; devices: {count}"), name=line.name, count=count)


def device(patient: Patient, *, line: Line, asset: str, check: str) -> Seen:
    """What it says now; of one that the agent could not reach in its rounds, the agent's words."""
    within_s = PROBE_S if isinstance(line, NetworkLine) else WIRED_S
    why = _known_fault(patient, asset)
    if not why:
        try:
            reading = patient.live(asset, within_s=within_s)
        except AgentSilent as error:
            why = error.why
        except AgentRefused as error:
            why = str(error)
        else:
            return _told(reading, check)
    return bad("E-DEVICE-01", asset=asset, why=why, id=check)


def _known_fault(patient: Patient, asset: str) -> str:
    told = (fault.partition(": ") for fault in patient.status.faults)
    return next((why for name, _, why in told if name == asset), "")


def _told(reading: LiveReading, check: str) -> Seen:
    asset = reading.asset
    if reading.fault:
        return bad("E-DEVICE-01", asset=asset, why=reading.fault, id=check)
    shown = [f"{one.quantity} {one.value:g}{_unit(one.unit)}" for one in reading.values]
    suspect = [said for said, one in zip(shown, reading.values, strict=True) if one.suspect]
    if suspect:
        return doubtful("E-DEVICE-02", asset=asset, values=", ".join(suspect))
    if not shown:
        return good(mark("{asset}: nothing new; it reports by itself"), asset=asset)
    return good(mark("{asset}: {values}"), asset=asset, values=", ".join(shown[:3]))


def _missing_file(line: Line) -> str | None:
    """What must be on this machine for the line to work at all."""
    if isinstance(line, SerialLine):
        return line.port
    if isinstance(line, PinsLine):
        return line.simulator or "/dev/gpiochip0"
    return None


def _unit(unit: str) -> str:
    return "" if unit == "1" else f" {unit}"
