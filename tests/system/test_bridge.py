"""A bridge between a real Mosquitto and a SQLite store takes the good and survives the rest."""

import json
import sqlite3
import subprocess
import sys
import zlib
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from broker_bridge.config import BridgeSettings, IngestSettings, StoreSettings
from broker_bridge.inbound import Arrived
from contract.codec import MAX_BODY_BYTES, MAX_JSON_BYTES, decode_statement
from contract.identity import AssetId, City, GatewayId, Kind
from contract.inventory import AssetEntry, GatewayEntry
from contract.messages import AssetState, EpochReceipt, Receipt
from contract.registry import Registry
from scripts.district.broker import Broker
from scripts.district.certificates import Authority
from scripts.district.process import Program, python_program
from scripts.district.toml_document import write_toml
from tests.bridge.wire import EPOCH, TOPICS, Sender, with_field
from tests.system.mqtt_client import MqttClient

pytestmark = pytest.mark.system

ROOT = Path(__file__).parents[2]
OWN = GatewayId("bb-0001")
PATIENCE_S = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Centre:
    """The city's side, running."""

    bridge: Program
    settings_file: Path
    store: Path

    def rows(self, sql: str) -> list[tuple[object, ...]]:
        with closing(sqlite3.connect(self.store)) as database:
            return database.execute(sql).fetchall()

    def start(self) -> None:
        self.bridge.start_and_wait(deadline_s=PATIENCE_S)


@pytest.fixture
def centre(tmp_path: Path, broker: Broker, authority: Authority, city: City) -> Iterator[Centre]:
    settings = BridgeSettings(
        city=city,
        broker=broker.address(authority.client("bridge")),
        store=StoreSettings(kind="sqlite", path=str(tmp_path / "city.db")),
        ingest=IngestSettings(),
    )
    made = written(settings, tmp_path)
    made.start()
    yield made
    if made.bridge.running:
        made.bridge.stop()


def written(settings: BridgeSettings, folder: Path) -> Centre:
    settings_file = folder / "bridge.toml"
    write_toml(settings_file, settings.model_dump(mode="json", exclude_none=True))
    arguments = ("broker_bridge", "run", "--settings", str(settings_file))
    bridge = python_program("bridge", *arguments, folder=folder, root=ROOT)
    return Centre(bridge=bridge, settings_file=settings_file, store=Path(settings.store.path))


@contextmanager
def gateway(broker: Broker, authority: Authority) -> Iterator[MqttClient]:
    with MqttClient(broker.address(authority.client(OWN))) as client:
        client.subscribe(TOPICS.receipt(OWN))
        yield client


def send(client: MqttClient, arrived: Arrived) -> None:
    """Until a bridge listens; the broker itself answers each time."""

    def taken() -> bool:
        return client.publish(arrived.topic, arrived.payload, header=arrived.header) == "Success"

    assert any(taken() for _ in range(10_000))


def newest_receipt(client: MqttClient) -> EpochReceipt | None:
    said = [message for message in client.heard if message.topic == TOPICS.receipt(OWN)]
    receipts = [decode_statement(Receipt, message.payload) for message in said]
    newest = max(receipts, key=lambda receipt: receipt.version, default=None)
    epochs = newest.epochs if newest else []
    return next((epoch for epoch in epochs if epoch.epoch == EPOCH), None)


def wait_committed(client: MqttClient, *ranges: tuple[int, int]) -> None:
    def committed() -> bool:
        epoch = newest_receipt(client)
        return epoch is not None and epoch.committed == list(ranges)

    client.wait_until(committed, f"receipted {ranges}", deadline_s=PATIENCE_S)


def test_a_committed_batch_is_receipted(
    centre: Centre, broker: Broker, authority: Authority
) -> None:
    with gateway(broker, authority) as client:
        for n in (1, 2, 4):
            send(client, Sender().batch(n))
        wait_committed(client, (1, 2), (4, 4))
    assert centre.rows("SELECT count(*) FROM reading") == [(3,)]


