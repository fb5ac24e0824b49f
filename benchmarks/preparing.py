"""Bundles and labels for 50 gateways with eight assets each, as an office prepares them."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.figure import Figure, Run, at_most, load

GATEWAYS, ASSETS = 50, 8
ROOT = Path(__file__).parents[1]


def measure(run: Run) -> Iterator[Figure]:
    """From the start of `nadi gateway prepare` to its end, everything on the disk."""
    (run.folder / "passphrase").write_text("a passphrase for a benchmark\n")
    (run.folder / "assets.csv").write_text(_list())
    line = ("--city", "baubau", "--host", "127.0.0.1", "--passphrase", "file:passphrase")
    _nadi(run.folder, "authority", "init", *line)
    _nadi(run.folder, "fleet", "import", "assets.csv")
    run.say(f"{GATEWAYS} bundles")
    begun = time.monotonic()
    made = _nadi(run.folder, "gateway", "prepare", f"bb-0001..bb-{GATEWAYS:04}")
    took_s = time.monotonic() - begun
    assert len(made["result"]["new"]) == GATEWAYS
    yield Figure(
        name="preparing.bundles_and_labels",
        value=took_s,
        unit="s",
        target=at_most(60),
        detail=f"{GATEWAYS} bundles of {ASSETS} assets and their labels; {load()}",
    )


def _list() -> str:
    rows = [
        f"streetlight,PJU-{gateway:04}-{asset},-5.47{gateway:02}{asset},122.60{gateway:02},"
        f"74.72.06.1007,bb-{gateway:04}\n"
        for gateway in range(1, GATEWAYS + 1)
        for asset in range(ASSETS)
    ]
    return "kind,id,latitude,longitude,kelurahan,gateway\n" + "".join(rows)


def _nadi(folder: Path, *arguments: str) -> dict[str, dict[str, list[str]]]:
    done = subprocess.run(
        [sys.executable, "-m", "provisioning", *arguments, "--json"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "NADI_AUTHORITY": "authority"},
        capture_output=True,
        text=True,
        check=True,
    )
    found: dict[str, dict[str, list[str]]] = json.loads(done.stdout)
    return found
