"""What an import, a move or a retirement changes in the inventory, known before it is done."""

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from contract.identity import Kind
from provisioning.errors import Trouble
from provisioning.inventory.book import Because, Book, Entry
from provisioning.names import checked


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One entry as it is, nothing if it is new, and as it is to be."""

    before: Entry | None
    after: Entry


def imported(entries: Iterable[Entry], there: Mapping[str, Entry]) -> list[Change]:
    """What the entries change; a gateway that only an asset names is put up with it."""
    wanted = {entry.id: entry for entry in entries}
    named = [entry.gateway for entry in wanted.values() if entry.gateway is not None]
    for gateway in named:
        if gateway not in wanted and gateway not in there:
            wanted[gateway] = Entry(id=gateway, kind=Kind.GATEWAY)
    changes = [
        Change(before=there.get(entry.id), after=entry)
        for entry in wanted.values()
        if there.get(entry.id) != entry
    ]
    return sorted(changes, key=lambda change: (not change.after.is_gateway, change.after.id))


def moved(there: Mapping[str, Entry], asset: str, gateway: str) -> Change | None:
    """The asset read by another gateway; None if that one reads it already."""
    entry, target = living(there, asset, gateway=False), living(there, gateway, gateway=True)
    if entry.gateway == target.id:
        return None
    return Change(before=entry, after=replace(entry, gateway=target.id))


def retired(there: Mapping[str, Entry], name: str) -> Change | None:
    """The asset, or the gateway that no asset names any more, gone for good; None if it is."""
    entry = found(there, name)
    if entry.retired:
        return None
    read = [one.id for one in there.values() if one.gateway == name and not one.retired]
    if read:
        raise Trouble("E-FLEET-10", name=name, count=len(read), first=read[0])
    return Change(before=entry, after=replace(entry, retired=True))


def living(there: Mapping[str, Entry], name: str, *, gateway: bool) -> Entry:
    """An asset or a gateway that is in use; raises Trouble for any other name."""
    entry = found({key: one for key, one in there.items() if one.is_gateway is gateway}, name)
    if entry.retired:
        raise Trouble("E-FLEET-09", name=name)
    return entry


def found(there: Mapping[str, Entry], name: str) -> Entry:
    """The entry of that name; raises Trouble with the nearest one."""
    if name not in there:
        checked(name)
        nearest = difflib.get_close_matches(name, there, n=1, cutoff=0.0)
        raise Trouble("E-FLEET-05", name=name, nearest=nearest[0] if nearest else "-")
    return there[name]


def apply(book: Book, changes: Iterable[Change], because: Because) -> None:
    """Writes them, each with its reason."""
    for change in changes:
        book.put(change.after, before=change.before, because=because)
