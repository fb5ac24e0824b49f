"""How far each campaign is with this build, kept between runs; another build begins anew."""

import hashlib
import os
import subprocess
from functools import cache
from pathlib import Path, PurePosixPath

import grimp
from pydantic import BaseModel, ConfigDict

ROOT = Path(__file__).parents[2]
JUDGED = ("agent", "broker_bridge", "contract", "firmware_sim")
BESIDE = ("provisioning", "scripts", "tests")
MAX_KEPT = 20


class Progress(BaseModel):
    """One campaign so far; `broken` is what was said of its first broken parts."""

    model_config = ConfigDict(extra="forbid")

    build: str
    commit: str
    began: str
    done: int = 0
    broken_count: int = 0
    broken: list[str] = []
    seconds: float = 0.0


class Build(BaseModel):
    """What is judged: the commit, and a hash of the code as it is in the work tree."""

    commit: str
    code: str


def build_of(module: str, *, whole: bool) -> Build:
    """The build that a campaign's program judges."""
    digest = hashlib.sha256()
    for name in judged_files(module, whole=whole):
        digest.update(f"{name}\n".encode() + (ROOT / name).read_bytes())
    commit = _git("rev-parse", "--short=10", "HEAD").strip()
    return Build(commit=commit, code=digest.hexdigest()[:16])


def judged_files(module: str, *, whole: bool) -> list[str]:
    """What a program imports, however indirectly, and the data files beside that.

    `module` is as `python -m` takes it. `whole`: all production code too, for a campaign that
    starts other programs.
    """
    main = f"{module}.__main__"
    root = main if main in _graph().modules else module
    modules = {root, *_graph().find_upstream_modules(root)}
    return [
        name
        for name in _git("ls-files", *JUDGED, *BESIDE).splitlines()
        if (ROOT / name).is_file()
        and ((whole and name.split("/")[0] in JUDGED) or _belongs(PurePosixPath(name), modules))
    ]


def _belongs(path: PurePosixPath, modules: set[str]) -> bool:
    """A module is judged by its name, any other file by the packages that it lies in."""
    if path.suffix == ".py":
        return ".".join(path.with_suffix("").parts).removesuffix(".__init__") in modules
    packages = {module.rpartition(".")[0] for module in modules}
    return any(".".join(folder.parts) in packages for folder in path.parents)


@cache
def _graph() -> grimp.ImportGraph:
    return grimp.build_graph(*JUDGED, *BESIDE, cache_dir=None)


def _git(*arguments: str) -> str:
    done = subprocess.run(
        ["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60
    )
    return done.stdout


def state_folder() -> Path:
    """Where it is kept: not in the work tree, so that a fresh clone of the same build goes on."""
    state = os.environ.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
    return Path(state) / "nadi-kota" / "campaigns"


def load(folder: Path, name: str, build: Build, today: str) -> Progress:
    """What is known of a campaign with this build."""
    path = folder / f"{name}.json"
    if path.is_file():
        found = Progress.model_validate_json(path.read_bytes())
        if found.build == build.code:
            return found
    return Progress(build=build.code, commit=build.commit, began=today)


def keep(folder: Path, name: str, progress: Progress) -> None:
    """Whole or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    new = folder / f"{name}.json.new"
    new.write_text(progress.model_dump_json(indent=1))
    new.replace(folder / f"{name}.json")
