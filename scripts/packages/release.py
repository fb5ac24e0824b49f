"""A release's folder: a venv without pip, wheels checked by their hashes, our code, compiled."""

import compileall
import re
import shutil
import subprocess
import sys
from pathlib import Path
from py_compile import PycInvalidationMode

from scripts.packages.contents import DEBIAN_PYTHON, PLATFORMS, Package
from scripts.packages.errors import BuildFailed

KEPT_SUFFIXES = (".py", ".typed", ".sql", ".mo", ".acl", ".conf", ".toml")
# Files of the installer, which is not in the package: they name folders of this machine.
INSTALLERS = ("RECORD", "INSTALLER", "REQUESTED", "direct_url.json")


def make_release(package: Package, source: Path, home: Path, *, arch: str, version: str) -> None:
    """Everything a release runs with, below `home`, of the code in `source`."""
    _make_venv(home)
    packages = home / "lib" / f"python{DEBIAN_PYTHON}" / "site-packages"
    packages.mkdir(parents=True)
    _install_wheels(source / "requirements" / f"{package.lock}.lock", packages, arch)
    for name in package.code:
        _copy_code(source / name, packages / name)
    (home / "VERSION").write_text(f"{version}\n")
    _compile(packages)


def _make_venv(home: Path) -> None:
    (home / "bin").mkdir(parents=True)
    (home / "bin" / "python").symlink_to(f"/usr/bin/python{DEBIAN_PYTHON}")
    (home / "pyvenv.cfg").write_text("home = /usr/bin\ninclude-system-site-packages = false\n")


def _install_wheels(lock: Path, packages: Path, arch: str) -> None:
    wanted = packages.parent / "wheels.lock"
    wanted.write_text(without_installers(lock.read_text()))
    command = [
        *(sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"),
        *("--no-input", "--no-compile", "--no-deps", "--only-binary", ":all:"),
        *("--require-hashes", "--target", str(packages), "--requirement", str(wanted)),
        *("--implementation", "cp", "--python-version", DEBIAN_PYTHON),
        *(word for platform in PLATFORMS[arch] for word in ("--platform", platform)),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BuildFailed(
            f"the wheels of {lock.name} for {arch}: {done.stderr.strip()[-300:]}",
            hint="check the network, or run scripts/lock",
        )
    wanted.unlink()
    shutil.rmtree(packages / "bin", ignore_errors=True)
    for name in INSTALLERS:
        for file in packages.glob(f"*.dist-info/{name}"):
            file.unlink()


def without_installers(lock: str) -> str:
    """The lock without pip and setuptools, which libraries name and never import."""
    return re.sub(
        r"^(?:pip|setuptools)==[^\n]*\\\n(?: +--hash=\S+(?: \\)?\n)+", "", lock, flags=re.MULTILINE
    )


def _copy_code(source: Path, target: Path) -> None:
    if any(source.rglob("*.po")) and not any(source.rglob("*.mo")):
        raise BuildFailed(f"{source.name} has no compiled catalogue", hint="run scripts/install")
    for file in sorted(source.rglob("*")):
        if file.suffix in KEPT_SUFFIXES and file.is_file():
            there = target / file.relative_to(source)
            there.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, there)


def _compile(packages: Path) -> None:
    """Bytecode that is never checked against a time nor written at run time."""
    compiled = compileall.compile_dir(
        packages,
        quiet=2,
        force=True,
        stripdir=str(_root_of(packages)),
        prependdir="/",
        invalidation_mode=PycInvalidationMode.UNCHECKED_HASH,
    )
    if not compiled:
        raise BuildFailed("a module cannot be compiled", hint="run python -m compileall to see it")


def _root_of(packages: Path) -> Path:
    return next(parent.parent for parent in packages.parents if parent.name == "opt")
