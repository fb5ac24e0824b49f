"""The uplinks' processes, started, told and heard as one."""

import json
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from contract.identity import GatewayId
from contract.tls import Broker
from scripts.district.process import Program, python_program
from scripts.herd.uplinks import Part, Seen

ROOT = Path(__file__).parents[2]
PROCESSES = 4
START_S, ANSWER_S = 180.0, 120.0
POLL_S = 0.5


@dataclass(slots=True)
class _Talk:
    """A process of uplinks, and how much of what it said was heard."""

    program: Program
    heard: int = 0

    def next(self, *, deadline_s: float) -> dict[str, Any]:
        """The next object that it says; raises ProgramError."""
        self.program.wait_until(
            lambda: len(self._lines()) > self.heard, what="answering", deadline_s=deadline_s
        )
        self.heard += 1
        said: dict[str, Any] = json.loads(self._lines()[self.heard - 1])
        return said

    def _lines(self) -> list[bytes]:
        return self.program.out_file.read_bytes().split(b"\n")[:-1]


class Crowd:
    """Gateways in a few processes, each with an outbox, an uplink and a TLS session of its own."""

    def __init__(self, folder: Path) -> None:
        """Their outboxes and logs lie in `folder`."""
        self._folder = folder
        self._talks: list[_Talk] = []

    def start(self, part: Part, brokers: Mapping[GatewayId, Broker], *, ending: ExitStack) -> None:
        """Returns when all begin to connect; `part` says the rest of each. Raises ProgramError."""
        names = sorted(brokers)
        for number in range(PROCESSES):
            own = {name: brokers[name] for name in names[number::PROCESSES]}
            if own:
                self._talks.append(_Talk(self._process(number, part, own)))
                ending.callback(self._talks[-1].program.stop)
                self._talks[-1].program.start()
        for talk in self._talks:
            talk.next(deadline_s=START_S)

    def _process(self, number: int, part: Part, brokers: Mapping[GatewayId, Broker]) -> Program:
        told: dict[str, dict[str, object]] = {
            name: address.model_dump(mode="json") for name, address in brokers.items()
        }
        file = self._folder / f"part-{number}.json"
        file.write_text(json.dumps(asdict(replace(part, brokers=told))))
        arguments = ("scripts.herd.uplinks", str(file))
        return python_program(f"uplinks-{number}", *arguments, folder=self._folder, root=ROOT)

    def ask(self, line: str) -> dict[str, int]:
        """What all processes say, summed."""
        said = self._say(line)
        return {name: sum(one[name] for one in said) for name in said[0]}

    def wait_for(self, what: str, count: int, *, within_s: float) -> bool:
        """Whether so many of them say so in time."""
        until_s = time.monotonic() + within_s
        while time.monotonic() < until_s:
            if self.ask("look")[what] == count:
                return True
            time.sleep(POLL_S)
        return False

    def end(self) -> dict[GatewayId, Seen]:
        """What each uplink saw."""
        return {
            GatewayId(name): Seen(**seen)
            for said in self._say("end")
            for name, seen in said["seen"].items()
        }

    def _say(self, line: str) -> Sequence[dict[str, Any]]:
        for talk in self._talks:
            talk.program.tell(line)
        return [talk.next(deadline_s=ANSWER_S) for talk in self._talks]
