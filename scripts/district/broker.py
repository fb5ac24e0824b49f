"""A private Mosquitto that runs the city's own configuration in a folder of its own."""

import os
import shutil
import socket
import ssl
from collections.abc import Mapping
from pathlib import Path

from contract.identity import City
from contract.tls import Broker as BrokerAddress
from scripts.district.certificates import Credentials
from scripts.district.process import Program, ProgramError

CONFIGURATION = Path(__file__).parents[2] / "configs" / "mosquitto"
EXAMPLE_CITY = "/baubau/"
READY_S = 10.0


class Broker:
    """Mosquitto with TLS on one loopback port; it can be killed, wiped and started again there."""

    def __init__(
        self,
        folder: Path,
        *,
        city: City,
        port: int,
        credentials: Credentials,
        probe: Credentials,
    ) -> None:
        """Writes its files into `folder`; `probe` is any client's, to see when it accepts."""
        self.port = port
        self._probe = probe
        self._store = folder / "store"
        folder.mkdir(parents=True, exist_ok=True)
        self._store.mkdir(exist_ok=True)
        acl_file, conf_file = folder / "nadi.acl", folder / "mosquitto.conf"
        acl = (CONFIGURATION / "nadi.acl").read_text()
        acl_file.write_text(acl.replace(EXAMPLE_CITY, f"/{city}/"))
        acl_file.chmod(0o600)
        conf_file.write_text(_configuration(port, credentials, acl_file, self._store))
        self.program = Program("mosquitto", [mosquitto(), "-c", str(conf_file)], folder=folder)

    def start(self) -> None:
        """Returns when a TLS client is accepted; raises ProgramError."""
        self.program.start()
        self.program.wait_until(self._accepts, what="accepting clients", deadline_s=READY_S)

    def stop(self) -> None:
        """SIGTERM: it saves its retained messages first."""
        self.program.stop()

    def kill(self) -> None:
        """SIGKILL: whatever it had not saved is gone."""
        self.program.kill()

    def wipe(self) -> None:
        """Deletes all that it saved; it must not be running."""
        if self.program.running:
            raise ProgramError("the broker still runs; kill or stop it before its files are wiped")
        shutil.rmtree(self._store)
        self._store.mkdir()

    def address(self, client: Credentials, *, port: int | None = None) -> BrokerAddress:
        """How `client` reaches it; `port` where a fibre lies between."""
        return BrokerAddress(
            host="127.0.0.1",
            port=port or self.port,
            ca_file=str(client.ca_file),
            cert_file=str(client.cert_file),
            key_file=str(client.key_file),
        )

    def _accepts(self) -> bool:
        context = ssl.create_default_context(cafile=self._probe.ca_file)
        context.load_cert_chain(self._probe.cert_file, self._probe.key_file)
        try:
            with (
                socket.create_connection(("127.0.0.1", self.port), timeout=1) as plain,
                context.wrap_socket(plain, server_hostname="127.0.0.1"),
            ):
                return True
        except OSError:
            return False


def mosquitto() -> str:
    """Debian keeps it in sbin, which is not on every user's path."""
    path = shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    if path is None:
        raise ProgramError("mosquitto is not installed; run scripts/install")
    return path


def _configuration(port: int, credentials: Credentials, acl_file: Path, store: Path) -> str:
    """The city's mosquitto.conf with this folder's places; each must be in it exactly once."""
    places = {
        "listener": f"{port} 127.0.0.1",
        "cafile": str(credentials.ca_file),
        "certfile": str(credentials.cert_file),
        "keyfile": str(credentials.key_file),
        "acl_file": str(acl_file),
        "persistence_location": f"{store}/",
        "log_dest": "stderr",
    }
    text = _with_places((CONFIGURATION / "mosquitto.conf").read_text(), places)
    # Started by root it would become user mosquitto, who may not read the keys of this folder.
    return f"user root\n{text}" if os.geteuid() == 0 else text


def _with_places(text: str, places: Mapping[str, str]) -> str:
    lines, missing = [], set(places)
    for line in text.splitlines():
        key = line.split(" ", 1)[0]
        missing.discard(key)
        lines.append(f"{key} {places[key]}" if key in places else line)
    assert not missing, f"the city's mosquitto.conf does not set {sorted(missing)}"
    return "\n".join(lines) + "\n"
