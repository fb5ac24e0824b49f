"""A gateway is replaced or retired: the old one is refused, and what it held is accounted for."""

import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from broker_bridge.store import Balance
from broker_bridge.stores.sqlite import SqliteStore
from contract.bundle import read_bundle
from contract.identity import City, GatewayId
from contract.messages import Counts
from contract.topics import Topics
from scripts.district.process import Program
from tests.provisioning.conftest import Centre, Ended, Nadi, environment
from tests.provisioning.pole import NAME, Pole
from tests.system.mqtt_client import MqttClient

pytestmark = pytest.mark.system
LISTED = f"""kind;id;latitude;longitude;kelurahan;gateway
streetlight;PJU-0001;-5.4702;122.5969;74.72.06.1007;{NAME}
waste_bin;TPS-1;-5.4706;122.5971;74.72.06.1007;{NAME}
streetlight;PJU-0002;-5.4706;122.5971;74.72.06.1007;bb-0043
"""
BRIDGE = """
[bridge]
command = ["{python}", "-m", "broker_bridge"]
settings = "{settings}"
"""
TOPICS = Topics(City("baubau"))
OWN, AUDITOR = GatewayId(NAME), "auditor"
CLEARED = (
    TOPICS.holding(OWN),
    TOPICS.status(OWN),
    TOPICS.receipt(OWN),
    TOPICS.gateway_state(OWN),
)


def until(true: Callable[[], bool], *, within_s: float = 60) -> None:
    end = time.monotonic() + within_s
    while not true():
        assert time.monotonic() < end, "it never came true"
        time.sleep(0.05)


