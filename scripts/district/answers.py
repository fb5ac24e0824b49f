"""What the played devices said, as the values a gateway should have read from it."""

import json
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from contract.identity import AssetId

Values = Mapping[str, float]

# Registers and objects of the simulator that a driver turns into another quantity or unit.
_RENAMED: Mapping[str, str] = {
    "energy": "active_energy",
    "alarm": "power_alarm",
    "power": "active_power",
    "status": "rtsp_status",
    "streams": "video_streams",
    "in_octets": "received_bytes",
    "out_octets": "sent_bytes",
    "clients": "connected_clients",
    "uptime_ticks": "uptime",
    "oper_status": "interface_up",
}
_CONVERTED: Mapping[str, Callable[[float], float]] = {
    "uptime_ticks": lambda hundredths: hundredths / 100,
    "oper_status": lambda status: float(status == 1),
    "alarm": float,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One answer of one device; `unasked` if it speaks by itself. `given_ms` is CLOCK_BOOTTIME."""

    asset: AssetId
    given_ms: int
    values: Values
    unasked: bool
    faulty: bool


def read_answers(path: Path) -> Mapping[AssetId, list[Answer]]:
    """By asset, in the order they were given; an answer without a value is left out."""
    answers: dict[AssetId, list[Answer]] = defaultdict(list)
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            if line.endswith("\n") and (answer := _answer(json.loads(line))).values:
                answers[answer.asset].append(answer)
    for some in answers.values():
        some.sort(key=lambda answer: answer.given_ms)
    return answers


def _answer(said: Mapping[str, object]) -> Answer:
    values = said["values"]
    assert isinstance(values, dict)
    return Answer(
        asset=AssetId(str(said["asset"])),
        given_ms=int(str(said["given_at_ms"])),
        values={_RENAMED.get(name, name): _convert(name, value) for name, value in values.items()},
        unasked=said["asked_at_ms"] is None,
        faulty=said["fault"] is not None,
    )


def _convert(name: str, value: float) -> float:
    return _CONVERTED.get(name, float)(value)
