"""What a setting means, which values it may have, and what every simulated device can be told."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from firmware_sim.errors import SettingsError

ASSET = re.compile(r"[A-Za-z0-9._-]{1,64}\Z")
SILENT = {"silent": "it answers nothing, as if unplugged"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """What a setting means and which values it may have.

    `table` names TOML tables below this one; each becomes one of `of`, by its `type` if `of` has
    several.
    """

    says: str
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()
    table: str = ""
    of: Mapping[str, type[Any]] = field(default_factory=dict)


def key(
    says: str,
    low: float | None = None,
    high: float | None = None,
    choices: tuple[str, ...] = (),
) -> dict[str, Key]:
    """The metadata of a plain setting."""
    return {"key": Key(says=says, low=low, high=high, choices=choices)}


def tables(name: str, *kinds: type[Any], within: str = "") -> dict[str, Key]:
    """The metadata of a setting that is a list of TOML tables, each one of `kinds`."""
    of = {kind.DEVICE: kind for kind in kinds}
    return {"key": Key(says=f"[[{within}{name}]] tables", table=name, of=of)}


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultSettings:
    """How often a device's answers go wrong, at most one way each, and what is broken by name."""

    lose: float = field(default=0.0, metadata=key("chance that no byte leaves", 0, 1))
    flip: float = field(default=0.0, metadata=key("chance that one bit is turned over", 0, 1))
    stray: float = field(default=0.0, metadata=key("chance of a stray byte before it", 0, 1))
    half: float = field(default=0.0, metadata=key("chance that only its first half leaves", 0, 1))
    late: float = field(default=0.0, metadata=key("chance that it leaves late_ms later", 0, 1))
    late_ms: int = field(default=600, metadata=key("how late a late answer is", 1, 60_000))
    named: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if (total := self.lose + self.flip + self.stray + self.half + self.late) > 1:
            raise SettingsError(
                f"faults add up to {total:g}, more than every answer",
                hint="make lose + flip + stray + half + late at most 1",
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceSettings:
    """What every device has: whom it speaks for, and what goes wrong with it."""

    DEVICE: ClassVar[str]
    FAULTS: ClassVar[dict[str, str]] = SILENT

    asset: str = field(metadata=key("the city's inventory number of what it serves"))
    faults: FaultSettings = field(default=FaultSettings(), metadata=key("see Faults below"))

    def __post_init__(self) -> None:
        check_asset(self.asset)
        for name in self.faults.named:
            if name not in self.FAULTS:
                raise SettingsError(
                    f"{self.asset}: a {self.DEVICE} has no fault called {name!r}",
                    hint=f"its faults are {', '.join(self.FAULTS)}",
                )

    def muted_by(self) -> tuple[str, ...]:
        """Which of its faults leave it without a word."""
        return ("silent",)

    def agent_devices(self) -> Iterable[Mapping[str, object]]:
        """How an agent's settings read it; a `map` is a file of configs/modbus."""
        return ()

    def refuse_late(self) -> None:
        """For what sends unasked; raises SettingsError."""
        if self.faults.late:
            raise SettingsError(
                f"{self.asset}: it sends unasked, so it cannot be late",
                hint="take `late` out of its faults, or use `lose`",
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class SocketSettings(DeviceSettings):
    """A device at a network address of its own, which a switch may power."""

    FAULTS: ClassVar[dict[str, str]] = SILENT | {
        "unpowered": "the switch's port gives it no power: it is not there"
    }

    host: str = field(default="127.0.0.1", metadata=key("address to listen on"))
    port: int = field(default=0, metadata=key("port, 0 = any free one", 0, 65_535))

    def muted_by(self) -> tuple[str, ...]:
        """Without power it says nothing either."""
        return ("silent", "unpowered")


def check_asset(asset: str) -> None:
    """Raises SettingsError unless it is an inventory number."""
    if not ASSET.match(asset):
        raise SettingsError(
            f"asset {asset!r} is not an inventory number",
            hint="use 1 to 64 letters, digits, dots, underscores or hyphens, like PJU-0001",
        )


def check_once(values: Iterable[str | int], what: str) -> None:
    """Raises SettingsError if one is there twice."""
    for value, times in Counter(values).items():
        if times > 1:
            raise SettingsError(f"{what} {value} is used {times} times", hint="use each one once")
