"""A device that sends its clients elsewhere is told so to a person, and is not followed."""

from urllib.parse import urlsplit

from agent.errors import DeviceRefused


def elsewhere(status: int, location: str) -> DeviceRefused:
    """The error to raise; of the location only its host, for it may hold somebody's password."""
    return DeviceRefused(
        f"it sends its clients elsewhere ({status}, to {_host_of(location)})",
        hint="set host, port and path to the new address",
    )


def _host_of(location: str) -> str:
    try:
        return repr(urlsplit(location).hostname or "nowhere")[:80]
    except ValueError:
        return "nowhere"
