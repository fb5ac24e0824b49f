"""A folder on a memory disk, with the empty files that every schedule starts from."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from agent.outbox.file import OutboxFile
from tests.simulation.city import make_template
from tests.simulation.disk import memory_disk
from tests.simulation.gateway import CURSED


class Templates:
    """Empty files that every schedule starts from."""

    def __init__(self, folder: Path) -> None:
        self.outbox = folder / "outbox-template.db"
        self.city = folder / "city-template.db"
        OutboxFile(self.outbox).close()
        make_template(self.city, cursed=CURSED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Workshop:
    """A folder for schedules, with their templates."""

    folder: Path
    templates: Templates


@contextmanager
def workshop() -> Iterator[Workshop]:
    """For as long as it lasts."""
    disk = memory_disk(Path(tempfile.gettempdir()))
    with tempfile.TemporaryDirectory(prefix="nadi-simulation-", dir=disk) as name:
        yield Workshop(folder=Path(name), templates=Templates(Path(name)))
