"""What `nadi-bridge` runs: the city, its broker, its store and the bounds of the ingest."""

from pathlib import Path
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import Field, field_validator, model_validator

from broker_bridge.errors import SettingsRefused
from broker_bridge.inbox import Grouping
from broker_bridge.language import _, mark
from contract.document import Section, load_document, misplaced, nearest
from contract.event_types import EventType
from contract.identity import CityField, Kind
from contract.quantities import QUANTITIES
from contract.tls import Broker

DAYS_A_YEAR = 365.25

KindField = Annotated[Kind, Field(strict=False)]  # TOML knows no kinds, only their names
Megabytes = Annotated[int, Field(ge=1, le=1_024)]


class StoreSettings(Section):
    """Where readings and ledger are kept; `path` is for SQLite, `conninfo` for PostgreSQL."""

    kind: Literal["sqlite", "postgresql"] = "sqlite"
    path: str = ""
    conninfo: str = ""
    partitioning: Literal["native", "timescale", "citus"] = "native"
    data_dir: str = ""  # where PostgreSQL keeps its files, if that is this machine's disk

    @model_validator(mode="after")
    def _names_its_place(self) -> Self:
        wanted, other = ("path", "conninfo") if self.kind == "sqlite" else ("conninfo", "path")
        if not getattr(self, wanted):
            raise ValueError(_("kind {kind} needs {key}").format(kind=self.kind, key=wanted))
        if getattr(self, other):
            raise ValueError(
                _("kind {kind} takes {key}, not {other}").format(
                    kind=self.kind, key=wanted, other=other
                )
            )
        if self.kind == "sqlite" and self.data_dir:
            raise ValueError(_("kind sqlite takes path, not data_dir"))
        if self.kind == "sqlite" and self.partitioning != "native":
            raise misplaced(_("kind sqlite is one file: partitioning is native"), "partitioning")
        return self

    @property
    def folder(self) -> Path | None:
        """On the disk that the store fills; None if that is another machine's."""
        if self.kind == "sqlite":
            return Path(self.path).absolute().parent
        return Path(self.data_dir) if self.data_dir else None


class RetentionSettings(Section):
    """How long raw readings and hours are kept, and how often each quantity is due."""

    raw_days: Annotated[int, Field(ge=1, le=36_525)] = 90
    hourly_years: Annotated[int, Field(ge=1, le=100)] = 5
    interval_s: dict[KindField, dict[str, Annotated[float, Field(gt=0, le=3_600)]]] = {}

    @model_validator(mode="after")
    def _keeps_hours_longer(self) -> Self:
        if self.raw_days > self.hourly_years * DAYS_A_YEAR:
            raise misplaced(
                _(
                    "{days} days is longer than hourly_years = {years}: hours would go before the"
                    " readings they are made of"
                ).format(days=self.raw_days, years=self.hourly_years),
                "raw_days",
            )
        return self

    @model_validator(mode="after")
    def _knows_the_quantities(self) -> Self:
        for kind, intervals in self.interval_s.items():
            for name in sorted(intervals.keys() - QUANTITIES.keys()):
                raise misplaced(_no_quantity(name), "interval_s", kind.value, name)
        return self

    @property
    def due(self) -> dict[tuple[str, str], int]:
        """Readings due in an hour, by kind and quantity."""
        return {
            (kind.value, name): round(3_600 / interval_s)
            for kind, intervals in self.interval_s.items()
            for name, interval_s in intervals.items()
        }


class IngestSettings(Section):
    """How large one transaction may grow, and what may wait in memory."""

    group_batches: Annotated[int, Field(ge=2, le=1_000)] = 200
    group_mb: Megabytes = 4
    linger_ms: Annotated[int, Field(ge=0, le=1_000)] = 10
    in_flight: Annotated[int, Field(ge=1, le=65_535)] = 20_000
    waiting_mb: Megabytes = 64

    @property
    def grouping(self) -> Grouping:
        """The same, as the inbox takes it."""
        return Grouping(
            group_batches=self.group_batches,
            group_bytes=self.group_mb << 20,
            linger_s=self.linger_ms / 1_000,
            waiting_bytes=self.waiting_mb << 20,
        )


class BackupSettings(Section):
    """Where whole copies of the store are kept, and how many; the doctor says how old one is."""

    folder: str = ""
    keep: Annotated[int, Field(ge=1, le=1_000)] = 14


class FeedSettings(Section):
    """What the feed calls silent: an asset of which no reading was observed for so long."""

    silent_after_s: Annotated[int, Field(ge=60, le=604_800)] = 3_600


class ExportSettings(Section):
    """Who makes the city's data and how others may use it: what an export says of itself."""

    producer: Annotated[str, Field(max_length=200)] = ""
    licence: Annotated[str, Field(max_length=200)] = ""


class PublicSettings(Section):
    """What `export --public` may give away; what is not named is not public."""

    kinds: list[Kind] = []
    quantities: list[str] = []
    events: list[EventType] = []

    @field_validator("quantities")
    @classmethod
    def _are_known(cls, names: list[str]) -> list[str]:
        for name in names:
            if name not in QUANTITIES:
                raise ValueError(_no_quantity(name))
        return names


class MetricsSettings(Section):
    """Where Prometheus reads this bridge's metrics, on loopback; 0: nowhere."""

    port: Annotated[int, Field(ge=0, le=65_535)] = 0


class BridgeSettings(Section):
    """One bridge, whole; every bridge of a city shares its store."""

    city: CityField
    language: Literal["id", "en"] = "en"
    time_zone: str = "Asia/Makassar"  # as in the IANA database; what is stored is UTC
    crl_file: str = ""  # who may not be believed on a stick any more; the broker's crl.pem
    broker: Broker
    store: StoreSettings
    ingest: IngestSettings = IngestSettings()
    retention: RetentionSettings = RetentionSettings()
    backup: BackupSettings = BackupSettings()
    metrics: MetricsSettings = MetricsSettings()
    feed: FeedSettings = FeedSettings()
    export: ExportSettings = ExportSettings()
    public: PublicSettings = PublicSettings()

    @field_validator("time_zone")
    @classmethod
    def _is_known(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (LookupError, ValueError, OSError):
            raise ValueError(
                _(
                    "no time zone is called {name!r}; Indonesia's are Asia/Jakarta, Asia/Makassar"
                    " and Asia/Jayapura"
                ).format(name=name)
            ) from None
        return name

    @property
    def zone(self) -> ZoneInfo:
        """Where people read the time."""
        return ZoneInfo(self.time_zone)


def _no_quantity(name: str) -> str:
    near = nearest(name, sorted(QUANTITIES))
    return _("{name} is no quantity; {near}").format(name=name, near=near)


def load_settings(path: str) -> BridgeSettings:
    """The settings in a TOML file; raises SettingsError that names the file and the key."""
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsRefused(
            mark("{path}: the settings cannot be read: {why}"),
            hint=mark(
                "give the file with --settings FILE; configs/bridge.example.toml is an example"
            ),
            path=path,
            why=error,
        ) from error
    return load_document(BridgeSettings, text, name=path)
