"""The public Wi-Fi's names by a real dnsmasq and its pages by Python's own web server."""

import asyncio
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from random import Random

import pytest

from agent.clock import KernelClock
from agent.drivers.hotspot import HotspotProbe
from contract.network_devices import Hotspot
from scripts.district.ports import free_port
from scripts.district.process import Program
from tests.agent.drivers.placing import network_place

PATIENCE_S = 20.0
CONFIGURATION = """\
port={port}
listen-address=127.0.0.1
bind-interfaces
no-resolv
no-hosts
pid-file
address=/cek.contoh/127.0.0.1
cname=alias.contoh,cek.contoh
host-record=cek.contoh,127.0.0.1
local=/contoh/
"""

pytestmark = pytest.mark.system


class Page(BaseHTTPRequestHandler):
    """204 at /204, a login elsewhere."""

    def do_GET(self) -> None:
        known = self.path.startswith("/204?")
        self.send_response(204 if known else 302)
        if not known:
            self.send_header("Location", "/login")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Nothing."""


@contextmanager
def web() -> Iterator[int]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    serving = threading.Thread(target=server.serve_forever)
    serving.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        serving.join()
        server.server_close()


@pytest.fixture
def names(tmp_path: Path) -> Iterator[int]:
    found = shutil.which("dnsmasq") or shutil.which("dnsmasq", path="/usr/sbin:/usr/local/sbin")
    assert found, "dnsmasq is missing; run scripts/install"
    port = free_port(Random())
    settings = tmp_path / "dnsmasq.conf"
    settings.write_text(CONFIGURATION.format(port=port))
    command = [found, "-C", str(settings), "--keep-in-foreground", "--user="]
    program = Program("dnsmasq", command, folder=tmp_path)
    program.start()
    yield port
    program.stop()


async def met(names: int, web_port: int, **changed: str) -> dict[str, float]:
    """What the probe finds, asked again until the name server has started."""
    place = network_place(KernelClock(trusted=True))
    settings = {
        "source": "127.0.0.1", "resolvers": ["127.0.0.1"], "dns_port": names,
        "page": f"http://cek.contoh:{web_port}/204", "timeout_ms": 5_000,
    }  # fmt: skip
    async with asyncio.timeout(PATIENCE_S):
        while True:
            probe = HotspotProbe(Hotspot.model_validate(settings | changed), place)
            seen = {one.quantity: one.value for one in await probe.read()}
            if seen["dns_ok"] or "name" in changed:
                return seen


@pytest.mark.parametrize("name", ["cek.contoh", "alias.contoh"])
async def test_a_real_name_and_page_are_internet(names: int, name: str) -> None:
    with web() as page:
        seen = await met(names, page, page=f"http://{name}:{page}/204")
    assert (seen["dns_ok"], seen["internet_ok"], seen["captive_portal"]) == (1, 1, 0)


async def test_a_real_redirect_is_a_portal(names: int) -> None:
    with web() as page:
        seen = await met(names, page, page=f"http://cek.contoh:{page}/generate")
    assert (seen["internet_ok"], seen["captive_portal"]) == (0, 1)


async def test_a_name_that_a_real_server_does_not_have_is_no_internet(names: int) -> None:
    with web() as page:
        assert (await met(names, page))["dns_ok"] == 1  # it has started
        seen = await met(names, page, name="tidak-ada.contoh")
    assert (seen["dns_ok"], seen["internet_ok"]) == (0, 0)
