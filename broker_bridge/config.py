"""What `nadi-bridge` runs: the city, its broker, its store and the bounds of the ingest."""

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from broker_bridge.inbox import Grouping
from contract.document import Section, load_document
from contract.errors import SettingsError
from contract.identity import CityField
from contract.tls import Broker

Megabytes = Annotated[int, Field(ge=1, le=1_024)]


class StoreSettings(Section):
    """Where readings and ledger are kept; `path` is for SQLite, `conninfo` for PostgreSQL."""

    kind: Literal["sqlite", "postgresql"] = "sqlite"
    path: str = ""
    conninfo: str = ""

    @model_validator(mode="after")
    def _names_its_place(self) -> Self:
        wanted, other = ("path", "conninfo") if self.kind == "sqlite" else ("conninfo", "path")
        if not getattr(self, wanted):
            raise ValueError(f"kind {self.kind} needs {wanted}")
        if getattr(self, other):
            raise ValueError(f"kind {self.kind} takes {wanted}, not {other}")
        return self


class IngestSettings(Section):
    """How large one transaction may grow, and what may wait in memory."""

    group_batches: Annotated[int, Field(ge=1, le=1_000)] = 200
    group_mb: Megabytes = 4
    linger_ms: Annotated[int, Field(ge=0, le=1_000)] = 10
    in_flight: Annotated[int, Field(ge=1, le=65_535)] = 1_000
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


class BridgeSettings(Section):
    """One bridge, whole; every bridge of a city shares its store."""

    city: CityField
    crl_file: str = ""  # who may not be believed on a stick any more; the broker's crl.pem
    broker: Broker
    store: StoreSettings
    ingest: IngestSettings = IngestSettings()


def load_settings(path: str) -> BridgeSettings:
    """The settings in a TOML file; raises SettingsError that names the file and the key."""
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(
            f"{path}: the settings cannot be read: {error}",
            hint="give the file with --settings FILE; configs/bridge.example.toml is an example",
        ) from error
    return load_document(BridgeSettings, text, name=path)
