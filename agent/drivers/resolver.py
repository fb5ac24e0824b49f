"""A host's name becomes an address; a dead name server keeps nobody waiting but its askers."""

import asyncio
import ipaddress
import socket
from concurrent.futures import ThreadPoolExecutor

from agent.errors import DeviceSilent

MAX_THREADS = 4


class Resolver:
    """Names are looked up in threads of its own: the event loop's open the serial ports."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(MAX_THREADS, thread_name_prefix="resolver")

    async def find(self, host: str) -> str:
        """The address of `host`, which may be one already; raises DeviceSilent."""
        if is_address(host):
            return host
        loop = asyncio.get_running_loop()
        try:
            found = await loop.run_in_executor(self._threads, socket.getaddrinfo, host, None)
        except (OSError, UnicodeError) as error:
            raise DeviceSilent(
                f"the name {host[:80]} is not known", hint="set host to its address"
            ) from error
        return str(found[0][4][0])


def is_address(host: str) -> bool:
    """Whether `host` needs no looking up."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
