"""What can be wrong with a simulated district, each with what to do about it.

SimError
├── SettingsError   the district file says something that cannot be
├── PortError       a line, camera or access point cannot be put where it was asked for
└── ControlError    a line on standard input is no command
"""


class SimError(Exception):
    """A sentence for a person, with an action in `hint`."""

    def __init__(self, message: str, *, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


class SettingsError(SimError):
    """The district file, or settings made in code, cannot be obeyed as they are."""


class PortError(SimError):
    """A symlink, TCP port or UDP port is taken or forbidden."""


class ControlError(SimError):
    """A control line is not understood; nothing was changed."""
