"""Devices on the gateway's own pins, as the settings describe them; numbers are BCM's."""

from collections.abc import Iterator
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from contract.devices import AssetKind, Device
from contract.document import Section
from contract.identity import Kind
from contract.wording import _

Pin = Annotated[int, Field(ge=0, le=27)]


class Contact(Section):
    """A dry contact; `active = "low"` pulls the pin up and counts a contact to ground as 1."""

    pin: Pin
    active: Literal["low", "high"] = "low"


class Pillar(Device):
    """A feeder pillar's contacts; the agent reads them and never switches anything.

    `contactor_command` is the coil's supply, `contactor_closed` the auxiliary contact.
    """

    driver: Literal["pillar"] = "pillar"
    kind: AssetKind = Kind.CABINET
    contactor_command: Contact | None = None
    contactor_closed: Contact | None = None
    photocell_dark: Contact | None = None
    door_open: Contact | None = None
    bounce_s: Annotated[float, Field(ge=0, le=1)] = 0.05

    @model_validator(mode="after")
    def _has_a_contact(self) -> Self:
        if not self.contacts():
            example = "door_open = { pin = 22 }"
            raise ValueError(
                _("a pillar needs at least one contact, like {example}").format(example=example)
            )
        return self

    def contacts(self) -> dict[str, Contact]:
        """What is wired, by the quantity it becomes."""
        named = {
            "contactor_command": self.contactor_command,
            "contactor_closed": self.contactor_closed,
            "photocell_dark": self.photocell_dark,
            "door_open": self.door_open,
        }
        return {name: contact for name, contact in named.items() if contact is not None}

    def pins(self) -> Iterator[int]:
        """Every pin it uses."""
        return (contact.pin for contact in self.contacts().values())


class Echo(Device):
    """An HC-SR04 or JSN-SR04T that the gateway itself times; its echo is 5 V and needs a divider.

    A busy Pi misreads it by centimetres: prefer a sensor on a serial line. Nearer than `min_mm` and
    farther than `max_mm` it sees nothing.
    """

    driver: Literal["echo"] = "echo"
    kind: AssetKind = Kind.WASTE_BIN
    echo_pin: Pin
    trigger_pin: Pin
    min_mm: Annotated[int, Field(ge=0, le=1_000)] = 20
    max_mm: Annotated[int, Field(ge=100, le=10_000)] = 4_000
    samples: Annotated[int, Field(ge=1, le=30)] = 9

    def pins(self) -> Iterator[int]:
        """Every pin it uses."""
        return iter((self.echo_pin, self.trigger_pin))


PinDevice = Annotated[Pillar | Echo, Field(discriminator="driver")]
