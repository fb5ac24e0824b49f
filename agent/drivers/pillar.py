"""A feeder pillar's contactor, photocell and door on the gateway's pins; it only looks."""

from typing import Any

from agent.drivers.driver import Driver, Observation
from agent.drivers.pin_bank import PinBank
from agent.drivers.place import PinPlace
from contract.pin_devices import Pillar


class PillarDriver:
    """One pillar; a door that was opened and closed between two reads was open."""

    def __init__(self, settings: Pillar, bank: PinBank) -> None:
        self._settings = settings
        self._bank = bank
        self._contacts: dict[str, Any] = {}
        self._was_active: set[str] = set()

    async def read(self) -> tuple[Observation, ...]:
        """1 or 0 for each contact that is wired; raises LineGone."""
        if not self._contacts:
            self._open()
        return tuple(
            Observation(quantity=name, value=float(self._is_active(name)))
            for name in self._contacts
        )

    def _open(self) -> None:
        bounce_s = self._settings.bounce_s
        for name, contact in self._settings.contacts().items():
            device = self._bank.contact(contact, bounce_s=bounce_s)
            self._contacts[name] = device
            if name == "door_open":
                # gpiozero calls this in a thread of its own; adding to a set is one step.
                device.when_activated = lambda: self._was_active.add("door_open")

    def _is_active(self, name: str) -> bool:
        was_active = name in self._was_active
        self._was_active.discard(name)
        return bool(self._contacts[name].is_active) or was_active


def build(settings: Pillar, place: PinPlace) -> Driver:
    """The driver of one pillar."""
    return PillarDriver(settings, place.bank)
