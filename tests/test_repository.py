"""What the repository says of itself is so."""

import ast
import configparser
import re
import subprocess
from pathlib import Path

import pytest

from agent.config import load as load_agent
from broker_bridge.config import load_settings as load_bridge
from firmware_sim.district_file import read_district
from scripts.locks import ROLES, stale_roles

ROOT = Path(__file__).parents[1]
MAX_LINES = 400
SOURCES = (
    *("contract", "agent", "broker_bridge", "firmware_sim", "provisioning"),
    *("scripts", "benchmarks", "tests"),
)
DECISION = re.compile(r"(\d{4})-[a-z0-9-]+\.md")
# A home folder, a work folder of one machine, an address in a private network (not the network
# itself), a registry's host.
MACHINE = re.compile(
    rb"/(?:home/[a-z]|root/|work/|Users/[A-Z])"
    rb"|\b192\.168\.\d+\.\d+(?!/16)\b"
    rb"|https?://[^ ]*\b(pypi|simple/|artifactory|nexus|proxy\.golang)"
)


def _tracked() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True, timeout=30
    )
    names = listed.stdout.decode().split("\0")
    return [ROOT / name for name in names if name and (ROOT / name).is_file()]


def _modules() -> list[Path]:
    return sorted(path for folder in SOURCES for path in (ROOT / folder).rglob("*.py"))


def _text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("readme", ["README.md", "README.id.md"])
def test_every_make_command_of_a_readme_is_a_target(readme: str) -> None:
    named = set(re.findall(r"(?<!install )\bmake ([a-z]+)", "\n".join(_commands(readme))))
    targets = set(re.findall(r"^([a-z]+):", _text("Makefile"), flags=re.MULTILINE))
    assert {"demo", "test", "check", "bench", "nightly"} <= named <= targets


@pytest.mark.parametrize("readme", ["README.md", "README.id.md"])
def test_every_program_of_a_readme_is_installed(readme: str) -> None:
    named = set(re.findall(r"\bnadi-(?:agent|bridge|sim)\b", "\n".join(_commands(readme))))
    settings = configparser.ConfigParser()
    settings.read(ROOT / "setup.cfg")
    programs = settings["options.entry_points"]["console_scripts"].split("\n")
    assert named <= {line.partition(" ")[0] for line in programs}


def _commands(readme: str) -> list[str]:
    """Lines of the blocks, and what stands between backticks."""
    text = _text(readme)
    return re.findall(r"```\n(.*?)```", text, flags=re.DOTALL) + re.findall(r"`([^`\n]+)`", text)


def test_both_readmes_have_the_same_structure() -> None:
    english, indonesian = (_headings(_text(name)) for name in ("README.md", "README.id.md"))
    assert [level for level, _ in english] == [level for level, _ in indonesian]


def test_both_readmes_give_the_same_commands() -> None:
    blocks = [
        re.findall(r"```\n(.*?)```", _text(name), flags=re.DOTALL)
        for name in ("README.md", "README.id.md")
    ]
    english, indonesian = ([b for b in found if "$try" in b] for found in blocks)
    assert english == indonesian != []


def _headings(text: str) -> list[tuple[str, str]]:
    outside = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
    return re.findall(r"^(#+) (.+)$", outside, flags=re.MULTILINE)


@pytest.mark.parametrize("page", sorted(ROOT.glob("*.md")) + sorted(ROOT.glob("docs/**/*.md")))
def test_every_link_to_a_file_leads_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#\s]+)", page.read_text(encoding="utf-8"))
    local = [link for link in links if "://" not in link]
    assert [link for link in local if not (page.parent / link).exists()] == []


def test_no_file_names_a_machine_or_a_registry() -> None:
    found = [
        f"{path.relative_to(ROOT)}: {match.group().decode()}"
        for path in _tracked()
        if (match := MACHINE.search(path.read_bytes()))
    ]
    assert found == []


def test_no_key_or_certificate_is_tracked() -> None:
    assert [path.name for path in _tracked() if path.suffix in (".key", ".pem")] == []


