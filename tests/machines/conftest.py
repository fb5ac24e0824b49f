"""Machines of their own need root, systemd-nspawn and a Debian root; `make nightly` brings them."""

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from scripts.packages.contents import PACKAGES
from scripts.packages.deb import Build, make_deb
from tests.machines.district import District, district

ROOT = Path(__file__).parents[2]
EPOCH_S = 1_700_000_000
Release = Callable[[str, str, str], None]


@pytest.fixture(scope="session")
def lower() -> Path:
    """The Debian root that every machine starts from."""
    if os.geteuid() or not shutil.which("systemd-nspawn") or not shutil.which("debootstrap"):
        pytest.fail("run as root, after: scripts/install systemd")
    made = subprocess.run(
        [ROOT / "scripts" / "debian-root", "amd64"], capture_output=True, text=True, check=True
    )
    return Path(made.stdout.strip())


@pytest.fixture(scope="session")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with this tree's packages, as version 0.1.0."""
    folder = tmp_path_factory.mktemp("packages")
    for package in PACKAGES:
        arch = "amd64" if "amd64" in package.architectures else "all"
        build = Build(source=ROOT, version="0.1.0", arch=arch, epoch_s=EPOCH_S)
        make_deb(package, build, folder)
    return folder


@pytest.fixture(scope="session")
def release(packages: Path, tmp_path_factory: pytest.TempPathFactory) -> Release:
    """Adds a release of the agent in which `old` of agent/app.py has become `new`."""

    def make(version: str, old: str, new: str) -> None:
        source = tmp_path_factory.mktemp("source")
        for name in ("agent", "contract", "configs", "requirements", "systemd", "scripts"):
            shutil.copytree(ROOT / name, source / name)
        shutil.copy(ROOT / "CHANGELOG.md", source)
        module = source / "agent" / "app.py"
        text = module.read_text()
        assert old in text
        module.write_text(text.replace(old, new))
        build = Build(source=source, version=version, arch="amd64", epoch_s=EPOCH_S)
        make_deb(next(one for one in PACKAGES if one.name == "nadi-agent"), build, packages)

    return make


@pytest.fixture
def town(lower: Path, packages: Path, tmp_path: Path) -> Iterator[District]:
    """Empty, with a wire; what is built in it is gone afterwards."""
    with district(lower=lower, folder=tmp_path, packages=packages) as made:
        yield made
