"""A dead gateway as the office sees it: its certificate, its assets, and what the store lacks."""

import sys
from dataclasses import dataclass
from pathlib import Path

from broker_bridge.stores.sqlite import SqliteStore
from contract.identity import GatewayId
from contract.messages import Counts
from contract.tls import Broker
from provisioning.__main__ import main
from scripts.district.toml_document import write_toml
from tests.provisioning.conftest import Centre, environment
from tests.stores.making import NOW_MS, epoch_holding, held, holding

NAME = GatewayId("bb-0042")
BATCHES, READINGS = 12, 24
LISTED = f"""kind;id;latitude;longitude;kelurahan;gateway
streetlight;PJU-0001;-5.4702;122.5969;74.72.06.1007;{NAME}
waste_bin;TPS-0001;-5.4706;122.5971;74.72.06.1007;{NAME}
"""
BRIDGE = """
[bridge]
command = ["{python}", "-m", "broker_bridge"]
settings = "{settings}"
"""


@dataclass(frozen=True, kw_only=True)
class Parted:
    """The centre, and how the gateway reached its broker."""

    centre: Centre
    address: Broker
    store: Path

    def lost(self) -> Counts:
        """What of it the store names as lost; it closes."""
        store = SqliteStore(self.store, now_ms=lambda: NOW_MS)
        try:
            (balance,) = store.balance()
        finally:
            store.close()
        assert balance.unexplained == (0, 0)
        return balance.lost


def parted(centre: Centre, top: Path) -> Parted:
    """Of 12 batches that it said it holds, the store has none."""
    folder, store = centre.authority.folder, top / "city.db"
    own = folder / "clients" / "bridge"
    broker = {"ca_file": str(own / "ca.pem"), "cert_file": str(own / "bridge.pem"),
              "key_file": str(own / "bridge.key")}  # fmt: skip
    write_toml(
        top / "bridge.toml", {"city": "baubau", "broker": broker, "store": {"path": str(store)}}
    )
    tell(store, BATCHES)
    settings = folder / "authority.toml"
    text = BRIDGE.format(python=sys.executable, settings=top / "bridge.toml")
    settings.write_text(settings.read_text() + text)
    (top / "listed.csv").write_text(LISTED)
    line = ["fleet", "import", str(top / "listed.csv"), "--authority", str(folder), "--json"]
    assert main(line, environment(top)) == 0
    return Parted(centre=centre, address=centre.address(NAME), store=store)


def tell(store: Path, batches: int) -> None:
    """The gateway's statement, as the bridge took it."""
    opened = SqliteStore(store, now_ms=lambda: NOW_MS)
    try:
        with opened.transaction() as transaction:
            transaction.lock([NAME])
            said = epoch_holding(held("open", 1, batches, 2 * batches))
            transaction.hold([holding(said, gateway=NAME)])
    finally:
        opened.close()
