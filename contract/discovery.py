"""What was found on a line, for a person to paste into the settings and for `nadi` to match."""

from typing import Annotated

from pydantic import Field

from contract.identity import Kind
from contract.live import Shown


class FoundDevice(Shown):
    """One device that answered.

    `driver` is empty if it is a Modbus device of no known type; `map` names a shipped register map.
    """

    baud: int
    address: int | None = None
    driver: str = ""
    map: str = ""
    kind: Annotated[Kind, Field(strict=False)] | None = None
    what: str


class LineReport(Shown):
    """One serial line, after it was looked at; nothing was written to any device."""

    port: str
    bauds: list[int]
    first_address: int
    last_address: int
    found: list[FoundDevice]
