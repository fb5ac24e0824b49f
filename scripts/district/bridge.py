"""One bridge of the district: the real one, its settings, and the fibre to the broker."""

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from broker_bridge.config import BridgeSettings
from contract.identity import GatewayId
from scripts.district.fibre import Fibre
from scripts.district.process import Program, ProgramError, python_program
from scripts.district.sheet import NamedLost
from scripts.district.toml_document import write_toml

READY_S = 30.0
BALANCE_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """Of one gateway: what is lost, the same summed over its named holes; and what nobody knows."""

    gateway: GatewayId
    lost: NamedLost
    in_holes: NamedLost
    unexplained: int


class Bridge:
    """It can be killed, frozen and started again, its fibre cut and mended."""

    def __init__(
        self, name: str, settings: BridgeSettings, fibre: Fibre, *, folder: Path, root: Path
    ) -> None:
        """Writes the settings to `folder/NAME.toml`."""
        self.name = name
        self.settings = settings
        self.fibre = fibre
        self.settings_file = folder / f"{name}.toml"
        self._root = root
        write_toml(self.settings_file, settings.model_dump(mode="json", exclude_none=True))
        self.program: Program = python_program(
            name,
            *("broker_bridge", "run", "--settings", str(self.settings_file)),
            folder=folder,
            root=root,
        )

    def start(self) -> None:
        """Returns when the store is open and it takes batches."""
        self.program.start_and_wait(deadline_s=READY_S)

    def balance(self) -> list[Balance]:
        """What `nadi-bridge balance` says of each gateway; raises ProgramError."""
        said = subprocess.run(
            [
                *(sys.executable, "-m", "broker_bridge", "balance"),
                *("--settings", str(self.settings_file), "--json"),
            ],
            cwd=self._root, capture_output=True, text=True, timeout=BALANCE_S, check=False,
        )  # fmt: skip
        if not said.stdout.strip():
            raise ProgramError(f"nadi-bridge balance said nothing: {said.stderr.strip()[-300:]}")
        return [_balance(one) for one in json.loads(said.stdout)["gateways"]]

    def unexplained(self) -> list[str]:
        """A sentence for each gateway of which the balance does not explain everything."""
        return [
            f"{one.gateway}: nadi-bridge balance leaves {one.unexplained} readings and events"
            " unexplained"
            for one in self.balance()
            if one.unexplained
        ]


def _balance(said: Mapping[str, Any]) -> Balance:
    holes = [hole for hole in said["holes"] if hole["state"] == "lost"]
    return Balance(
        gateway=GatewayId(said["gateway"]),
        lost=NamedLost(readings=said["lost"]["readings"], events=said["lost"]["events"]),
        in_holes=NamedLost(
            readings=sum(hole["readings"] for hole in holes),
            events=sum(hole["events"] for hole in holes),
        ),
        unexplained=sum(abs(int(count)) for count in said["unexplained"].values()),
    )
