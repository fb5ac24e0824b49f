"""What a search found, in lines for a person, and the settings to paste."""

from collections.abc import Sequence

from agent.discovery.proposal import Proposal, to_toml
from contract.discovery import (
    Found,
    FoundDevice,
    FoundHost,
    FoundSensor,
    LineReport,
    LorawanReport,
    NetworkReport,
    Report,
    Written,
)

AnyReport = LineReport | NetworkReport | LorawanReport


def in_words(report: AnyReport, proposals: Sequence[Proposal]) -> str:
    """A line for each device, what is wrong, then what was written or is to be pasted."""
    lines = [line for one in report.found for line in _found(one)] or _nothing(report)
    lines += [f"! {words}" for words in report.trouble]
    if report.written is not None:
        return "\n".join([*lines, "", *_written(report.written)])
    pasted = [line for one in proposals for line in ("", *_pasted(one))]
    return "\n".join([*lines, *pasted])


def _pasted(proposal: Proposal) -> list[str]:
    own = [] if proposal.index is None else [f"# below that line of [[{proposal.family}]]"]
    return [*own, *to_toml(proposal, shown=True)]


def _written(written: Written) -> list[str]:
    if not written.added:
        return [f"✓ {written.file} has all of it already; nothing was changed"]
    return [
        f"✓ added to {written.file}:",
        *(f"  + {line}" if line else "  +" for line in written.added),
        "  → look at it with nadi-agent check; it counts after systemctl restart nadi-agent",
    ]


def _found(found: Found) -> list[str]:
    sign = "=" if found.asset else "✓" if found.driver else "?"
    name = f", {found.asset} in the settings" if found.asset else ""
    lines = [f"{sign} {_place(found)}: {found.what}{name}"]
    if isinstance(found, FoundSensor):
        lines += [f"    port {one.port}: {one.data or 'empty'}" for one in found.payloads]
    return lines


def _place(found: Found) -> str:
    if isinstance(found, FoundHost):
        return f"{found.host}{f' ({found.name})' if found.name else ''}"
    if isinstance(found, FoundSensor):
        return f"{found.dev_eui}, {found.count} times"
    assert isinstance(found, FoundDevice)
    where = f"address {found.address}" if found.address is not None else "alone on its line"
    return f"{found.baud} baud, {where}"


def _nothing(report: Report) -> list[str]:
    if isinstance(report, LineReport):
        bauds = ", ".join(str(baud) for baud in report.bauds)
        addresses = _ranges(report.addresses)
        return [
            f"✗ nothing answers on {report.port} at {bauds} baud, addresses {addresses}",
            "  → check power, A and B (swap them), the adapter; then try --baud and --addresses",
        ]
    if isinstance(report, NetworkReport):
        return [
            f"✗ no camera or access point answers among {report.hosts} hosts of {report.network}",
            "  → check the network's address and the cable; then try --rtsp-port, --community",
        ]
    return [
        "✓ every LoRaWAN payload that was heard is known",
        "  → a sensor reports every 20 minutes or so; listen longer with --seconds",
    ]


def _ranges(numbers: Sequence[int]) -> str:
    parts: list[tuple[int, int]] = []
    for number in numbers:
        if parts and number == parts[-1][1] + 1:
            parts[-1] = (parts[-1][0], number)
        else:
            parts.append((number, number))
    return ", ".join(str(one) if one == last else f"{one} to {last}" for one, last in parts)
