"""A private Mosquitto that runs the city's own configuration in a folder of its own."""

import os
import re
import shutil
import socket
import ssl
from collections.abc import Mapping
from pathlib import Path

from contract.identity import City
from contract.tls import Broker as BrokerAddress
from provisioning.broker import rules
from provisioning.broker.folder import ACL, CONF, CRL, STORE, fill
from scripts.district.certificates import Credentials
from scripts.district.process import Program, ProgramError

BRIDGES, READERS = ("bridge", "bridge-1", "bridge-2"), ("reader",)
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
        bounds: Mapping[str, int] | None = None,
    ) -> None:
        """Writes its files into `folder`; `probe` is any client's, to see when it accepts.

        `bounds` are settings of Mosquitto that take the place of the city's.
        """
        self.port = port
        self._probe = probe
        self._store = folder / STORE
        write_broker_folder(
            folder, city=city, listener=f"{port} 127.0.0.1", credentials=credentials
        )
        conf_file = folder / CONF
        conf_file.write_text(_bounded(conf_file.read_text(), bounds or {}))
        if os.geteuid() == 0:
            # It would become user mosquitto, who may not enter the folders of a test.
            conf_file.write_text(f"user root\n{conf_file.read_text()}")
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


def _bounded(conf: str, bounds: Mapping[str, int]) -> str:
    """The city's configuration with other numbers in it."""
    for name, bound in bounds.items():
        conf, found = re.subn(rf"^{name} .*$", f"{name} {bound}", conf, flags=re.MULTILINE)
        assert found == 1, f"{name} stands {found} times in the city's configuration"
    return conf


def mosquitto() -> str:
    """Debian keeps it in sbin, which is not on every user's path."""
    path = shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    if path is None:
        raise ProgramError("mosquitto is not installed; run scripts/install")
    return path


def write_broker_folder(
    folder: Path, *, city: City, listener: str, credentials: Credentials
) -> None:
    """The city's own rules with development certificates, complete and ready to start."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    places = rules.Places(folder=folder.absolute(), listener=listener, log="stderr")
    fill(
        folder,
        {
            CONF: rules.configuration(city, places).encode(),
            ACL: rules.access_list(city, bridges=BRIDGES, readers=READERS).encode(),
            CRL: credentials.ca_file.with_name("crl.pem").read_bytes(),
            "ca.pem": credentials.ca_file.read_bytes(),
            "broker.pem": credentials.cert_file.read_bytes(),
            "broker.key": credentials.key_file.read_bytes(),
        },
    )
