"""Prometheus reads what the bridge does, over real HTTP, and no caller can hold the bridge up."""

import http.client
import json
import re
import socket
import threading
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from broker_bridge.ingest import Ingest
from broker_bridge.measures import Measures
from broker_bridge.metrics_endpoint import MetricsEndpoint
from broker_bridge.standing import BridgeSign
from broker_bridge.stores.sqlite import SqliteStore
from contract.errors import SettingsError
from tests.bridge.wire import ORIGIN, TOPICS, Sender, with_field

ROOT = Path(__file__).parents[2]
DASHBOARD = ROOT / "configs" / "grafana" / "nadi-bridge.json"
RULES = ROOT / "configs" / "prometheus" / "nadi-bridge.rules.yml"
PAGE = ROOT / "docs" / "reference" / "metrics.md"
NAME = re.compile(r"nadi_bridge_[a-z_]+")
NOW_MS = ORIGIN.origin_ms + 60_000
FEW_LABELS = {"program", "state", "certificate", "le"}


@pytest.fixture
def measures() -> Measures:
    return Measures(
        program="nadi-bridge 0.1.0", now_ms=lambda: NOW_MS, monotonic=lambda: 0.0,
        free_bytes=lambda: 5e9,
    )  # fmt: skip


@pytest.fixture
def worked(measures: Measures, tmp_path: Path) -> Measures:
    """After a group of three batches, one known and one that cannot be read."""
    store = SqliteStore(tmp_path / "city.db", now_ms=lambda: NOW_MS)
    ingest = Ingest(store, TOPICS)
    ingest.take([Sender().batch(1)])
    group = [Sender().batch(1), Sender().batch(2), Sender().batch(3)]
    group.append(with_field(Sender().batch(4), "n", "x"))
    outcome = ingest.take(group)
    measures.committed(outcome, messages=len(group), seconds=0.02)
    measures.receipted(len(outcome.receipts))
    measures.stands(connected=True, waiting=7)
    measures.database(up=True)
    measures.certificates({"bridge": 1.8e9, "root": 2.5e9})
    sign = BridgeSign(name="bridge", host="pusat", program="nadi-bridge 0.1.0", connected=True)
    store.tell_bridge(sign)
    measures.count(store)
    store.close()
    return measures


@pytest.fixture
def endpoint(worked: Measures) -> Iterator[MetricsEndpoint]:
    serving = MetricsEndpoint(0, worked.text)
    serving.start()
    yield serving
    serving.close()


def read(endpoint: MetricsEndpoint, path: str = "/metrics", method: str = "GET") -> Any:
    with closing(http.client.HTTPConnection("127.0.0.1", endpoint.port, timeout=20)) as caller:
        caller.request(method, path)
        answer = caller.getresponse()
        return answer.status, answer.getheader("Content-Type"), answer.read().decode()


def samples(text: str) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    return {
        (one.name, tuple(sorted(one.labels.items()))): one.value
        for family in text_string_to_metric_families(text)
        for one in family.samples
    }


def test_what_the_bridge_did_is_read_over_http(endpoint: MetricsEndpoint) -> None:
    status, content, text = read(endpoint)
    assert (status, content) == (200, "text/plain; version=0.0.4; charset=utf-8")
    found = samples(text)
    said = {name: value for (name, labels), value in found.items() if not labels}
    assert said["nadi_bridge_messages_total"] == 4
    assert said["nadi_bridge_batches_committed_total"] == 2
    assert said["nadi_bridge_readings_committed_total"] == 2
    assert said["nadi_bridge_batches_known_total"] == 1
    assert said["nadi_bridge_messages_quarantined_total"] == 1
    assert said["nadi_bridge_receipts_total"] == 1
    assert said["nadi_bridge_quarantine_messages"] == 1
    assert said["nadi_bridge_waiting_messages"] == 7
    assert said["nadi_bridge_broker_connected"] == said["nadi_bridge_database_up"] == 1
    assert said["nadi_bridge_lag_seconds"] == 57.0
    assert said["nadi_bridge_store_free_bytes"] == 5e9
    assert said["nadi_bridge_bridges_alive"] == 1
    assert found["nadi_bridge_gateways", (("state", "unheard"),)] == 1
    assert found["nadi_bridge_commit_seconds_bucket", (("le", "0.025"),)] == 1
    assert found["nadi_bridge_group_messages_bucket", (("le", "5.0"),)] == 1


