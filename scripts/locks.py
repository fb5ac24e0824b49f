"""`scripts/lock`: each role's wheels, pinned with their hashes and the same on every machine."""

import argparse
import configparser
import hashlib
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).parents[1]
ROLES = ("agent", "picture", "gateway", "bridge", "parquet", "provisioning", "simulator", "dev")
PYTHON = "3.11"
FITS = "# fits the requirements of setup.cfg with sha256 "


def main(arguments: Sequence[str] | None = None) -> int:
    """Writes or checks the locks; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="scripts/lock",
        description="Pins the wheels of every role, with hashes, in requirements/ROLE.lock.",
    )
    parser.add_argument(
        "--check", action="store_true", help="only say whether they fit setup.cfg; needs no network"
    )
    if parser.parse_args(arguments).check:
        return _check()
    return max(_lock(role) for role in ROLES)


def stale_roles() -> list[str]:
    """Roles whose lock is missing or was made for other requirements than setup.cfg has now."""
    return [role for role in ROLES if _made_for(role) != _digest(role)]


def lock_file(role: str) -> Path:
    """Where a role's lock is."""
    return ROOT / "requirements" / f"{role}.lock"


def _check() -> int:
    stale = stale_roles()
    for role in stale:
        print(
            f"error: requirements/{role}.lock does not fit setup.cfg\n hint: run scripts/lock",
            file=sys.stderr,
        )
    return 1 if stale else 0


def _lock(role: str) -> int:
    """The newest versions that fit, written as ROLE.lock; returns the exit code."""
    new_file = lock_file(role).with_suffix(".new")
    command = [
        *(sys.executable, "-m", "uv", "pip", "compile", "setup.cfg", "--extra", role, "--upgrade"),
        *("--universal", "--python-version", PYTHON, "--generate-hashes"),
        *("--no-config", "--no-header", "--no-annotate", "--quiet", "--output-file", str(new_file)),
    ]
    done = subprocess.run(command, cwd=ROOT, env=_clean_environment(), check=False)
    if done.returncode:
        new_file.unlink(missing_ok=True)
        print(f"error: {role} could not be locked\n hint: check the network", file=sys.stderr)
        return 1
    lock_file(role).write_text(f"{FITS}{_digest(role)}\n{new_file.read_text()}")
    new_file.unlink()
    print(f"requirements/{role}.lock: {lock_file(role).read_text().count('==')} wheels")
    return 0


def _clean_environment() -> dict[str, str]:
    """Without this machine's own indexes and folders, which would leak into the locks."""
    return {key: value for key, value in os.environ.items() if not key.startswith(("PIP_", "UV_"))}


def _digest(role: str) -> str:
    settings = configparser.ConfigParser()
    settings.read(ROOT / "setup.cfg", encoding="utf-8")
    wanted = sorted(settings["options.extras_require"][role].split("\n"))
    return hashlib.sha256("\n".join(line for line in wanted if line).encode()).hexdigest()


def _made_for(role: str) -> str:
    try:
        with lock_file(role).open(encoding="utf-8") as lock:
            return lock.readline().removeprefix(FITS).strip()
    except FileNotFoundError:
        return ""


if __name__ == "__main__":
    sys.exit(main())