def test_what_cannot_be_taken_is_kept_aside_and_the_others_go_on(
    centre: Centre, broker: Broker, authority: Authority
) -> None:
    sender = Sender()
    good = sender.batch(1)
    bomb = zlib.compress(b"0" * (MAX_JSON_BYTES + 1), 9)
    hostile = [
        ("truncated", with_body(sender.batch(2), sender.body(2)[:-4])),
        ("not JSON", sender.sent(3, zlib.compress(b"no json"))),
        ("bomb", sender.sent(4, bomb)),
        ("version", with_field(sender.batch(5), "v", "7")),
        ("foreign", with_field(sender.batch(6), "gateway", "bb-0002")),
        ("oversized", sender.sent(7, b"\0" * (MAX_BODY_BYTES + 1))),
        ("no header", Arrived(topic=good.topic, header=(), payload=good.payload)),
    ]
    with gateway(broker, authority) as client:
        for _, arrived in hostile:
            send(client, arrived)
        send(client, good)
        send(client, sender.batch(9))
        wait_committed(client, (1, 1), (9, 9))
        epoch = newest_receipt(client)
    assert epoch is not None
    assert [rejection.n for rejection in epoch.rejected] == [3, 4, 7]
    reasons = [str(row[0]) for row in centre.rows("SELECT reason FROM quarantine ORDER BY id")]
    assert len(reasons) == len(hostile)
    assert any("version '7'" in reason for reason in reasons), reasons
    assert any("bb-0002" in reason for reason in reasons)


def with_body(arrived: Arrived, body: bytes) -> Arrived:
    return Arrived(topic=arrived.topic, header=arrived.header, payload=body)


def test_the_same_number_with_other_bytes_is_kept_aside_and_told(
    centre: Centre, broker: Broker, authority: Authority
) -> None:
    with MqttClient(broker.address(authority.client("reader"))) as reader:
        reader.subscribe("nadi/v1/baubau/feed/gateway/+/event")
        with gateway(broker, authority) as client:
            send(client, Sender().batch(1, watts=61.0))
            wait_committed(client, (1, 1))
            send(client, Sender().batch(1, watts=99.0))
            reader.wait_until(lambda: bool(reader.heard), "told", deadline_s=PATIENCE_S)
    assert b"numberClash" in reader.heard[0].payload
    assert centre.rows("SELECT value FROM reading") == [(61.0,)]


def test_a_wiped_broker_is_told_receipts_and_states_again(
    centre: Centre, broker: Broker, authority: Authority
) -> None:
    state = TOPICS.asset_state(Kind.STREETLIGHT, AssetId("PJU-0417"))
    with gateway(broker, authority) as client:
        send(client, Sender().batch(1))
        wait_committed(client, (1, 1))
    broker.kill()
    broker.wipe()
    broker.start()
    with gateway(broker, authority) as client:
        wait_committed(client, (1, 1))
    with MqttClient(broker.address(authority.client("reader"))) as reader:
        reader.subscribe("nadi/v1/baubau/feed/#")
        reader.wait_until(lambda: state in reader.topics(), "told", deadline_s=PATIENCE_S)
        said = next(message for message in reader.heard if message.topic == state)
    assert AssetState.model_validate_json(said.payload).quantities["power"].value == 61.0


def test_a_registry_is_followed_and_what_it_retires_is_cleared(
    centre: Centre, broker: Broker, authority: Authority, tmp_path: Path
) -> None:
    """The bridge runs all the while; another process loads the registries."""
    topic = TOPICS.asset_state(Kind.STREETLIGHT, AssetId("PJU-0417"))
    lamp = AssetEntry(kind=Kind.STREETLIGHT, id=AssetId("PJU-0417"), gateway=OWN)

    def load(
        number: int, assets: Sequence[AssetEntry] = (), retired: Sequence[AssetEntry] = ()
    ) -> None:
        registry = Registry(
            city=City("baubau"),
            number=number,
            published_at=datetime.now(UTC),
            gateways=[GatewayEntry(id=OWN)],
            assets=list(assets),
            retired_assets=list(retired),
        )
        file = tmp_path / "registry.signed"
        file.write_bytes(authority.sign(registry))
        command = ("registry", "load", str(file), "--settings", str(centre.settings_file))
        subprocess.run([sys.executable, "-m", "broker_bridge", *command], check=True, cwd=ROOT)

    with gateway(broker, authority) as client:
        send(client, Sender().batch(1))
        wait_committed(client, (1, 1))
    with MqttClient(broker.address(authority.client("reader"))) as reader:
        reader.subscribe("nadi/v1/baubau/feed/#")

        def said(part: bytes) -> bool:
            return any(m.topic == topic and part in m.payload for m in reader.heard)

        load(1, assets=[lamp])
        reader.wait_until(
            lambda: said(b'"registered":true'), "told as registered", deadline_s=PATIENCE_S
        )
        load(2, retired=[lamp])
        reader.wait_until(
            lambda: any(m.topic == topic and not m.payload for m in reader.heard),
            "cleared",
            deadline_s=PATIENCE_S,
        )


