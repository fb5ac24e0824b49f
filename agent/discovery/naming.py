"""Each new device gets the city's inventory number: given, asked for, or a name that says NEW."""

import re
from collections.abc import Callable, Mapping

from agent.discovery.proposing import Named, where
from agent.language import _
from contract.discovery import Found
from contract.document import nearest
from contract.errors import SettingsError
from contract.identity import ID_PATTERN, Kind

NOT_YET = "replace it by the city's inventory number"
KINDS = [kind.value for kind in Kind if kind is not Kind.GATEWAY]


class Namer:
    """Names by what a person said beforehand, then by asking, then by where a device is."""

    def __init__(
        self,
        given: Mapping[str, str],
        *,
        ask: Callable[[str], str] | None,
        only_given: bool = False,
    ) -> None:
        self._given = dict(given)
        self._ask = ask
        self._only_given = only_given
        self._used: set[str] = set()

    def __call__(self, found: Found, prefix: str) -> Named | None:
        """The name of one device, or None to leave it out."""
        place, kind = where(found), found.kind or Kind.STREETLIGHT
        if place in self._given:
            self._used.add(place)
            said, slash, asset = self._given[place].rpartition("/")
            return Named(asset=asset, kind=Kind(said) if slash else kind)
        if self._only_given:
            return None
        if self._ask is None:
            return Named(asset=placeholder(prefix, place), kind=kind, remark=NOT_YET)
        asset = self._asked(f"{place}: {found.what}\n  inventory number (Enter leaves it out): ")
        return Named(asset=asset, kind=self._kind(kind)) if asset else None

    def unused(self) -> list[str]:
        """Places that were named and at which nothing new was found."""
        return [place for place in self._given if place not in self._used]

    def _asked(self, words: str) -> str:
        assert self._ask is not None
        while (said := self._ask(words).strip()) and not re.fullmatch(ID_PATTERN, said):
            words = "  at most 64 of A-Z a-z 0-9 . _ -, please: "
        return said

    def _kind(self, kind: Kind) -> Kind:
        assert self._ask is not None
        while said := self._ask(f"  kind (Enter: {kind}): ").strip():
            if said in KINDS:
                return Kind(said)
        return kind


def placeholder(prefix: str, place: str) -> str:
    """An inventory number that says that it is none yet."""
    name = "-".join(part for part in ("NEW", prefix, place) if part)
    return re.sub(r"[^A-Za-z0-9._-]", "-", name)[:64]


def given_names(pairs: list[str]) -> dict[str, str]:
    """WHERE=NUMBER or WHERE=KIND/NUMBER, each; raises SettingsError."""
    names = {}
    for pair in pairs:
        place, sign, named = pair.rpartition("=")
        kind, slash, asset = named.rpartition("/")
        if slash and kind not in KINDS:
            raise SettingsError(
                _("--asset {pair}: no such kind").format(pair=pair), hint=nearest(kind, KINDS)
            )
        if not sign or not place or not re.fullmatch(ID_PATTERN, asset):
            raise SettingsError(
                _("--asset {pair} is no WHERE=NUMBER").format(pair=pair),
                hint=_("for example --asset 3=PJU-0003, or --asset 10.20.0.5=CAM-0005"),
            )
        names[place] = named
    return names


def refuse_unused(unused: list[str], found: list[Found]) -> None:
    """Raises SettingsError if a name was given for what was not found: a typing error, mostly."""
    if unused:
        raise SettingsError(
            _("--asset {place}=…: nothing new was found there; nothing was written").format(
                place=unused[0]
            ),
            hint=nearest(unused[0], [where(one) for one in found if not one.asset]),
        )
