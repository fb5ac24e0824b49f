"""One bridge of the district: the real one, its settings, and the fibre to the broker."""

import json
import subprocess
import sys
from pathlib import Path

from broker_bridge.config import BridgeSettings
from scripts.district.fibre import Fibre
from scripts.district.process import Program, python_program
from scripts.district.toml_document import write_toml

READY_S = 30.0
BALANCE_S = 60.0


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

    def unexplained(self) -> list[str]:
        """What `nadi-bridge balance` cannot explain, a sentence for each gateway."""
        said = subprocess.run(
            [
                *(sys.executable, "-m", "broker_bridge", "balance"),
                *("--settings", str(self.settings_file), "--json"),
            ],
            cwd=self._root, capture_output=True, text=True, timeout=BALANCE_S, check=False,
        )  # fmt: skip
        if not said.stdout.strip():
            return [f"nadi-bridge balance said nothing: {said.stderr.strip()[-300:]}"]
        return [
            f"{one['gateway']}: nadi-bridge balance leaves unexplained {one['unexplained']}"
            for one in json.loads(said.stdout)["gateways"]
            if any(one["unexplained"].values())
        ]
