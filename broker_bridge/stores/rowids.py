"""Row ids by name, remembered only once the transaction that gave them is committed."""

from collections.abc import Iterable, Mapping
from typing import Generic, TypeVar

_Name = TypeVar("_Name")


class RowIds(Generic[_Name]):
    """A cache whose entries of an unfinished transaction can be taken back."""

    def __init__(self) -> None:
        self._committed: dict[_Name, int] = {}
        self._fresh: dict[_Name, int] = {}

    def unknown(self, names: Iterable[_Name]) -> list[_Name]:
        """Those of `names` that have no id here."""
        return [n for n in names if n not in self._committed and n not in self._fresh]

    def learn(self, ids: Mapping[_Name, int]) -> None:
        """Ids that hold if this transaction commits."""
        self._fresh.update(ids)

    def __getitem__(self, name: _Name) -> int:
        known = self._committed.get(name)
        return self._fresh[name] if known is None else known

    def commit(self) -> None:
        """Keep what this transaction gave."""
        self._committed.update(self._fresh)
        self._fresh.clear()

    def roll_back(self) -> None:
        """Forget what this transaction gave."""
        self._fresh.clear()

    def clear(self) -> None:
        """Forget everything: the database may be another one now."""
        self._committed.clear()
        self._fresh.clear()
