"""What a gateway knows of an asset only because it has watched it; it survives a restart."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Learned:
    """A bin's last filling level, 0 to 1; the watts of a feeder's last healthy nights."""

    level: float | None = None
    nights: tuple[float, ...] = ()
