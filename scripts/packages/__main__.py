"""`make deb`: the Debian packages of this commit, for amd64 and arm64, each with its bill."""

import argparse
import configparser
import hashlib
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from contract.errors import NadiError
from scripts.packages.contents import ARCHITECTURES, DEBIAN_PYTHON, PACKAGES
from scripts.packages.deb import Build, make_deb
from scripts.packages.errors import BuildFailed

ROOT = Path(__file__).parents[2]


def main(arguments: Sequence[str] | None = None) -> int:
    """Builds what is asked for; returns the exit code."""
    wanted = _parser().parse_args(arguments)
    try:
        _check_tools()
        for package in PACKAGES:
            if wanted.package and package.name not in wanted.package:
                continue
            for arch in package.architectures:
                if wanted.arch and arch not in (*wanted.arch, "all"):
                    continue
                build = Build(
                    source=wanted.source,
                    version=wanted.version or _version(wanted.source),
                    arch=arch,
                    epoch_s=_commit_time_s(),
                )
                _tell(make_deb(package, build, wanted.out))
    except NadiError as error:
        print(f"error: {error}\n hint: {error.hint}", file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m scripts.packages", description=__doc__)
    names = [package.name for package in PACKAGES]
    parser.add_argument("--package", action="append", choices=names, help="default all; again")
    parser.add_argument("--arch", action="append", choices=ARCHITECTURES, help="default all; again")
    parser.add_argument("--out", type=Path, default=ROOT / "dist", help="default dist/")
    parser.add_argument("--source", type=Path, default=ROOT, help="another source tree")
    parser.add_argument("--version", help="default that of setup.cfg")
    return parser


def _check_tools() -> None:
    if ".".join(map(str, sys.version_info[:2])) != DEBIAN_PYTHON:
        raise BuildFailed(
            f"bytecode for Debian 12 is made by Python {DEBIAN_PYTHON}, not by this one",
            hint=f"make .venv with Python {DEBIAN_PYTHON}: rm -r .venv && scripts/install",
        )
    if shutil.which("dpkg-deb") is None:
        raise BuildFailed("dpkg-deb is not here", hint="build on Debian, or install dpkg")


def _version(source: Path) -> str:
    settings = configparser.ConfigParser()
    settings.read(source / "setup.cfg", encoding="utf-8")
    return settings["metadata"]["version"]


def _commit_time_s() -> int:
    shown = subprocess.run(
        ["git", "log", "-1", "--format=%ct"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    )
    return int(shown.stdout)


def _tell(deb: Path) -> None:
    digest = hashlib.sha256(deb.read_bytes()).hexdigest()
    print(f"{deb.name}  {deb.stat().st_size / 1e6:.1f} MB  sha256 {digest}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
