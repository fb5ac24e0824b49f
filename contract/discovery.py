"""What a search found, for a person to read, for the settings, and for `nadi` to match."""

from typing import Annotated, Literal

from pydantic import Field

from contract.identity import Kind
from contract.live import Shown

MAX_PAYLOADS = 4
Login = Literal["untried", "accepted", "refused", "unanswered"]


class Found(Shown):
    """One device that answered, in words.

    `driver` is empty if no driver here can be proposed; `asset` is what the settings already
    call it.
    """

    driver: str = ""
    kind: Annotated[Kind, Field(strict=False)] | None = None
    what: str
    asset: str = ""


class FoundDevice(Found):
    """On a serial line; `map` names a shipped register map, `base` is added to its addresses."""

    baud: int
    address: int | None = None
    map: str = ""
    base: int = 0


class FoundHost(Found):
    """On the network; `login` says what became of the one attempt that a host may see."""

    host: str
    port: int | None = None
    open_ports: list[int] = []
    maker: str = ""
    name: str = ""
    profile: str = ""
    onvif_port: int | None = None
    login: Login = "untried"


class UnknownPayload(Shown):
    """An uplink that no driver here reads: its port, its bytes in hexadecimal, and why."""

    port: int
    data: str
    why: str


class FoundSensor(Found):
    """On LoRaWAN; of `count` uplinks that could not be read the last payloads are here."""

    line: str
    dev_eui: str
    count: int
    payloads: Annotated[list[UnknownPayload], Field(max_length=MAX_PAYLOADS)] = []


class Written(Shown):
    """The lines added to a settings file, secrets starred out; none if all was there already."""

    file: str
    added: list[str]


class Report(Shown):
    """One search; nothing was written to any device, whoever looked."""

    version: Annotated[Literal[1], Field(alias="schema")] = 1
    looked: Literal["directly", "through the agent"] = "directly"
    trouble: list[str] = []
    written: Written | None = None


class AddressReport(Shown):
    """One address of a line that the running agent holds, or that it does not hold the line."""

    held: bool
    baud: int = 0
    found: list[FoundDevice] = []
    noise: str = ""


class LineReport(Report):
    """One serial line."""

    search: Literal["line"] = "line"
    port: str
    bauds: list[int]
    addresses: list[int]
    found: list[FoundDevice]


class NetworkReport(Report):
    """One network; `complete` is false if time ran out before every host was asked."""

    search: Literal["network"] = "network"
    network: str
    hosts: int
    complete: bool
    took_s: float
    found: list[FoundHost]


class LorawanReport(Report):
    """The uplinks that no driver here read, since the agent started or for as long as was heard."""

    search: Literal["lorawan"] = "lorawan"
    lines: list[str]
    found: list[FoundSensor]
