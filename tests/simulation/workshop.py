"""A folder on a memory disk, with the empty files that every schedule starts from."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
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


@contextmanager
def workshop() -> Iterator[tuple[Path, Templates]]:
    """A folder for schedules, with their templates."""
    disk = memory_disk(Path(tempfile.gettempdir()))
    with tempfile.TemporaryDirectory(prefix="nadi-simulation-", dir=disk) as name:
        yield Path(name), Templates(Path(name))
