"""A part of the city store in one file, whole, with its metadata beside it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from broker_bridge.config import BridgeSettings, PublicSettings, StoreSettings
from broker_bridge.errors import ExportRefused
from broker_bridge.export import cursor, metadata, rows
from broker_bridge.export.asked import Asked, Format, check, refuse_unknown
from broker_bridge.export.completeness import Completeness
from broker_bridge.export.lookup import Lookup
from broker_bridge.export.metadata import CompletenessOf, Metadata
from broker_bridge.export.tables import Table, Words
from broker_bridge.export.whole_file import growing
from broker_bridge.export.writing import Csv, GeoJson, JsonLines, Write, Writer
from broker_bridge.export.zoned import Clock
from broker_bridge.language import mark
from broker_bridge.opening import opened_store
from broker_bridge.store import Balance
from broker_bridge.stores.exporting import Moment, Names, Part
from broker_bridge.stores.moments import ms_of, rfc3339

Progress = Callable[[int], None]
NewWriter = Callable[[Write, Clock], Writer]

NAMED = ("quantity", "type")  # columns whose words the metadata defines

_TEXTS: Mapping[Format, NewWriter] = {"csv": Csv, "jsonl": JsonLines, "geojson": GeoJson}
NO_PYARROW_HINT = mark(
    "choose csv, jsonl or geojson, or install pyarrow beside the bridge:"
    " docs/operations.md, under Export, says how"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """Where it is, and what it says of itself."""

    file: Path
    metadata: Metadata


def export(
    settings: BridgeSettings, asked: Asked, *, now: datetime, progress: Progress = lambda _: None
) -> Exported:
    """Raises ExportRefused, StoreGone or StoreNewer; then nothing is left behind."""
    check(asked)
    _check_public(settings, asked)
    new_writer = _writer_of(asked)
    balances = _migrated(settings.store, asked)
    if asked.since and settings.store.kind == "postgresql":
        from broker_bridge.stores.postgres_batch_index import index_months  # noqa: PLC0415

        index_months(settings.store.conninfo)
    with opened_moment(settings.store) as moment, growing(asked.to) as file:
        part = _part(asked, moment, settings.public)
        clock = Clock(asked.zone)
        source = _Source(settings, asked, moment, part, clock=clock, balances=balances)
        writer = new_writer(file.write, clock)
        for table in source.tables():
            writer.write(table)
            source.count(table)
            progress(source.rows)
        writer.end()
        about = source.about(now, size=file.bytes, sha256=file.sha256)
        file.publish(asked.metadata_file, about.model_dump_json(indent=1).encode() + b"\n")
    return Exported(file=asked.to, metadata=about)


def opened_moment(settings: StoreSettings) -> AbstractContextManager[Moment]:
    """A program loads the code of one store only."""
    if settings.kind == "sqlite":
        from broker_bridge.stores import sqlite_export  # noqa: PLC0415

        return sqlite_export.opened_moment(Path(settings.path))
    from broker_bridge.stores import postgres_export  # noqa: PLC0415

    return postgres_export.opened_moment(settings.conninfo)


class _Source:
    """The tables of one export, and what is said of them in the end."""

    def __init__(
        self,
        settings: BridgeSettings,
        asked: Asked,
        moment: Moment,
        part: Part,
        *,
        clock: Clock,
        balances: Sequence[Balance],
    ) -> None:
        self._settings = settings
        self._asked = asked
        self._moment = moment
        self._part = part
        self._clock = clock
        self._balances = balances
        self._lookup = Lookup(moment.names)
        self._complete = Completeness(moment.names, settings.retention.due, clock)
        self._columns: tuple[str, ...] = ()
        self._named: dict[str, set[str]] = {name: set() for name in NAMED}
        self.rows = 0

    def tables(self) -> Iterator[Table]:
        """One at least: a file without rows has its columns too."""
        some = {
            "readings": self._readings,
            "hours": self._hours,
            "events": self._events,
            "gaps": self._gaps,
        }[self._asked.dataset]
        yield from some()

    def count(self, table: Table) -> None:
        """This is in the file."""
        self._columns = tuple(table.columns)
        self.rows += table.rows
        for name, known in self._named.items():
            column = table.columns.get(name)
            if isinstance(column, Words) and table.rows:
                known.update(column.words[at] for at in set(column.at.tolist()) if at >= 0)

    def _readings(self) -> Iterator[Table]:
        found = False
        for block in self._moment.readings(self._part):
            found = True
            self._complete.add(block)
            facts = None if self._asked.public else self._moment.facts_of(block)
            yield rows.readings(block, facts, self._lookup)
        if not found:
            yield rows.no_readings(self._lookup, public=self._asked.public)

    def _hours(self) -> Iterator[Table]:
        yield rows.hours((), self._lookup)
        for some in self._moment.hours(self._part):
            yield rows.hours(some, self._lookup)

    def _events(self) -> Iterator[Table]:
        yield rows.events((), self._lookup, public=self._asked.public)
        wanted = set(self._settings.public.events)
        for some in self._moment.events(self._part):
            told = [one for one in some if one.type in wanted] if self._asked.public else some
            yield rows.events(told, self._lookup, public=self._asked.public)

    def _gaps(self) -> Iterator[Table]:
        asked = self._asked
        yield rows.gaps(self._balances, from_ms=asked.from_ms, until_ms=asked.until_ms)

    def about(self, now: datetime, *, size: int, sha256: str) -> Metadata:
        """What stands beside the file."""
        asked, settings = self._asked, self._settings
        bound = asked.dataset in ("readings", "events")
        return Metadata(
            title=f"{asked.dataset} of {settings.city}",
            city=settings.city,
            producer=settings.export.producer or None,
            licence=settings.export.licence or None,
            public=asked.public,
            dataset=asked.dataset,
            format=asked.format,
            file=asked.to.name,
            bytes=size,
            sha256=sha256,
            rows=self.rows,
            made_at=now,
            time_zone=asked.zone.key,
            period_from=None if asked.from_ms is None else rfc3339(asked.from_ms),
            period_until=None if asked.until_ms is None else rfc3339(asked.until_ms),
            asked={"asset": asked.assets, "kind": asked.kinds, "area": asked.areas},
            since=asked.since,
            cursor=cursor.encode(self._moment.position) if bound else None,
            columns=metadata.columns_named(self._columns),
            quantities=metadata.quantities_named(self._named["quantity"]),
            event_types=metadata.types_named(self._named["type"]),
            reference_codes=metadata.REFERENCE_CODES,
            completeness=self._completeness(now),
        )

    def _completeness(self, now: datetime) -> CompletenessOf | None:
        if self._asked.dataset != "readings":
            return None
        zone = self._asked.zone.key
        if self._asked.since:
            return CompletenessOf(
                definition=metadata.RECEIVED_OF_DUE, time_zone=zone, periods=None,
                note=metadata.NOT_WHOLE,
            )  # fmt: skip
        wanted = self._moment.names.assets if self._part.assets is None else self._part.assets
        periods = self._complete.periods(
            self._part, self._moment.series(), now_ms=ms_of(now), assets=wanted
        )
        return CompletenessOf(
            definition=metadata.RECEIVED_OF_DUE, time_zone=zone, periods=tuple(periods),
            note=metadata.INTERVAL_UNKNOWN,
        )  # fmt: skip


def _writer_of(asked: Asked) -> NewWriter:
    """Raises ExportRefused before anything is written if there is no pyarrow."""
    if asked.format != "parquet":
        return _TEXTS[asked.format]
    try:
        from broker_bridge.export.parquet import Parquet  # noqa: PLC0415 it loads pyarrow
    except ImportError as error:
        raise ExportRefused(
            mark("Parquet is written by pyarrow, which is not installed here"), hint=NO_PYARROW_HINT
        ) from error
    return Parquet


def _migrated(settings: StoreSettings, asked: Asked) -> list[Balance]:
    """The store has this program's schema; of gaps, what they are made of."""
    with opened_store(settings) as store:
        return list(store.balance()) if asked.dataset == "gaps" else []


