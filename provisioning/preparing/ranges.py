"""`bb-0001..bb-0050`: the names of many gateways in a few letters."""

import re
from collections.abc import Iterable, Iterator

from provisioning import names
from provisioning.errors import Trouble

MAX_NAMES = 1_000
_END = re.compile(r"(?P<stem>.*?)(?P<digits>\d{1,9})")


def expanded(words: Iterable[str]) -> tuple[str, ...]:
    """Every name once, in the order given; a word may hold several, split by commas."""
    found: dict[str, None] = {}
    for word in words:
        for part in re.split(r", *", word.removesuffix(",")):
            for name in _names(part):
                found[names.checked(name)] = None
                if len(found) > MAX_NAMES:
                    raise Trouble("E-PREPARE-02", limit=MAX_NAMES)
    return tuple(found)


def _names(part: str) -> Iterator[str]:
    first, dots, last = part.partition("..")
    if not dots:
        yield part
        return
    begin, end = _END.fullmatch(first), _END.fullmatch(last)
    if not begin or not end or begin["stem"] != end["stem"]:
        raise Trouble("E-PREPARE-01", text=part)
    low, high = int(begin["digits"]), int(end["digits"])
    if low > high or len(begin["digits"]) != len(end["digits"]):
        raise Trouble("E-PREPARE-01", text=part)
    for number in range(low, high + 1):
        yield f"{begin['stem']}{number:0{len(begin['digits'])}}"