@pytest.mark.parametrize("module", _modules(), ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_stays_short(module: Path) -> None:
    assert module.read_text(encoding="utf-8").count("\n") <= MAX_LINES


@pytest.mark.parametrize(
    "module",
    [path for path in _modules() if not re.fullmatch(r"(test_.*|conftest)\.py", path.name)],
    ids=lambda path: str(path.relative_to(ROOT)),
)
def test_a_module_opens_with_one_sentence(module: Path) -> None:
    """A test module's names say what it claims."""
    docstring = ast.get_docstring(ast.parse(module.read_text(encoding="utf-8")))
    assert docstring is not None
    assert docstring.splitlines()[0].endswith((".", "?", ":"))


def test_the_changelog_has_the_version_that_is_built() -> None:
    settings = configparser.ConfigParser()
    settings.read(ROOT / "setup.cfg")
    newest = re.search(r"^## \[(\d+\.\d+\.\d+)\]", _text("CHANGELOG.md"), flags=re.MULTILINE)
    assert newest is not None
    assert newest.group(1) == settings["metadata"]["version"]


def test_decisions_are_numbered_without_gaps() -> None:
    names = sorted(path.name for path in (ROOT / "docs" / "decisions").iterdir())
    numbers = [int(match.group(1)) for name in names if (match := DECISION.fullmatch(name))]
    assert numbers == list(range(1, len(names) + 1))


@pytest.mark.parametrize(
    "record", sorted((ROOT / "docs" / "decisions").glob("*.md")), ids=lambda path: path.stem[:30]
)
def test_a_decision_has_its_parts(record: Path) -> None:
    text = record.read_text(encoding="utf-8")
    assert text.startswith(f"# {int(record.name[:4])}. ")
    assert re.search(r"^- Date: \d{4}-\d{2}-\d{2}$", text, flags=re.MULTILINE)
    assert re.search(r"^- Status: \w+", text, flags=re.MULTILINE)
    assert re.findall(r"^## (.+)$", text, flags=re.MULTILINE) == [
        "Context",
        "Decision",
        "Consequences",
    ]


def test_the_example_settings_load_as_they_are() -> None:
    assert load_agent(ROOT / "configs" / "agent.example.toml").gateway.id == "bb-0001"
    assert load_bridge(str(ROOT / "configs" / "bridge.example.toml")).city == "baubau"
    assert read_district(ROOT / "configs" / "sim-district.example.toml")


def test_every_role_has_a_lock_that_fits_its_requirements() -> None:
    assert stale_roles() == []


def test_every_wheel_of_a_lock_is_named_with_its_hash() -> None:
    for role in ROLES:
        lines = _text(f"requirements/{role}.lock").replace("\\\n", " ").splitlines()
        wheels = [line for line in lines if "==" in line.partition(";")[0]]
        assert wheels
        assert [line[:60] for line in wheels if "--hash=sha256:" not in line] == []


def test_the_readmes_settings_load_after_its_commands(tmp_path: Path) -> None:
    """The block that makes the settings is run as a stranger would, in another folder."""
    block = next(b for b in _commands("README.md") if "configs/agent.example.toml" in b)
    script = block.replace("try=/tmp/nadi-try", f"try={tmp_path}/try")
    assert script != block
    subprocess.run(["bash", "-euc", script], cwd=ROOT, check=True, capture_output=True, timeout=60)
    gateway = load_agent(tmp_path / "try" / "agent.toml")
    assert gateway.gateway.clock == "trusted"
    assert [line.port for line in gateway.serial] == [
        f"{tmp_path}/try/bb-0001/rs485",
        f"{tmp_path}/try/bb-0001/bin-1",
    ]
    bridge = load_bridge(f"{tmp_path}/try/bridge.toml")
    assert bridge.store.path == f"{tmp_path}/try/city.db"
    for path in (gateway.broker.key_file, bridge.broker.cert_file, bridge.broker.ca_file):
        assert Path(path).is_file(), path
