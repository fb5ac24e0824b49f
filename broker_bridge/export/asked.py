"""What one export is to hold, as its command line says it."""

from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Final, Literal, get_args
from zoneinfo import ZoneInfo

from broker_bridge.errors import ExportRefused
from contract.document import nearest

Dataset = Literal["readings", "hours", "events", "gaps"]
Format = Literal["csv", "jsonl", "geojson", "parquet"]

MAX_NAMED: Final = 30
FORMATS: Final[tuple[Format, ...]] = get_args(Format)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Empty or None is all; `until_ms` is not in it."""

    dataset: Dataset
    format: Format
    to: Path
    zone: ZoneInfo
    assets: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    areas: tuple[str, ...] = ()
    from_ms: int | None = None
    until_ms: int | None = None
    since: str | None = None
    public: bool = False

    @property
    def measures(self) -> bool:
        """Whether it is of quantities."""
        return self.dataset in ("readings", "hours")

    @property
    def metadata_file(self) -> Path:
        """Beside it."""
        return self.to.with_name(f"{self.to.name}.meta.json")


def check(asked: Asked) -> None:
    """Raises ExportRefused for what cannot be, before anything is read or written."""
    for path in (asked.to, asked.metadata_file):
        if path.exists() or path.is_symlink():
            raise ExportRefused(
                f"{path} is there already", hint="name another file: an export replaces nothing"
            )
    if not asked.to.parent.is_dir():
        raise ExportRefused(f"{asked.to.parent} is no folder", hint="make it first: mkdir -p")
    if asked.from_ms is not None and asked.until_ms is not None and asked.from_ms >= asked.until_ms:
        raise ExportRefused("--from is not before --until", hint="--until is not in the export")
    if asked.dataset == "gaps" and (asked.assets or asked.kinds or asked.areas):
        raise ExportRefused(
            "gaps are of gateways, and nobody knows of which assets a lost batch was",
            hint="leave out --asset, --kind and --area",
        )
    if asked.dataset == "gaps" and asked.format == "geojson":
        raise ExportRefused("gaps stand nowhere on a map", hint="choose csv, jsonl or parquet")
    if asked.dataset in ("hours", "gaps") and asked.since:
        raise ExportRefused(
            f"{asked.dataset} have no cursor: they change when something comes late",
            hint="export them by time, with --from and --until",
        )


def format_of(path: Path, said: str | None) -> Format:
    """As asked for, or by the file's ending; raises ExportRefused."""
    ending = path.suffix.removeprefix(".").lower()
    found = said or ending
    if found not in FORMATS:
        raise ExportRefused(
            f"nothing says what {path.name} is to be",
            hint=f"let it end with {', '.join(f'.{one}' for one in FORMATS)}, or give --format",
        )
    return found


def refuse_unknown(what: str, asked: tuple[str, ...], known: set[str]) -> None:
    """Raises ExportRefused that names the nearest right one."""
    for name in asked:
        if name not in known:
            hint = "see the city's list: nadi asset list"
            if get_close_matches(name, known, n=1, cutoff=0.5) or len(known) <= MAX_NAMED:
                hint = nearest(name, sorted(known))
            raise ExportRefused(f"no {what} is called {name}", hint=hint)
