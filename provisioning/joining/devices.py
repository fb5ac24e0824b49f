"""The lines are searched, what is new on them gets its asset, and the draft its devices."""

import ipaddress
from pathlib import Path

from contract.live import LiveReading
from provisioning.job import Job
from provisioning.joining import draft as drafts
from provisioning.joining.agent_program import AnyReport, Target
from provisioning.joining.beginning import Joining
from provisioning.joining.draft import Draft
from provisioning.joining.matching import Matched, Place, match, where
from provisioning.language import _, plural
from provisioning.terminal import Sign

DEVICES = Path("/dev")
PORTS = ("nadi/*", "ttyUSB*", "ttyACM*")
NO_LINES = "none"
SHOWN = 3  # values of a reading: enough to see that it lives


def find(joining: Joining, draft: Draft) -> Matched:
    """Every planned asset that the settings lack and a line has gets its lines in the draft."""
    job, bundle, settings = joining.job, joining.bundle, draft.settings()
    for one in drafts.differences(settings, joining.wish.folder, bundle):
        said = _("{key}: yours stays, {here}; the office has {office}")
        text = said.format(key=one.key, here=one.here, office=one.office)
        job.step(Sign.WARN, text)
    there = {device.asset for device in settings.devices()}
    planned = [asset for asset in bundle.assets if asset.id not in there]
    if not planned and not joining.wish.lines:
        count = len(there)
        said = plural(
            "The settings read {count} device", "The settings read {count} devices", count
        )
        job.ok(said.format(count=count))
        return Matched(pairs=(), unplanned=(), missing=())
    reports = _searched(joining, draft)
    places = [
        Place(target=target.name, where=where(found), found=found)
        for target, report in reports
        for found in report.found
        if found.driver and not found.asset
    ]
    matched = match(places, planned, joining.wish.assets)
    _say_matched(job, matched)
    if matched.pairs:
        job.agree(_("Is each device the right asset?"), yes=joining.wish.yes)
    for target, report in reports:
        if names := matched.names(target.name):
            joining.agent.write(report, names, draft.file, joining.wish.searching)
    return matched


def _searched(joining: Joining, draft: Draft) -> list[tuple[Target, AnyReport]]:
    job, wish = joining.job, joining.wish
    ports = _ports() or [NO_LINES]
    said = " ".join(wish.lines) or None
    answer = job.ask(
        said, _("Lines and networks to search"), flag="--line", default=" ".join(ports)
    )
    found = []
    for target in map(target_of, answer.split()):
        if target.name == NO_LINES:
            continue
        job.say(_("Searching {name} …").format(name=target.name))
        report = joining.agent.discover(target, draft.file, wish.searching)
        say_trouble(job, report)
        found.append((target, report))
    return found


def say_trouble(job: Job, report: AnyReport) -> None:
    """What is wrong with the line itself, which a person can mend on the spot."""
    for words in report.trouble:
        job.step(Sign.WARN, words)


def _ports() -> list[str]:
    """Every serial adapter once, by the name that stays the same after a restart, if it has one."""
    named: dict[Path, str] = {}
    for port in (port for pattern in PORTS for port in sorted(DEVICES.glob(pattern))):
        named.setdefault(port.resolve(), str(port))
    return list(named.values())


def target_of(word: str) -> Target:
    """A network if it is written like one, else a serial port."""
    try:
        ipaddress.ip_network(word)
    except ValueError:
        return Target(name=word, network=False)
    return Target(name=word, network=True)


def _say_matched(job: Job, matched: Matched) -> None:
    for pair in matched.pairs:
        said = _("{line}, {where}: {what} is {asset}")
        place = pair.place
        job.ok(
            said.format(
                line=place.target, where=place.where, what=place.found.what, asset=pair.asset.id
            )
        )
    for place in matched.unplanned:
        said = _("{line}, {where}: {what} is not planned, and left out")
        text = said.format(line=place.target, where=place.where, what=place.found.what)
        job.step(Sign.SKIP, text)
    for asset in matched.missing:
        job.step(Sign.WARN, _("{asset} was not found").format(asset=asset.id))


def read(joining: Joining, draft: Draft, matched: Matched) -> list[LiveReading]:
    """One reading of each new device; one that says nothing now is shown, and stays."""
    readings = []
    for pair in matched.pairs:
        reading = joining.agent.read(pair.asset.id, draft.file)
        if isinstance(reading, str) or reading.fault:
            why = reading if isinstance(reading, str) else reading.fault
            said = _("{asset}: no reading now: {why}").format(asset=pair.asset.id, why=why)
            joining.job.step(Sign.WARN, said)
            continue
        readings.append(reading)
        values = ", ".join(
            f"{one.quantity} {one.value:.6g}{'' if one.unit == '1' else ' ' + one.unit}"
            for one in reading.values[:SHOWN]
        )
        joining.job.ok(f"{pair.asset.id}: {values or '…'}")
    return readings
