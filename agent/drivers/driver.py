"""What every driver offers the sampler: one reading of one device, or a reason in words."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """One value of one quantity (`contract.quantities`) in its UCUM unit.

    `suspect` if the device itself casts doubt on it; the quantity's range is judged elsewhere.
    `at_ms` is when it was told, on the boot clock; None if that is now.
    """

    quantity: str
    value: float
    suspect: bool = False
    at_ms: int | None = None


class Driver(Protocol):
    """One device on one line."""

    async def read(self) -> tuple[Observation, ...]:
        """Ask once and return the answer in bounded time; raises DeviceError or LineGone.

        Of a device that speaks rarely and by itself: what it said since the last call, or nothing.
        """
        ...
