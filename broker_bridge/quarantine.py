"""`nadi-bridge quarantine`: what could not be taken is looked at, tried again, or let go."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from broker_bridge.config import BridgeSettings
from broker_bridge.errors import QuarantineRefused
from broker_bridge.inbound import Arrived, Poison, read
from broker_bridge.ingest import Ingest
from broker_bridge.language import _, mark, moment, number
from broker_bridge.opening import CityStore, opened_store
from broker_bridge.stores.aside import Aside, AsideMessage, AsideTally
from contract.topics import Topics

MAX_LISTED = 10_000
MAX_SHOWN = 50
MAX_BODY_SHOWN = 256
_A_LINE = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which messages: these numbers, or all of one gateway, or all."""

    numbers: Sequence[int] = ()
    gateway: str | None = None
    all: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """How one message fared this time."""

    number: int
    result: Literal["stored", "known", "refused", "gone"]
    readings: int = 0
    reason: str = ""


def print_list(settings: BridgeSettings, *, gateway: str | None, as_json: bool) -> None:
    """The newest messages, and how much is there of each gateway; raises StoreGone."""
    with opened_store(settings.store) as store:
        found = store.aside(gateway=gateway, at_most=MAX_LISTED if as_json else MAX_SHOWN)
        tallies = [one for one in store.aside_tallies() if gateway in (None, one.gateway)]
    if as_json:
        said = {"messages": [*map(asdict, found)], "gateways": [*map(asdict, tallies)]}
        print(json.dumps({"schema": 1, **said}))
    else:
        _print_messages(found)
        _print_tallies(tallies, shown=len(found))


def print_one(
    settings: BridgeSettings, aside: int, *, body_file: Path | None, as_json: bool
) -> None:
    """All that arrived; raises QuarantineRefused if it is not there, or the file is already."""
    with opened_store(settings.store) as store:
        message = _there(store, aside)
    if body_file:
        _write_new(body_file, message.body)
    if as_json:
        fields = {"header": message.header, "body": message.body.hex()}
        print(json.dumps({"schema": 1, **asdict(message.aside), **fields}))
    else:
        _print_message(message)


def retry(settings: BridgeSettings, wanted: Wanted, *, as_json: bool) -> bool:
    """Through the same ingest again, the oldest first; whether all were taken. Raises StoreGone."""
    topics = Topics(settings.city)
    tried = []
    with opened_store(settings.store) as store:
        ingest = Ingest(store, topics)
        for number in _numbers(store, wanted):
            tried.append(_try_again(store, ingest, topics, number))
            if not as_json:
                print(_in_words(tried[-1]))
    if as_json:
        print(json.dumps({"schema": 1, "messages": [*map(asdict, tried)]}))
    elif not tried:
        print(_("nothing is in quarantine"))
    return all(one.result in ("stored", "known") for one in tried)


def discard(settings: BridgeSettings, wanted: Wanted, *, count: int | None, as_json: bool) -> None:
    """For good, counted; more than what is named needs their exact `count`. Raises StoreGone."""
    with opened_store(settings.store) as store:
        numbers = _numbers(store, wanted)
        if not wanted.numbers and count != len(numbers):
            raise QuarantineRefused(
                mark("{count} messages would be lost for good"),
                hint=mark("look at them first; then say so with --count {typed}"),
                count=len(numbers),
                typed=str(len(numbers)),
            )
        gone = [number for number in numbers if store.let_go(number, lost=True)]
    if as_json:
        print(json.dumps({"schema": 1, "discarded": gone}))
    else:
        said = _("{count} of {all} messages discarded")
        print(said.format(count=number(len(gone)), all=number(len(numbers))))


def _numbers(store: CityStore, wanted: Wanted) -> list[int]:
    if wanted.numbers:
        return list(wanted.numbers)
    if not wanted.all and wanted.gateway is None:
        raise QuarantineRefused(
            mark("nothing says which messages"),
            hint=mark("give their numbers, --gateway ID or --all"),
        )
    found = store.aside(gateway=wanted.gateway, at_most=MAX_LISTED)
    return sorted(one.number for one in found)