def _part(asked: Asked, moment: Moment, public: PublicSettings) -> Part:
    names = moment.names
    return Part(
        assets=_assets(asked, names, public),
        quantities=_quantities(names, public) if asked.public and asked.measures else None,
        from_ms=asked.from_ms,
        until_ms=asked.until_ms,
        since=cursor.decode(asked.since, moment) if asked.since else None,
    )


def _assets(asked: Asked, names: Names, public: PublicSettings) -> list[int] | None:
    """None if all are wanted; raises ExportRefused for a name that nobody knows."""
    found = list(names.assets.values())
    refuse_unknown(mark("asset"), asked.assets, {row.name for row in found})
    refuse_unknown(mark("area with an asset"), asked.areas, {row.kelurahan for row in found} - {""})
    kinds = set(asked.kinds)
    if asked.public:
        kinds = (kinds or set(public.kinds)) & set(public.kinds)
    if not (asked.assets or asked.areas or asked.public or kinds):
        return None
    return [
        row.id
        for row in found
        if (not asked.assets or row.name in asked.assets)
        and (not asked.areas or row.kelurahan in asked.areas)
        and (row.kind in kinds if asked.public or kinds else True)
    ]


def _quantities(names: Names, public: PublicSettings) -> list[int]:
    return [id_ for id_, row in names.quantities.items() if row.name in public.quantities]


def _check_public(settings: BridgeSettings, asked: Asked) -> None:
    """Closed until it is named; raises ExportRefused."""
    if not asked.public:
        return
    public = settings.public
    if asked.dataset == "gaps":
        raise ExportRefused(
            mark("gaps are not for the public"),
            hint=mark("leave out --public"),
        )
    wanted: dict[str, Sequence[str]] = {"kinds": public.kinds}
    key = "quantities" if asked.measures else "events"
    wanted[key] = getattr(public, key)
    for key, named in wanted.items():
        if not named:
            raise ExportRefused(
                mark("nothing is public: [public] {key} names none"),
                hint=mark("name in the settings what everybody may have: [public] {key}"),
                key=key,
            )
    if closed := sorted(set(asked.kinds) - set(public.kinds)):
        raise ExportRefused(
            mark("{kind} is not public"),
            hint=mark("leave it out, or name it in [public] kinds"),
            kind=closed[0],
        )
    for key in ("producer", "licence"):
        if not getattr(settings.export, key):
            raise ExportRefused(
                mark("nobody may use what has no {key}"),
                hint=mark("name it in the settings: [export] {key}"),
                key=key,
            )
