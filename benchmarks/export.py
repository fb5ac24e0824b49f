"""Ten million readings out of PostgreSQL into a file, beside psql's own copy of the same rows."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import psycopg

from benchmarks.city import ROOT, OpenStore, open_store
from benchmarks.figure import Figure, Run, at_least, at_most, load
from benchmarks.filling import READINGS_A_ROUND, fill
from broker_bridge.opening import opened_store
from scripts.district.toml_document import write_toml

LIMITS = {"parquet": 500_000, "csv": 200_000}  # readings a second
MEMORY_MIB = 256.0
# What the export writes, by the view that a person would ask.
PEER = """
\\copy (SELECT observed_at, kind, asset, quantity, value, unit, quality, time_quality,
uncertainty_ms, gateway FROM readings) TO '{file}' WITH (FORMAT csv, HEADER)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ran:
    """One program, from its start to its end."""

    took_s: float
    cpu_s: float
    memory_mib: float
    bytes: int


def measure(run: Run) -> Iterator[Figure]:
    """Warm: the rows were just written; each is one run of the command, its start included."""
    rounds = max(1, run.readings // READINGS_A_ROUND)
    rows = rounds * READINGS_A_ROUND
    with open_store("postgresql", run.folder) as place:
        with opened_store(place.settings) as store:
            fill(run, "postgresql", store, rounds=rounds)
        with psycopg.connect(place.settings.conninfo, autocommit=True) as connection:
            connection.execute("VACUUM ANALYZE")
            connection.execute("CHECKPOINT")
        settings = _settings(run.folder, place)
        run.say(f"psql copies {rows:,} readings to CSV")
        peer = _peer(run.folder, place.settings.conninfo)
        for form, least in LIMITS.items():
            run.say(f"{form}: exporting {rows:,} readings")
            ran = _export(run.folder, settings, form)
            yield _rate(form, least, rows, ran, peer)
            yield Figure(
                name=f"export.{form}_memory", value=ran.memory_mib, unit="MiB",
                target=at_most(MEMORY_MIB), detail=f"largest resident set, {rows:,} readings",
            )  # fmt: skip


def _rate(form: str, least: float, rows: int, ran: _Ran, peer: _Ran) -> Figure:
    return Figure(
        name=f"export.{form}_rate",
        value=rows / ran.took_s,
        unit="readings/s",
        target=at_least(least),
        detail=f"{rows:,} readings in {ran.took_s:.1f} s, {ran.cpu_s:.1f} s of them CPU of the"
        f" client, {ran.bytes / rows:.1f} B a reading; psql's own copy of the same rows to CSV:"
        f" {rows / peer.took_s:,.0f} readings/s, {peer.bytes / rows:.1f} B a reading; {load()}",
    )


def _settings(folder: Path, place: OpenStore) -> Path:
    file = folder / "bridge.toml"
    broker = {"ca_file": "ca.pem", "cert_file": "bridge.pem", "key_file": "bridge.key"}
    store = place.settings.model_dump(exclude_defaults=True)
    write_toml(file, {"city": "baubau", "broker": broker, "store": store})
    return file


def _export(folder: Path, settings: Path, form: str) -> _Ran:
    file = folder / f"readings.{form}"
    own = ["export", "--settings", str(settings), "readings", str(file)]
    return _ran([sys.executable, "-m", "broker_bridge", *own], file)


def _peer(folder: Path, conninfo: str) -> _Ran:
    file = folder / "peer.csv"
    command = PEER.format(file=file).replace("\n", " ").strip()
    return _ran(["psql", conninfo, "--quiet", "--command", command], file)


def _ran(command: Sequence[str], file: Path) -> _Ran:
    """Raises OSError if it fails; its file is gone afterwards."""
    began_s = time.monotonic()
    program = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(program.pid, 0)
    took_s = time.monotonic() - began_s
    program.returncode = os.waitstatus_to_exitcode(status)
    if program.returncode:
        raise OSError(f"{command[0]} ended with {program.returncode}")
    ran = _Ran(
        took_s=took_s, cpu_s=used.ru_utime + used.ru_stime, memory_mib=used.ru_maxrss / 1_024,
        bytes=file.stat().st_size,
    )  # fmt: skip
    file.unlink()
    return ran
