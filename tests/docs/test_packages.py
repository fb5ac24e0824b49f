"""What a .deb holds, and that the same source gives the same bytes."""

import hashlib
import io
import json
import marshal
import re
import subprocess
import tarfile
from pathlib import Path

import pytest

from scripts.packages.contents import PACKAGES, Package
from scripts.packages.deb import Build, make_deb
from scripts.packages.release import KEPT_SUFFIXES, without_installers

ROOT = Path(__file__).parents[2]
SOURCE = "opt/nadi-agent/releases/1.2.3/lib/python3.11/site-packages"
UNCHECKED_HASH = 0b01  # PEP 552: validated by hash, and never checked
WRITTEN_BY_INSTALLERS = {"RECORD", "INSTALLER", "REQUESTED", "direct_url.json"}


def built(name: str, arch: str, folder: Path, *, level: int = 0) -> Path:
    (package,) = (one for one in PACKAGES if one.name == name)
    build = Build(source=ROOT, version="1.2.3", arch=arch, epoch_s=1_700_000_000, level=level)
    return make_deb(package, build, folder)


@pytest.fixture(scope="module")
def agent(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built("nadi-agent", "amd64", tmp_path_factory.mktemp("agent"))


@pytest.fixture(scope="module")
def files(agent: Path) -> dict[str, bytes]:
    """Every file of the package, and of its control data below DEBIAN/."""
    return {
        **_unpacked(agent, "--fsys-tarfile", ""),
        **_unpacked(agent, "--ctrl-tarfile", "DEBIAN/"),
    }


def _unpacked(deb: Path, part: str, folder: str) -> dict[str, bytes]:
    packed = subprocess.run(["dpkg-deb", part, deb], capture_output=True, check=True).stdout
    with tarfile.open(fileobj=io.BytesIO(packed)) as tar:
        return {
            folder + member.name.removeprefix("./"): read.read()
            for member in tar
            if member.isfile() and (read := tar.extractfile(member))
        }


@pytest.mark.parametrize("package", PACKAGES, ids=lambda one: one.name)
def test_whatever_a_package_installs_is_in_the_repository(package: Package) -> None:
    needed = [*package.files, *package.code, f"requirements/{package.lock}.lock"]
    assert [name for name in needed if not (ROOT / name).exists()] == []


def test_every_file_beside_the_code_comes_with_it() -> None:
    """Translations are shipped compiled."""
    kept = (*KEPT_SUFFIXES, ".po")
    code = {name for package in PACKAGES for name in package.code}
    files = [file for name in sorted(code) for file in (ROOT / name).rglob("*") if file.is_file()]
    left = [file for file in files if file.suffix not in kept and "__pycache__" not in file.parts]
    assert len(files) > 400
    assert left == []


@pytest.mark.system
def test_the_same_source_gives_the_same_bytes(agent: Path, tmp_path: Path) -> None:
    again = built("nadi-agent", "amd64", tmp_path)
    assert (
        hashlib.sha256(again.read_bytes()).digest() == hashlib.sha256(agent.read_bytes()).digest()
    )
    assert (tmp_path / "nadi-agent_1.2.3_amd64.cdx.json").read_text() == (
        agent.with_name("nadi-agent_1.2.3_amd64.cdx.json").read_text()
    )


@pytest.mark.system
@pytest.mark.nightly
def test_the_same_source_gives_the_same_bytes_packed_as_they_are_released(tmp_path: Path) -> None:
    first, second = (
        built("nadi-agent", "amd64", tmp_path / name, level=6).read_bytes() for name in "ab"
    )
    assert hashlib.sha256(first).digest() == hashlib.sha256(second).digest()


@pytest.mark.system
def test_no_file_names_the_folder_or_the_machine_it_was_built_in(files: dict[str, bytes]) -> None:
    named = [name for name, data in files.items() if b"nadi-deb-" in data or bytes(ROOT) in data]
    assert named == []


@pytest.mark.system
def test_no_installer_and_no_trace_of_one_is_inside(files: dict[str, bytes]) -> None:
    names = {Path(name).name for name in files}
    assert names & WRITTEN_BY_INSTALLERS == set()
    assert [name for name in names if name.startswith("activate")] == []
    assert [name for name in files if "/pip/" in name or "/setuptools/" in name] == []
    assert [name for name in files if "broker_bridge" in name or "firmware_sim" in name] == []


@pytest.mark.system
def test_every_module_is_compiled_and_nothing_is_written_at_run_time(
    files: dict[str, bytes],
) -> None:
    modules = {name for name in files if name.endswith(".py") and name.startswith(SOURCE)}
    compiled = {name: data for name, data in files.items() if name.endswith(".pyc")}
    assert len(compiled) == len(modules) > 400
    assert {int.from_bytes(data[4:8], "little") for data in compiled.values()} == {UNCHECKED_HASH}
    code = marshal.loads(compiled[f"{SOURCE}/agent/__pycache__/app.cpython-311.pyc"][16:])
    assert code.co_filename == f"/{SOURCE}/agent/app.py"


@pytest.mark.system
def test_the_command_is_two_lines_of_shell(files: dict[str, bytes]) -> None:
    assert files["usr/bin/nadi-agent"] == (
        b'#!/bin/sh\nexec /opt/nadi-agent/current/bin/python -I -m agent "$@"\n'
    )


@pytest.mark.system
def test_the_package_asks_for_debian_12s_python_and_ships_nothing_dpkg_would_ask_about(
    files: dict[str, bytes],
) -> None:
    control = files["DEBIAN/control"].decode()
    assert "Depends: python3 (>= 3.11), python3 (<< 3.12), " in control
    assert "DEBIAN/conffiles" not in files
    assert [name for name in files if name.startswith("etc/")] == []
    assert [name for name in files if "tmpfiles" in name or name.startswith("var/")] == []


@pytest.mark.system
def test_the_bill_names_every_wheel_with_the_hashes_of_the_lock(agent: Path) -> None:
    bill = json.loads(agent.with_name("nadi-agent_1.2.3_amd64.cdx.json").read_text())
    lock = without_installers((ROOT / "requirements" / "gateway.lock").read_text())
    pins = re.findall(r"^([a-z0-9-]+)==([^ ]+)(?: ; (.+))? \\$", lock, flags=re.MULTILINE)
    locked = {name: version for name, version, marker in pins if "win32" not in marker}
    assert {one["name"]: one["version"] for one in bill["components"]} == locked
    for component in bill["components"]:
        hashes = [one["value"] for one in component["properties"]]
        assert hashes
        assert all(f"sha256:{one}" in lock for one in hashes)
        assert component["licenses"]
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.5")


@pytest.mark.system
def test_maintainer_scripts_are_valid_shell_with_the_version_filled_in(
    files: dict[str, bytes], tmp_path: Path
) -> None:
    for name in ("preinst", "postinst", "prerm", "postrm"):
        text = files[f"DEBIAN/{name}"].decode()
        assert "@VERSION@" not in text
        script = tmp_path / name
        script.write_text(text)
        subprocess.run(["sh", "-n", script], check=True, timeout=10)
    assert "version=1.2.3\n" in files["DEBIAN/postinst"].decode()


@pytest.mark.system
def test_the_technicians_command_comes_with_its_words_for_bash(tmp_path: Path) -> None:
    files = _unpacked(built("nadi", "amd64", tmp_path), "--fsys-tarfile", "")
    words = files["usr/share/bash-completion/completions/nadi"].decode()
    assert '"nadi gateway enrol") words="--bundle' in words
    assert words.endswith("complete -o default -F _nadi nadi\n")


@pytest.mark.system
def test_the_simulator_is_a_package_of_its_own_for_every_architecture(tmp_path: Path) -> None:
    deb = built("nadi-sim", "all", tmp_path)
    names = _unpacked(deb, "--fsys-tarfile", "")
    assert "usr/bin/nadi-sim" in names
    assert [name for name in names if "/agent/" in name or "/contract/" in name] == []
