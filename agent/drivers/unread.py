"""The last LoRaWAN uplinks that no driver here could read, bounded and counted."""

from collections import OrderedDict, deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from agent.drivers.chirpstack import Uplink

MAX_DEVICES, MAX_PAYLOADS = 32, 4
SHOWN_BYTES = 24
HINT = "nadi-agent discover --lorawan shows them"


@dataclass(frozen=True, slots=True, kw_only=True)
class UnreadUplink:
    """One uplink and why it could not be read."""

    uplink: "Uplink"
    why: str


@dataclass(slots=True, kw_only=True)
class UnreadDevice:
    """How many uplinks of one device could not be read, and the last of them.

    `current` until one is read again.
    """

    dev_eui: str
    known: bool
    current: bool = True
    count: int = 0
    last: deque[UnreadUplink] = field(default_factory=lambda: deque(maxlen=MAX_PAYLOADS))


class Unread:
    """Of each device the last four; of more than 32 devices those heard last."""

    def __init__(self) -> None:
        self._devices: OrderedDict[str, UnreadDevice] = OrderedDict()

    def note(self, uplink: "Uplink", *, why: str, known: bool) -> bool:
        """Keep it; true if it is the device's first here."""
        is_first = uplink.dev_eui not in self._devices
        device = self._devices.pop(uplink.dev_eui, None)
        device = device or UnreadDevice(dev_eui=uplink.dev_eui, known=known)
        device.current = True
        device.count += 1
        device.last.append(UnreadUplink(uplink=uplink, why=why))
        self._devices[uplink.dev_eui] = device
        while len(self._devices) > MAX_DEVICES:
            self._devices.popitem(last=False)
        return is_first

    def read_again(self, dev_eui: str) -> None:
        """Its newest uplink was understood; what was not stays here to be looked at."""
        if device := self._devices.get(dev_eui):
            device.current = False

    def devices(self) -> list[UnreadDevice]:
        """Each device of which something could not be read, the one heard last at the end."""
        return list(self._devices.values())

    def faults(self, names: Mapping[str, str]) -> Iterator[str]:
        """A sentence for all strangers, and one for each of `names` that is not understood now."""
        strangers = [device.dev_eui for device in self._devices.values() if not device.known]
        if strangers:
            shown = ", ".join(strangers[:-4:-1]) + (", …" if len(strangers) > 3 else "")
            yield f"LoRaWAN devices that no setting names ({len(strangers)}): {shown}; {HINT}"
        for device in self._devices.values():
            if device.known and device.current:
                yield f"{names.get(device.dev_eui, device.dev_eui)}: {_unknown(device)}"


def _unknown(device: UnreadDevice) -> str:
    last = device.last[-1].uplink
    shown = last.data[:SHOWN_BYTES].hex(" ") or "empty"
    return f"unknown payloads ({device.count}), the last on port {last.port}: {shown}"
