"""Programs of others that stand in for a camera: GStreamer's RTSP server, and lighttpd."""

import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random

from scripts.district.ports import free_port
from scripts.district.process import Program

ROOT = Path(__file__).parents[2]
GSTREAMER = ROOT / ".venv-gstreamer" / "usr" / "lib"
PYTHON = "/usr/bin/python3"  # Debian's, which has python3-gi
REALM = "IP Camera(12345)"
READY_S = 30.0
LIGHTTPD = """
server.modules = ("mod_auth", "mod_authn_file")
server.bind = "127.0.0.1"
server.port = {port}
server.document-root = "{folder}/pages"
auth.backend = "{backend}"
auth.backend.{backend}.userfile = "{folder}/users"
auth.require = ("/" => ({require}, "realm" => "{realm}", "require" => "valid-user"))
"""
REQUIRE = {
    "basic": '"method" => "basic"',
    "MD5": '"method" => "digest", "algorithm" => "MD5"',
    "SHA-256": '"method" => "digest", "algorithm" => "SHA-256"',
    "both": '"method" => "digest", "algorithm" => "SHA-256|MD5"',
}


@contextmanager
def gstreamer(folder: Path, *, method: str, user: str, password: str) -> Iterator[int]:
    """An RTSP server with one stream behind a login, and its port."""
    found = next(iter(GSTREAMER.glob("*-linux-gnu")), None)
    assert found is not None, "there is no GStreamer RTSP server; run scripts/install gstreamer"
    program = Program(
        "gstreamer",
        (PYTHON, str(Path(__file__).with_name("gstreamer_camera.py")), method, user, password),
        folder=folder,
        env={
            "LD_LIBRARY_PATH": str(found),
            "GI_TYPELIB_PATH": str(found / "girepository-1.0"),
            "GST_PLUGIN_PATH": str(found / "gstreamer-1.0"),
            "GST_REGISTRY": str(folder / "registry.bin"),
            "PYTHONPATH": "",
        },
    )
    program.start()
    try:
        yield int(program.ready_line(deadline_s=READY_S)["port"])
    finally:
        program.stop()


@contextmanager
def lighttpd(
    folder: Path, *, login: str, user: str, password: str, pages: dict[str, bytes]
) -> Iterator[int]:
    """A web server that gives `pages` to its user, and its port."""
    server = shutil.which("lighttpd", path=f"{os.environ['PATH']}:/usr/sbin")
    assert server is not None, "lighttpd is missing; run scripts/install"
    (folder / "pages").mkdir()
    for name, content in pages.items():
        (folder / "pages" / name).write_bytes(content)
    backend, users = _users(login, user, password)
    (folder / "users").write_text(users)
    port = free_port(Random())
    settings = folder / "lighttpd.conf"
    settings.write_text(
        LIGHTTPD.format(
            port=port, folder=folder, backend=backend, require=REQUIRE[login], realm=REALM
        )
    )
    program = Program("lighttpd", (server, "-D", "-f", str(settings)), folder=folder)
    program.start()
    try:
        program.wait_until(
            lambda: "server started" in program.log_file.read_text(),
            what="started",
            deadline_s=READY_S,
        )
        yield port
    finally:
        program.stop()


def _users(login: str, user: str, password: str) -> tuple[str, str]:
    """The user file's kind and text, each digest made by hashlib alone."""
    if login == "basic":
        return "plain", f"{user}:{password}\n"
    secret = f"{user}:{REALM}:{password}".encode()
    digests = {"MD5": hashlib.md5(secret), "SHA-256": hashlib.sha256(secret)}
    lines = [
        f"{user}:{REALM}:{digest.hexdigest()}\n"
        for name, digest in digests.items()
        if login in (name, "both")
    ]
    return "htdigest", "".join(lines)
