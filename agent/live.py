"""Reads one device for a person: through the running agent, or directly if none runs."""

from pathlib import Path

from agent.asking import ask
from agent.clock import KernelClock, read_boot_id
from agent.drivers.driver import Observation
from agent.events.building import build_watch
from agent.lines import build_lines
from agent.round import Round
from agent.sampler import LiveAnswer, Sampler
from contract.live import About, LiveReading, LiveValue, Traffic
from contract.quantities import QUANTITIES, is_plausible
from contract.settings import AgentSettings


async def read_directly(settings: AgentSettings, asset: str) -> LiveReading:
    """Open the device's line and ask; raises AgentError if there is no such asset."""
    clock = KernelClock(trusted=False)
    lines = build_lines(settings, clock=clock, boot=read_boot_id())
    watch = build_watch(settings, clock=clock, new_id=str, tell=lambda _: None)
    sampler = Sampler(lines, clock=clock, round=Round(), watch=watch)
    try:
        return described(await sampler.read_now(asset))
    finally:
        await sampler.close()


def described(answer: LiveAnswer) -> LiveReading:
    """The answer with units and marks, as it goes to a person or a program."""
    return LiveReading(
        asset=answer.asset,
        kind=answer.kind,
        line=answer.line,
        values=[_described(seen) for seen in answer.observations],
        traffic=[Traffic(sent=one.sent, data=one.data.hex(" ")) for one in answer.traffic],
        about=[About(name=one.name, text=one.text) for one in answer.notes],
        fault=answer.fault,
    )


def ask_agent(path: Path, asset: str) -> LiveReading | None:
    """The running agent's answer, or None if none runs; raises AgentError in its words."""
    return ask(path, {"cmd": "read", "asset": asset}, LiveReading)


def show(reading: LiveReading, *, as_json: bool) -> None:
    """Print it for a person, or as one JSON object."""
    if as_json:
        print(reading.model_dump_json())
        return
    print(f"{reading.asset}  {reading.kind} on line {reading.line}")
    for one in reading.traffic:
        print(f"  {'→ asked   ' if one.sent else '← answered'} {_readable(one.data)}")
    for value in reading.values:
        sign = "? suspect" if value.suspect else "✓ good"
        unit = "" if value.unit == "1" else value.unit
        print(f"  {value.quantity:22}{value.value:>14.10g} {unit:14}{sign}")
    for note in reading.about:
        print(f"  {note.name:22}{note.text}")
    if reading.fault:
        print(f"✗ {reading.fault}")
    elif not reading.values:
        print("  … nothing new: it reports by itself, and its last report is sealed already")


def _readable(data: str) -> str:
    """Text as text, anything else in hexadecimal."""
    raw = bytes.fromhex(data)
    text = raw.decode("ascii", "replace")
    is_text = len(raw) > 3 and all(one.isprintable() or one in "\r\n\t" for one in text)
    return repr(text)[1:-1] if is_text and raw.isascii() else data


def _described(seen: Observation) -> LiveValue:
    quantity = QUANTITIES.get(seen.quantity)
    return LiveValue(
        quantity=seen.quantity,
        value=seen.value,
        unit=quantity.unit if quantity else "1",
        suspect=seen.suspect or not is_plausible(seen.quantity, seen.value),
    )
