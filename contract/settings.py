"""The gateway's settings: what `nadi-agent` runs and the technician's command writes."""

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from contract.devices import Device, NetworkPort, WholePath
from contract.document import Section, nearest
from contract.identity import CityField, GatewayField
from contract.limits import Site
from contract.lorawan_devices import LorawanSensor
from contract.network_devices import NetworkDevice
from contract.pin_devices import PinDevice
from contract.serial_devices import SPEAKING, ModbusMap, Pzem004t, SerialDevice
from contract.tls import Broker
from contract.wording import _

OWN_LINE = "gateway"  # the line on which a gateway reads itself

MAX_SOCKET_BYTES = 106  # the kernel takes 107, and while it is made its name begins with a dot


def _bindable(path: str) -> str:
    if (has := len(os.fsencode(path))) > MAX_SOCKET_BYTES:
        raise ValueError(
            _("a socket's path has {most} bytes at most, this one has {has}").format(
                most=MAX_SOCKET_BYTES, has=has
            )
        )
    return path


SocketPath = Annotated[str, AfterValidator(_bindable)]
Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]{1,32}$")]
Seconds = Annotated[float, Field(gt=0, le=86_400)]
Bytes = Annotated[int, Field(gt=0)]


class Gateway(Section):
    """Who this gateway is."""

    city: CityField
    id: GatewayField
    data_dir: str = "/var/lib/nadi"
    socket: SocketPath = "/run/nadi/agent.sock"
    seal_interval_s: Annotated[float, Field(ge=0.2, le=3600)] = 10.0
    clock: Literal["kernel", "trusted"] = "kernel"


class Health(Section):
    """What the gateway reads of itself: heat, power, card, memory, clock."""

    enabled: bool = True
    interval_s: Annotated[float, Field(ge=1, le=86_400)] = 60.0


class OutboxSettings(Section):
    """How much of the card the outbox may use."""

    budget_mb: Annotated[int, Field(ge=1, le=1_000_000)] = 512
    reserve_free_mb: Annotated[int, Field(ge=0, le=1_000_000)] = 64


class UplinkSettings(Section):
    """How fast and how far ahead of its receipts the gateway sends."""

    window_batches: Annotated[int, Field(ge=8, le=4_096)] = 256
    reserve_batches: Annotated[int, Field(ge=1, le=256)] = 32
    resend_after_s: Seconds = 20.0
    resend_max_s: Seconds = 300.0
    reconnect_min_s: Seconds = 0.5
    reconnect_max_s: Seconds = 60.0
    backlog_bytes_s: Bytes | None = None
    statement_interval_s: Seconds = 30.0


class SerialLine(Section):
    """One serial port and the devices on it, read one after the other."""

    name: Name
    port: str
    baud: Literal[1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200] = 9600
    read_interval_s: Annotated[float, Field(ge=0.2, le=86_400)] = 10.0
    device: Annotated[list[SerialDevice], Field(min_length=1, max_length=247)]

    @model_validator(mode="after")
    def _devices_can_share_the_line(self) -> Self:
        talkers = [device.driver for device in self.device if isinstance(device, SPEAKING)]
        if talkers and len(self.device) > 1:
            raise ValueError(
                _("an {driver} speaks by itself and must be alone on its line").format(
                    driver=talkers[0]
                )
            )
        maps = [device for device in self.device if isinstance(device, ModbusMap)]
        meters = [device.address for device in self.device if isinstance(device, Pzem004t)]
        _refuse_twice("address", [*meters, *{one.address for one in maps}])
        _refuse_twice("address", [f"{one.address} with base {one.base}" for one in maps])
        return self


class NetworkLine(Section):
    """Devices reached over one network, read side by side."""

    name: Name
    read_interval_s: Annotated[float, Field(ge=0.2, le=86_400)] = 10.0
    device: Annotated[list[NetworkDevice], Field(min_length=1, max_length=1_000)]


class LorawanSource(Section):
    """One application of the ChirpStack on this gateway, by its id there, and its broker."""

    name: Name
    application: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9-]{1,64}$")]
    host: str = "127.0.0.1"
    port: NetworkPort = 1883
    user: str = ""
    password: Annotated[str, Field(repr=False)] = ""


