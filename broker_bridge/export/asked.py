"""What one export is to hold, as its command line says it."""

from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Final, Literal, get_args
from zoneinfo import ZoneInfo

from broker_bridge.errors import ExportRefused
from broker_bridge.language import Marked, mark

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
                mark("{path} is there already"),
                hint=mark("name another file: an export replaces nothing"),
                path=path,
            )
    if not asked.to.parent.is_dir():
        raise ExportRefused(
            mark("{folder} is no folder"),
            hint=mark("make it first: mkdir -p"),
            folder=asked.to.parent,
        )
    if asked.from_ms is not None and asked.until_ms is not None and asked.from_ms >= asked.until_ms:
        raise ExportRefused(
            mark("--from is not before --until"),
            hint=mark("--until is not in the export"),
        )
    if asked.dataset == "gaps" and (asked.assets or asked.kinds or asked.areas):
        raise ExportRefused(
            mark("gaps are of gateways, and nobody knows of which assets a lost batch was"),
            hint=mark("leave out --asset, --kind and --area"),
        )
    if asked.dataset == "gaps" and asked.format == "geojson":
        raise ExportRefused(
            mark("gaps stand nowhere on a map"),
            hint=mark("choose csv, jsonl or parquet"),
        )
    if asked.dataset in ("hours", "gaps") and asked.since:
        raise ExportRefused(
            mark("{dataset} have no cursor: they change when something comes late"),
            hint=mark("export them by time, with --from and --until"),
            dataset=asked.dataset,
        )


def format_of(path: Path, said: str | None) -> Format:
    """As asked for, or by the file's ending; raises ExportRefused."""
    ending = path.suffix.removeprefix(".").lower()
    found = said or ending
    if found not in FORMATS:
        raise ExportRefused(
            mark("nothing says what {file} is to be"),
            hint=mark("let it end with {endings}, or give --format"),
            file=path.name,
            endings=", ".join(f".{one}" for one in FORMATS),
        )
    return found


def refuse_unknown(what: Marked, asked: tuple[str, ...], known: set[str]) -> None:
    """Raises ExportRefused that names the nearest right one."""
    for name in asked:
        if name not in known:
            hint, near = _nearest(name, known)
            raise ExportRefused(
                mark("no {what} is called {name}"), hint=hint, what=what, name=name, near=near
            )


def _nearest(name: str, known: set[str]) -> tuple[Marked, str]:
    if close := get_close_matches(name, known, n=1, cutoff=0.5):
        return mark("did you mean {near}?"), close[0]
    if len(known) <= MAX_NAMED:
        return mark("known here: {near}"), ", ".join(sorted(known))
    return mark("see the city's list: nadi asset list"), ""