@dataclass(kw_only=True)
class Gone:
    """A gateway whose agent has stopped; the bridge runs and knows that some of it is missing."""

    pole: Pole
    centre: Centre
    nadi: Nadi
    bridge: Program

    @property
    def env(self) -> dict[str, str]:
        return {
            "NADI_AUTHORITY": str(self.centre.authority.folder),
            "PATH": self.pole.path(),
            "NADI_STICK": str(self.pole.folder / "stick"),
        }

    def run(self, *words: str) -> Ended:
        return self.nadi(*words, "--json", env=self.env)

    def leave(self, what: str, *more: str) -> Ended:
        """`nadi gateway replace` or `retire`, with consent."""
        return self.run(
            "gateway", what, NAME, "--reason", "hit by a truck", "--confirm", NAME, *more
        )

    def balance(self) -> Balance:
        store = SqliteStore(self.pole.folder / "city.db", now_ms=lambda: 1)
        try:
            (one,) = store.balance()
        finally:
            store.close()
        return one

    @property
    def held(self) -> int:
        waits = self.balance().held
        return waits.readings + waits.events

    def bridge_run(self, *words: str) -> str:
        """`nadi-bridge` where the store is."""
        line = [sys.executable, "-m", "broker_bridge", *words]
        settings = ["--settings", str(self.pole.folder / "bridge.toml")]
        done = subprocess.run(
            [*line, *settings], env=environment(self.pole.folder), capture_output=True, text=True,
            timeout=120, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr + done.stdout
        return done.stdout

    def heed_revocations(self) -> None:
        """From now on the bridge looks at the broker's lists before it believes a stick."""
        settings = self.pole.folder / "bridge.toml"
        crl = self.centre.authority.broker_folder / "crl.pem"
        text = settings.read_text()
        assert 'crl_file = ""' in text
        settings.write_text(text.replace('crl_file = ""', f'crl_file = "{crl}"'))

    def retained(self) -> set[str]:
        """Topics of the gateway that the broker retains."""
        own = self.centre.authority.folder / "clients" / AUDITOR
        files = {"cert_file": str(own / f"{AUDITOR}.pem"), "key_file": str(own / f"{AUDITOR}.key")}
        address = self.pole.address.model_copy(update=files)
        with MqttClient(address) as reader:
            reader.subscribe(f"nadi/v1/baubau/edge/{NAME}/#")
            reader.subscribe("nadi/v1/baubau/feed/#")
            reader.publish("nadi/v1/baubau/feed/mark")  # what is retained has come before this
            return {one.topic for one in reader.heard if one.retained and one.payload}


@pytest.fixture
def gone(centre: Centre, working_pole: Pole, nadi: Nadi, tmp_path: Path) -> Gone:
    pole, folder = working_pole, centre.authority.folder
    (tmp_path / "assets.csv").write_text(LISTED)
    assert nadi("fleet", "import", "assets.csv", "--authority", str(folder)).code == 0
    text = BRIDGE.format(python=sys.executable, settings=pole.folder / "bridge.toml")
    settings = folder / "authority.toml"
    settings.write_text(settings.read_text() + text)
    (pole.folder / "stick").mkdir()
    pole.play()
    bridge = pole.start_bridge()
    agent = pole.start_agent()
    agent.wait_until(pole.is_receipted, what="receipted", deadline_s=60)
    bridge.stop()
    sealed = pole.status().sealed.readings
    agent.wait_until(
        lambda: pole.status().sealed.readings > sealed + 5, what="sealing", deadline_s=60
    )
    agent.stop()
    there = Gone(pole=pole, centre=centre, nadi=nadi, bridge=pole.start_bridge())
    until(lambda: there.held > 0)
    assert there.balance().unexplained == (0, 0)
    issue = ("authority", "issue", AUDITOR, "--role", "bridge")
    assert there.run(*issue).code == 0
    return there


def refusals(gone: Gone, what: str, more: list[str]) -> None:
    """Each with its code, and nothing has happened after all of them."""
    count = gone.held
    ended = gone.leave(what, *more)
    assert (ended.code, ended.document["code"]) == (5, "E-UNSETTLED-01")
    assert f"--discard-unsettled {count}" in ended.document["error"]["fix"]
    for wrong in (0, count - 1, count + 1):
        ended = gone.leave(what, *more, "--discard-unsettled", str(wrong))
        assert (ended.code, ended.document["code"]) == (5, "E-UNSETTLED-02")
    line = ["gateway", what, NAME, *more, "--discard-unsettled", str(count)]
    assert gone.run(*line, "--reason", "x").code == 2
    assert gone.run(*line, "--confirm", NAME).code == 2
    assert gone.run(*line, "--reason", "x", "--confirm", "bb-0043").code == 5
    planned = [*more, "--discard-unsettled", str(count), "--dry-run"]
    ended = gone.leave(what, *planned)
    assert (ended.code, ended.document["code"]) == (0, "planned")
    assert ended.document["result"]["lost"] == count
    assert gone.leave(what, *planned, "--lang", "id").out == ended.out
    settings = gone.centre.authority.folder / "authority.toml"
    text = settings.read_text()
    settings.write_text(text.replace("bridge.toml", "nowhere.toml"))
    ended = gone.leave(what, *more)
    assert (ended.code, ended.document["code"]) == (6, "E-BRIDGE-01")
    settings.write_text(text)
    assert gone.centre.accepts(gone.pole.address)
    assert (gone.held, gone.balance().lost) == (count, Counts())


def test_points_9_and_10_a_gateway_is_retired_with_the_exact_count_of_what_is_lost(
    gone: Gone,
) -> None:
    held, sealed = gone.balance().held, gone.balance().sealed
    count = str(gone.held)
    refusals(gone, "replace", [])
    refusals(gone, "retire", ["--with-assets"])
    ended = gone.leave("retire", "--discard-unsettled", count)
    assert (ended.code, ended.document["code"]) == (5, "E-RETIRE-01")
    assert "PJU-0001, TPS-1" in ended.document["error"]["what"]
    ended = gone.leave("retire", "--with-assets", "--discard-unsettled", count)
    assert (ended.code, ended.document["code"]) == (0, "done"), ended.out
    assert ended.document["result"]["assets"] == ["PJU-0001", "TPS-1"]
    assert not gone.centre.accepts(gone.pole.address)
    after = gone.balance()
    assert (after.lost, after.held, after.sealed) == (held, Counts(), sealed)
    assert after.unexplained == (0, 0)
    assert {one.reason for one in after.holes} == {"retired: hit by a truck"}
    listed = {one["id"] for one in gone.run("fleet", "list").document["result"]["entries"]}
    assert listed == {"bb-0043", "PJU-0002"}
    assert not gone.retained() & {TOPICS.holding(OWN), TOPICS.status(OWN)}
    published = gone.run("fleet", "publish").document["result"]["file"]
    gone.bridge_run("registry", "load", published)
    until(lambda: not gone.retained() & set(CLEARED))
    before = gone.run("authority", "status").document["result"]
    again = gone.leave("retire", "--with-assets", "--discard-unsettled", count)
    assert (again.code, again.document["code"]) == (0, "already")
    assert gone.run("authority", "status").document["result"] == before


def card_of(gone: Gone) -> Path:
    """The dead gateway's card, mounted: settings with the paths that they had there."""
    card, box = gone.pole.folder / "card", gone.pole.folder
    (card / "etc" / "nadi").mkdir(parents=True)
    (card / "var" / "lib").mkdir(parents=True)
    shutil.copytree(box / "data", card / "var" / "lib" / "nadi")
    names = {"ca_file": "ca.pem", "cert_file": "gateway.pem", "key_file": "gateway.key"}
    for key, name in names.items():
        shutil.copy(getattr(gone.pole.address, key), card / "etc" / "nadi" / name)
    broker = gone.pole.address.model_copy(
        update={key: f"/etc/nadi/{name}" for key, name in names.items()}
    )
    own = gone.pole.settings.gateway.model_copy(
        update={"data_dir": "/var/lib/nadi", "socket": "/run/nadi/agent.sock"}
    )
    settings = gone.pole.settings.model_copy(update={"broker": broker, "gateway": own})
    gone.pole.write_settings(settings)
    (box / "agent.toml").rename(card / "etc" / "nadi" / "agent.toml")
    return card


def carried(gone: Gone, card: Path) -> None:
    """From the card to a stick, as `nadi collect` does it."""
    stick = str(gone.pole.folder / "stick")
    ended = gone.run("collect", stick, "--card", str(card), "--any")
    assert ended.code == 0, ended.out
    assert ended.document["result"]["copied"] > 0


def test_a_dead_gateway_is_replaced_and_what_its_card_held_arrives(gone: Gone) -> None:
    held = gone.balance().held
    (gone.pole.folder / "passphrase").write_text("rahasia dinas\n")
    made = gone.run(
        "authority", "delegate", NAME, "--out", str(gone.pole.folder / "delegation"),
        "--passphrase", f"file:{gone.pole.folder / 'passphrase'}",
    )  # fmt: skip
    assert made.code == 0, made.out
    carried(gone, card_of(gone))
    gone.bridge_run("import", str(gone.pole.folder / "stick"))
    assert (gone.held, gone.balance().lost) == (0, Counts())
    ended = gone.leave("replace", "--out", str(gone.pole.folder / "bundles"))
    assert (ended.code, ended.document["code"]) == (0, "done"), ended.out
    assert ended.document["result"]["lost"] == 0
    assert ended.document["result"]["delegations_over"] == ["delegation-1"]
    assert not gone.centre.accepts(gone.pole.address)
    root = gone.centre.authority.root
    first = read_bundle(Path(ended.document["result"]["bundle"]).read_bytes(), root=root)
    assert (first.gateway, {one.id for one in first.assets}) == (NAME, {"PJU-0001", "TPS-1"})
    again = gone.leave("replace", "--out", str(gone.pole.folder / "bundles"))
    second = read_bundle(Path(again.document["result"]["bundle"]).read_bytes(), root=root)
    assert second.nonce != first.nonce, "the one before may have served"
    assert held.readings > 0
    assert gone.balance().unexplained == (0, 0)


def test_a_card_that_is_read_only_after_all_was_given_up_is_committed_over_the_loss(
    gone: Gone,
) -> None:
    """Its certificate is on the broker's list by then, but only as replaced."""
    held = gone.balance().held
    ended = gone.leave("replace", "--discard-unsettled", str(gone.held))
    assert ended.code == 0, ended.out
    assert gone.balance().lost == held
    assert {one.reason for one in gone.balance().holes} == {"replaced: hit by a truck"}
    gone.heed_revocations()
    carried(gone, card_of(gone))
    gone.bridge_run("import", str(gone.pole.folder / "stick"))
    assert (gone.balance().lost, gone.held) == (Counts(), 0)
    assert gone.balance().unexplained == (0, 0)


@pytest.mark.nightly
def test_what_a_stolen_gateway_signed_stays_refused_when_it_is_replaced(gone: Gone) -> None:
    stolen = ("gateway", "revoke", NAME, "--reason", "stolen", "--confirm", NAME)
    assert gone.run(*stolen).code == 0
    ended = gone.leave("replace", "--discard-unsettled", str(gone.held))
    assert ended.code == 0, ended.out
    gone.heed_revocations()
    carried(gone, card_of(gone))
    with pytest.raises(AssertionError, match="revoked"):
        gone.bridge_run("import", str(gone.pole.folder / "stick"))
    assert gone.balance().lost != Counts()
