"""A name is checked wherever it enters, before it stands in a certificate, a topic or a path."""

import re
from ipaddress import ip_address

from provisioning.errors import Trouble

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
HOST = re.compile(
    r"(?=.{1,253}\Z)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*"
)


def checked(name: str) -> str:
    """The name, as contract/identity allows it and beginning with a letter or digit."""
    if not NAME.fullmatch(name):
        raise Trouble("E-USAGE-08", name=name)
    return name


def checked_host(host: str) -> str:
    """A DNS name in lower case without wildcards, or an address."""
    try:
        return str(ip_address(host))
    except ValueError:
        if HOST.fullmatch(host):
            return host
        raise Trouble("E-USAGE-10", host=host) from None


def checked_listener(text: str) -> str:
    """A port, or a port and the address to bind, as mosquitto.conf has it."""
    port, _, address = text.partition(" ")
    if not (port.isascii() and port.isdigit() and 0 < int(port) < 65536):
        raise Trouble("E-USAGE-04", option="--listen", command="nadi authority init")
    return f"{port} {checked_host(address)}" if address else port


def checked_log(text: str) -> str:
    """One destination of mosquitto.conf's log_dest."""
    if not re.fullmatch(r"syslog|stderr|stdout|none|file /[A-Za-z0-9/._-]+", text):
        raise Trouble("E-USAGE-04", option="--log", command="nadi authority init")
    return text


def same_ignoring_case(name: str, others: tuple[str, ...]) -> str | None:
    """One of `others` that a TLS library takes for `name`: it compares names without case."""
    return next((one for one in others if one.casefold() == name.casefold()), None)
