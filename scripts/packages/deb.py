"""One .deb, the same bytes from the same source: files, control data and maintainer scripts."""

import gzip
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from scripts.packages.contents import COMPLETIONS, DEBIAN_PYTHON, DOC, MAINTAINER, Package
from scripts.packages.errors import BuildFailed
from scripts.packages.release import make_release
from scripts.packages.sbom import bill

MAINTAINER_SCRIPTS = ("preinst", "postinst", "prerm", "postrm")


@dataclass(frozen=True, slots=True, kw_only=True)
class Build:
    """What is built from: a source tree, as which version, for which architecture, as of when.

    `level` is how hard xz packs, 0 to 9.
    """

    source: Path
    version: str
    arch: str
    epoch_s: int
    level: int = 6


def make_deb(package: Package, build: Build, out: Path) -> Path:
    """The package in `out`, with its bill of materials beside it; raises BuildFailed."""
    name = f"{package.name}_{build.version}_{build.arch}"
    with tempfile.TemporaryDirectory(prefix="nadi-deb-") as folder:
        stage = Path(folder) / name
        home = stage / package.home_of(build.version)
        make_release(package, build.source, home, arch=build.arch, version=build.version)
        _install_files(package, build, stage)
        _write_control(package, build, stage)
        _settle(stage, build.epoch_s)
        out.mkdir(parents=True, exist_ok=True)
        (out / f"{name}.cdx.json").write_text(_bill(package, build, home))
        return _pack(stage, out / f"{name}.deb", build)


def _install_files(package: Package, build: Build, stage: Path) -> None:
    for program, command in package.programs.items():
        _write(stage / "usr/bin" / program, f'#!/bin/sh\nexec {command} "$@"\n', mode=0o755)
    for source, target in package.files.items():
        if (build.source / source).is_dir():
            shutil.copytree(build.source / source, stage / target)
        else:
            (stage / target).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(build.source / source, stage / target)
    if package.completion:
        _write(stage / COMPLETIONS / package.name, _completion(package, build.source))
    documents = stage / DOC / package.name
    documents.mkdir(parents=True, exist_ok=True)
    _write(documents / "copyright", _copyright())
    changes = gzip.compress((build.source / "CHANGELOG.md").read_bytes(), mtime=0)
    (documents / "changelog.gz").write_bytes(changes)


def _completion(package: Package, source: Path) -> str:
    """Of the source that is built, which need not be the one that builds."""
    command = [sys.executable, "-m", package.completion]
    environment = {**os.environ, "PYTHONPATH": str(source), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        command, cwd=source, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise BuildFailed(f"{package.completion}: {done.stderr.strip()[-300:]}", hint="run it")
    return done.stdout


def _write_control(package: Package, build: Build, stage: Path) -> None:
    control = stage / "DEBIAN"
    control.mkdir()
    files = sorted(path for path in stage.rglob("*") if control not in path.parents)
    plain = [path for path in files if path.is_file() and not path.is_symlink()]
    size_kib = sum(-(-path.stat().st_size // 1024) for path in plain)
    _write(control / "control", _control(package, build, size_kib))
    sums = [f"{_md5(path)}  {path.relative_to(stage)}\n" for path in plain]
    _write(control / "md5sums", "".join(sums))
    own = build.source / "scripts/packages" / package.name
    for name in MAINTAINER_SCRIPTS:
        if (own / name).exists():
            text = (own / name).read_text().replace("@VERSION@", build.version)
            _write(control / name, text, mode=0o755)
    if (own / "templates").exists():
        _write(control / "templates", (own / "templates").read_text())


def _control(package: Package, build: Build, size_kib: int) -> str:
    following = f"3.{int(DEBIAN_PYTHON.partition('.')[2]) + 1}"
    depends = (f"python3 (>= {DEBIAN_PYTHON})", f"python3 (<< {following})", *package.depends)
    libc = ("libc6 (>= 2.34)",) if build.arch != "all" else ()
    return (
        f"Package: {package.name}\nVersion: {build.version}\nArchitecture: {build.arch}\n"
        f"Maintainer: {MAINTAINER}\nInstalled-Size: {size_kib}\n"
        f"Depends: {', '.join((*depends, *libc))}\nSection: net\nPriority: optional\n"
        f"Description: {package.summary}\n {package.text}\n"
    )


def _copyright() -> str:
    return (
        "Nadi Kota is licensed under the Apache License, version 2.0; see\n"
        "/usr/share/common-licenses/Apache-2.0. The libraries beside it are under the licences\n"
        "in their dist-info folders.\n"
    )


def _settle(stage: Path, epoch_s: int) -> None:
    """Rights and times that do not depend on this machine."""
    for path in [stage, *stage.rglob("*")]:
        if not path.is_symlink():
            is_open = path.is_dir() or path.stat().st_mode & 0o100
            path.chmod(0o755 if is_open else 0o644)
        os.utime(path, (epoch_s, epoch_s), follow_symlinks=False)


def _pack(stage: Path, target: Path, build: Build) -> Path:
    packing = ["--root-owner-group", "-Zxz", f"-z{build.level}"]
    command = ["dpkg-deb", *packing, "--build", str(stage), str(target)]
    environment = {**os.environ, "SOURCE_DATE_EPOCH": str(build.epoch_s)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BuildFailed(f"dpkg-deb: {done.stderr.strip()}", hint="read what it says")
    return target


def _bill(package: Package, build: Build, home: Path) -> str:
    lock = build.source / "requirements" / f"{package.lock}.lock"
    return bill(
        package.name,
        build.version,
        build.arch,
        lock=lock.read_text(),
        packages=home / "lib" / f"python{DEBIAN_PYTHON}" / "site-packages",
        made_at=datetime.fromtimestamp(build.epoch_s, UTC).isoformat(),
    )


def _write(path: Path, text: str, *, mode: int = 0o644) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)


def _md5(path: Path) -> str:
    return hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()