def test_a_bridge_that_was_killed_goes_on_where_the_store_stands(
    centre: Centre, broker: Broker, authority: Authority
) -> None:
    with gateway(broker, authority) as client:
        send(client, Sender().batch(1))
        wait_committed(client, (1, 1))
        centre.bridge.kill()
        assert client.publish(Sender().batch(2).topic) == "No matching subscribers"
        centre.start()
        send(client, Sender().batch(1))
        send(client, Sender().batch(2))
        wait_committed(client, (1, 2))
    assert centre.rows("SELECT count(*) FROM reading") == [(2,)]


def test_sigterm_ends_it_in_order(centre: Centre) -> None:
    centre.bridge.stop()
    assert centre.bridge.exit_code == 0


def ran(folder: Path, *arguments: str) -> tuple[int, str]:
    folder.mkdir(exist_ok=True)
    program = python_program("command", "broker_bridge", *arguments, folder=folder, root=ROOT)
    program.start()
    code = program.wait(deadline_s=PATIENCE_S)
    return code, program.out_file.read_text() + program.log_file.read_text()


def test_check_finds_all_well_and_balance_closes(
    centre: Centre, broker: Broker, authority: Authority, tmp_path: Path
) -> None:
    with gateway(broker, authority) as client:
        send(client, Sender().batch(1))
        wait_committed(client, (1, 1))
    centre.bridge.stop()
    code, said = ran(tmp_path / "check", "check", "--settings", str(centre.settings_file))
    assert (code, said.count("✓ ok")) == (0, 5), said
    code, said = ran(tmp_path / "b", "balance", "--settings", str(centre.settings_file), "--json")
    assert code == 0
    (balance,) = json.loads(said.splitlines()[0])["gateways"]
    assert balance["committed"] == {"readings": 1, "events": 0}
    assert balance["unexplained"] == {"readings": 0, "events": 0}


def test_what_was_quarantined_is_seen_tried_and_discarded_beside_the_running_bridge(
    centre: Centre, broker: Broker, authority: Authority, tmp_path: Path
) -> None:
    def command(name: str, *more: str) -> tuple[int, str]:
        settings = ("--settings", str(centre.settings_file))
        return ran(tmp_path / name, "quarantine", name, *settings, *more)

    with gateway(broker, authority) as client:
        send(client, with_field(Sender().batch(1), "sha256", "0" * 64))
        send(client, Sender().batch(2))
        wait_committed(client, (2, 2))
    code, said = command("list")
    assert code == 0
    assert f"{OWN}: 1 there" in said
    number, _, reason = said.splitlines()[1].partition(OWN)
    number, reason = number.split()[0], reason.split(maxsplit=1)[1]
    assert f"reason    {reason}" in command("show", number)[1]
    code, said = command("retry", number)
    assert code == 1
    assert f"✗ {number}: still refused" in said
    code, said = command("discard", "--all")
    assert code == 1
    assert "say so with --count 1" in said
    assert "1 of 1 messages discarded" in command("discard", number)[1]


@pytest.mark.parametrize(
    ("user", "ca", "expected"),
    [
        ("reader", True, "Not authorized"),
        ("bridge", False, "shows a certificate that ca_file does not vouch for"),
    ],
)
def test_a_broker_that_will_not_have_it_is_named_with_the_reason(
    tmp_path: Path, broker: Broker, authority: Authority, city: City,
    user: str, ca: bool, expected: str,
) -> None:  # fmt: skip
    address = broker.address(authority.client(user))
    if not ca:
        other = Authority(tmp_path / "other", now=datetime.now(UTC))
        address = address.model_copy(update={"ca_file": str(other.ca_file)})
    settings = BridgeSettings(
        city=city,
        broker=address,
        store=StoreSettings(kind="sqlite", path=str(tmp_path / "city.db")),
    )
    made = written(settings, tmp_path)
    code, said = ran(tmp_path / "check", "check", "--settings", str(made.settings_file))
    assert code == 1
    assert expected in said
    assert "Traceback" not in said


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ('city = "baubau"\n[brokr]\n', "brokr is not a setting\n hint: did you mean broker?"),
        ('city = "baubau"\n', "broker is missing"),
        ("city = [\n", "bridge.toml"),
    ],
)
def test_wrong_settings_end_it_with_one_sentence(
    tmp_path: Path, document: str, expected: str
) -> None:
    (tmp_path / "bridge.toml").write_text(document)
    code, said = ran(tmp_path, "run", "--settings", str(tmp_path / "bridge.toml"))
    assert code == 2
    assert expected in said
    assert "Traceback" not in said
