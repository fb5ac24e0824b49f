"""What can go wrong on a gateway, split by what the caller does about it.

AgentError
├── DeviceError         this device gave no reading this time; the others go on
│   ├── DeviceSilent    no answer before the deadline
│   ├── FrameError      bytes that are not an answer; shows them
│   ├── Unpowered       what feeds the device says that it gives no power
│   └── DeviceRefused   the device answered that it will not; says its code in words
│       ├── ServiceClosed   the host is there, nothing listens on its port
│       └── LoginRefused    it does not take this user and password
├── LineGone            the port is missing or was unplugged; every device on it waits
│   └── LineBusy        another program holds the port
├── StoodStill          the agent stood still; nobody knows when it was told what it read
├── PartEnded           a part that lasts as long as the agent has ended; it starts anew
├── OutboxFailed        a round could not be sealed; it is kept and tried again
│   ├── OutboxFull      the card is full; old batches make room
│   ├── OutboxDamaged   the file is not an outbox; it is put aside and salvaged
│   └── OutboxNewer     the file was written by a newer program; stop
├── StickFailed         readings could not be copied to a stick; the gateway keeps them
│   ├── StickFull       no room is left on it
│   └── StickGone       it was pulled out, or is broken
└── LinkDown            the broker is gone or refuses; the reason in words
"""

from contract.errors import NadiError


class AgentError(NadiError):
    """An error of the gateway's own side."""


class DeviceError(AgentError):
    """A device gave no reading this time."""


class DeviceSilent(DeviceError):
    """No answer before the deadline."""


class FrameError(DeviceError):
    """Bytes that are not the answer to the question; the message shows them."""


class DeviceRefused(DeviceError):
    """The device answered that it will not."""


class ServiceClosed(DeviceRefused):
    """The host is there, and nothing listens on its port."""


class LoginRefused(DeviceRefused):
    """The device does not take this user and password."""


class Unpowered(DeviceError):
    """What feeds the device says that it gives no power."""


class LineGone(AgentError):
    """The port is missing, busy or was unplugged."""


class LineBusy(LineGone):
    """Another program holds the port."""


class StoodStill(AgentError):
    """The agent stood still while it read."""


class PartEnded(AgentError):
    """A part of the agent that lasts as long as it runs has ended by itself."""


class OutboxFailed(AgentError):
    """A commit to the outbox did not succeed."""


class OutboxFull(OutboxFailed):
    """The card is full."""


class OutboxDamaged(OutboxFailed):
    """The file is not an outbox, or parts of it cannot be read."""


class OutboxNewer(OutboxFailed):
    """The file was written by a newer program."""


class StickFailed(AgentError):
    """Readings could not be copied to a stick."""


class StickFull(StickFailed):
    """No room is left on the stick."""


class StickGone(StickFailed):
    """The stick was pulled out, or is broken."""


class LinkDown(AgentError):
    """The broker is gone or refuses."""