def _try_again(store: CityStore, ingest: Ingest, topics: Topics, number: int) -> Tried:
    """What is refused before it reaches the store stays as it lies there."""
    message = store.aside_message(number)
    if message is None:
        return Tried(number=number, result="gone", reason=_("it is not in quarantine"))
    arrived = Arrived(topic=message.aside.topic, header=message.header, payload=message.body)
    item = read(arrived, topics)
    if item is None or isinstance(item, Poison):
        reason = item.reason if item else _("its topic is not one of this city's gateways")
        return Tried(number=number, result="refused", reason=reason)
    outcome = ingest.take([arrived])
    store.let_go(number, lost=False)
    if outcome.refusals:  # it lies there anew, with the reason of today
        return Tried(number=number, result="refused", reason=outcome.refusals[0].reason)
    return Tried(
        number=number, result="known" if outcome.duplicates else "stored", readings=outcome.readings
    )


def _there(store: CityStore, number: int) -> AsideMessage:
    message = store.aside_message(number)
    if message is None:
        raise QuarantineRefused(
            mark("message {number} is not in quarantine"),
            hint=mark("see nadi-bridge quarantine list"),
            number=str(number),
        )
    return message


def _write_new(path: Path, body: bytes) -> None:
    try:
        with path.open("xb") as file:
            file.write(body)
    except OSError as error:
        raise QuarantineRefused(
            mark("{path}: {why}"),
            hint=mark("name a new file in a folder you may write to"),
            path=path,
            why=error.strerror,
        ) from error


def _print_messages(found: Sequence[Aside]) -> None:
    if found:
        heads = (_("number"), _("received"), _("gateway"), _("bytes"), _("reason"))
        print(_listed(*heads))
    for one in found:
        size = number(one.bytes)
        print(_listed(str(one.number), moment(one.received_ms), _who(one), size, one.reason))


def _listed(aside: str, received: str, gateway: str, size: str, reason: str) -> str:
    return f"{aside:>8}  {received:23}  {gateway:16}  {size:>9}  {printable(reason)}"


def _who(one: Aside | AsideTally) -> str:
    return printable(one.gateway) or _("nobody known")


def _print_tallies(tallies: Sequence[AsideTally], *, shown: int) -> None:
    there = sum(one.items for one in tallies)
    if there > shown:
        more = _("… the newest {count} of {all}; --json shows more")
        print(more.format(count=number(shown), all=number(there)))
    for one in tallies:
        if one.items or one.dropped:
            said = _("{gateway}: {count} there ({bytes} bytes), {gone} gone for good")
            there_of = {"count": number(one.items), "bytes": number(one.bytes)}
            print(said.format(gateway=_who(one), gone=number(one.dropped), **there_of))
    if not there:
        print("✓ " + _("nothing is in quarantine"))


def _print_message(message: AsideMessage) -> None:
    one = message.aside
    _field(_("number"), str(one.number))
    _field(_("received"), moment(one.received_ms))
    _field(_("gateway"), _who(one))
    _field(_("topic"), printable(one.topic))
    _field(_("reason"), printable(one.reason))
    for name, value in message.header:
        _field(_("header"), f"{printable(name)} = {printable(value)}")
    _field(_("body"), _("{count} bytes").format(count=number(len(message.body))))
    for line in _dump(message.body[:MAX_BODY_SHOWN]):
        print(f"  {line}")
    if len(message.body) > MAX_BODY_SHOWN:
        print("  " + _("… --body FILE writes all of it"))


def _field(name: str, value: str) -> None:
    print(f"{name:9} {value}")


def _dump(body: bytes) -> Iterator[str]:
    for at in range(0, len(body), _A_LINE):
        part = body[at : at + _A_LINE]
        text = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in part)
        yield f"{at:06x}  {part.hex(' '):47}  {text}"


def printable(text: str) -> str:
    """What a stranger wrote, without what would move a terminal."""
    return "".join(one if one.isprintable() else "\N{REPLACEMENT CHARACTER}" for one in text)


def _in_words(tried: Tried) -> str:
    if tried.result == "stored":
        said = _("✓ {number}: stored, {count} readings")
        return said.format(number=tried.number, count=number(tried.readings))
    if tried.result == "known":
        return _("✓ {number}: was in the store already").format(number=tried.number)
    if tried.result == "gone":
        return _("✗ {number}: it is not in quarantine").format(number=tried.number)
    refused = _("✗ {number}: still refused: {reason}")
    return refused.format(number=tried.number, reason=printable(tried.reason))
