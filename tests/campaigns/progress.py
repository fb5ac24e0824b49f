"""How far each campaign is with this build, kept between runs; another build begins anew."""

import hashlib
import os
import subprocess
from pathlib import Path

from pydantic import BaseModel, ConfigDict

ROOT = Path(__file__).parents[2]
JUDGED = ("agent", "broker_bridge", "contract", "firmware_sim")
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
    """What is judged: the commit, and a hash of the production code as it is in the work tree."""

    commit: str
    code: str


def this_build() -> Build:
    """As git and the work tree have it."""
    tracked = _git("ls-files", "-s", *JUDGED) + _git("diff", "HEAD", "--", *JUDGED)
    return Build(
        commit=_git("rev-parse", "--short=10", "HEAD").strip(),
        code=hashlib.sha256(tracked.encode()).hexdigest()[:16],
    )


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