class LorawanLine(LorawanSource):
    """LoRaWAN sensors of one application."""

    read_interval_s: Annotated[float, Field(ge=0.2, le=86_400)] = 5.0
    device: Annotated[list[LorawanSensor], Field(min_length=1, max_length=1_000)]

    @model_validator(mode="after")
    def _sensors_are_used_once(self) -> Self:
        _refuse_twice("dev_eui", [device.dev_eui for device in self.device])
        return self


class PinsLine(Section):
    """Devices on the gateway's own pins; `factory` is chosen, never guessed.

    lgpio runs on every Pi, rpigpio on a Pi 4 and older. "simulated" are those of `nadi-sim`, at the
    socket `simulator`, for trying it out without pins.
    """

    name: Name
    factory: Literal["lgpio", "rpigpio", "simulated"] = "lgpio"
    simulator: WholePath | None = None
    read_interval_s: Annotated[float, Field(ge=0.2, le=86_400)] = 1.0
    device: Annotated[list[PinDevice], Field(min_length=1, max_length=14)]

    @model_validator(mode="after")
    def _pins_are_used_once(self) -> Self:
        _refuse_twice("pin", [pin for device in self.device for pin in device.pins()])
        return self

    @model_validator(mode="after")
    def _only_simulated_pins_have_a_simulator(self) -> Self:
        if self.factory == "simulated" and self.simulator is None:
            raise ValueError(
                _("simulated pins are nadi-sim's: write simulator = its socket, or factory = lgpio")
            )
        if self.factory != "simulated" and self.simulator is not None:
            raise ValueError(
                _(
                    "simulator is given, and {factory} reads real pins; leave one of them out"
                ).format(factory=self.factory)
            )
        return self


Line = SerialLine | NetworkLine | LorawanLine | PinsLine


class AgentSettings(Section):
    """One gateway, whole."""

    gateway: Gateway
    broker: Broker
    site: Site | None = None
    health: Health = Health()
    outbox: OutboxSettings = OutboxSettings()
    uplink: UplinkSettings = UplinkSettings()
    serial: Annotated[list[SerialLine], Field(max_length=64)] = []
    network: Annotated[list[NetworkLine], Field(max_length=64)] = []
    lorawan: Annotated[list[LorawanLine], Field(max_length=8)] = []
    pins: Annotated[list[PinsLine], Field(max_length=1)] = []

    @model_validator(mode="after")
    def _names_are_used_once(self) -> Self:
        _refuse_twice("line", [OWN_LINE, *self.line_names()])
        _refuse_twice("port", [line.port for line in self.serial])
        _refuse_twice("asset", [self.gateway.id, *(device.asset for device in self.devices())])
        return self

    @model_validator(mode="after")
    def _what_feeds_is_here(self) -> Self:
        assets = {device.asset for device in self.devices()}
        for device in self.devices():
            if device.fed_by is not None and device.fed_by not in assets:
                raise ValueError(
                    _("fed_by of {asset}: {source} is no device of this gateway; {nearest}").format(
                        asset=device.asset,
                        source=device.fed_by,
                        nearest=nearest(device.fed_by, sorted(assets - {device.asset})),
                    )
                )
        return self

    def line_names(self) -> list[str]:
        """Every line's name."""
        return [line.name for line in self.lines()]

    def judged_lines(self) -> list[str]:
        """Every line's name, and with its line's what each controller on it is called."""
        return judged_names(self.lines())

    def devices(self) -> Iterator[Device]:
        """Every device on every line."""
        return (device for line in self.lines() for device in line.device)

    def lines(self) -> list[Line]:
        """Every line."""
        return [*self.serial, *self.network, *self.lorawan, *self.pins]


def judged_names(lines: Sequence[Line]) -> list[str]:
    """The names by which lines, and controllers that answer for several, are told."""
    behind = {
        f"{line.name} {device.controller}"
        for line in lines
        for device in line.device
        if device.controller
    }
    return [*(line.name for line in lines), *sorted(behind)]


def _refuse_twice(what: str, items: Sequence[str | int]) -> None:
    twice = [item for item, count in Counter(items).items() if count > 1]
    if twice:
        raise ValueError(_("{what} {item} is used twice").format(what=what, item=twice[0]))