def test_no_label_grows_with_the_city(worked: Measures) -> None:
    labels = {name for family in worked.families() for s in family.samples for name in s.labels}
    assert labels <= FEW_LABELS


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/", 404), ("GET", "/metrics/../x", 404), ("POST", "/metrics", 405),
     ("HEAD", "/metrics", 200), ("GET", "/metrics?x=1", 200), ("GET", "/" + "x" * 9_000, 431)],
)  # fmt: skip
def test_nothing_else_is_answered(
    endpoint: MetricsEndpoint, method: str, path: str, status: int
) -> None:
    assert read(endpoint, path, method)[0] == status


def test_a_caller_that_drips_is_left_within_its_time(endpoint: MetricsEndpoint) -> None:
    """A time for each read alone would be begun anew with every byte."""
    stopped = threading.Event()
    with closing(socket.create_connection(("127.0.0.1", endpoint.port))) as slow:

        def drip() -> None:
            with suppress(OSError):
                while not stopped.wait(0.1):
                    slow.sendall(b"x")

        dripping = threading.Thread(target=drip)
        dripping.start()
        try:
            assert read(endpoint)[0] == 200  # it waited its turn
        finally:
            stopped.set()
            dripping.join()


def test_callers_that_go_away_at_once_hurt_nobody(endpoint: MetricsEndpoint) -> None:
    for rubbish in (b"", b"\x16\x03\x01\x00\x00", b"\r\n\r\n", b"GET"):
        with closing(socket.create_connection(("127.0.0.1", endpoint.port))) as caller:
            caller.sendall(rubbish)
    assert read(endpoint)[0] == 200


def test_a_port_that_is_taken_is_said(endpoint: MetricsEndpoint) -> None:
    with pytest.raises(SettingsError, match=f"metrics.port: 127.0.0.1:{endpoint.port} cannot"):
        MetricsEndpoint(endpoint.port, bytes)


def test_nobody_but_this_machine_can_ask(endpoint: MetricsEndpoint) -> None:
    assert endpoint._listener.getsockname()[0] == "127.0.0.1"


# What is made of them


def exposed(measures: Measures) -> set[str]:
    """Every name that a query may use."""
    return {name for name, _labels in samples(measures.text().decode())}


def asked_for() -> Iterator[tuple[str, str]]:
    for panel in json.loads(DASHBOARD.read_text())["panels"]:
        for target in panel["targets"]:
            yield panel["title"], target["expr"]
    for rule in rules():
        yield rule["alert"], rule["expr"]


def rules() -> list[dict[str, Any]]:
    (group,) = yaml.safe_load(RULES.read_text())["groups"]
    found = group["rules"]
    assert isinstance(found, list)
    return found


def test_every_metric_of_the_dashboard_and_the_rules_is_exposed(worked: Measures) -> None:
    there = exposed(worked)
    asked = {name for _where, query in asked_for() for name in NAME.findall(query)}
    assert asked <= there
    assert len(asked) >= 15


def test_every_exposed_metric_is_documented(worked: Measures) -> None:
    page = PAGE.read_text()
    for family in worked.families():
        name = f"{family.name}_total" if family.type == "counter" else family.name
        assert f"| `{name}` | {family.type} |" in page


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule["alert"])
def test_an_alert_says_in_both_languages_what_to_do(rule: dict[str, Any]) -> None:
    said = rule["annotations"]
    assert set(said) == {"summary", "ringkasan"}
    values = [sorted(re.findall(r"\{\{.*?\}\}", text)) for text in said.values()]
    assert values[0] == values[1]
    assert rule["labels"]["severity"] in ("warning", "critical")


def test_the_dashboard_overlaps_nowhere_and_says_each_panel_in_both_languages() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in json.loads(DASHBOARD.read_text())["panels"]:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken
        assert place["x"] + place["w"] <= 24
        taken |= cells
        assert panel["title"]
        assert panel["description"]
