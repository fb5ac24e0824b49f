"""Prometheus itself takes the rules and the exposition, and each alert comes when it should."""

import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from broker_bridge.measures import Measures

pytestmark = pytest.mark.nightly

ROOT = Path(__file__).parents[2]
PROMTOOL = ROOT / ".venv-prometheus" / "promtool"
RULES = ROOT / "configs" / "prometheus" / "nadi-bridge.rules.yml"
BRIDGE = '{instance="pusat",job="nadi-bridge"}'
LE = '{{instance="pusat",job="nadi-bridge",le="{}"}}'

# What Prometheus saw, a value a minute, and the alert that must be there, and not be there before.
CASES: dict[str, tuple[dict[str, str], str, str]] = {
    "NadiNoBridge": ({"nadi_bridge_build_info" + BRIDGE: "1x5 _x20"}, "5m", "15m"),
    "NadiBridgeWithoutBroker": (
        {"nadi_bridge_broker_connected" + BRIDGE: "1x10 0x20"}, "11m", "14m",
    ),
    "NadiDatabaseGone": ({"nadi_bridge_database_up" + BRIDGE: "1x10 0x20"}, "10m", "13m"),
    "NadiNothingCommitted": (
        {
            "nadi_bridge_readings_committed_total" + BRIDGE: "0+200x20 4000x60",
            'nadi_bridge_gateways{instance="pusat",state="online"}': "3x80",
        },
        "25m", "50m",
    ),
    "NadiStoreFills": (
        {"nadi_bridge_store_free_bytes" + BRIDGE: "100000000000-3000000x1600"}, "10m", "1500m",
    ),
    "NadiLate": (
        {
            "nadi_bridge_lag_seconds" + BRIDGE: "30x10 1000x40",
            "nadi_bridge_readings_committed_total" + BRIDGE: "0+100x60",
        },
        "25m", "30m",
    ),
    "NadiCommitSlow": (
        {  # from the eleventh minute on, one commit in ten takes more than 5 s
            "nadi_bridge_commit_seconds_bucket" + LE.format("5.0"): "0+60x10 654+54x40",
            "nadi_bridge_commit_seconds_bucket" + LE.format("10.0"): "0+60x50",
            "nadi_bridge_commit_seconds_bucket" + LE.format("+Inf"): "0+60x50",
        },
        "20m", "25m",
    ),
    "NadiMemoryFills": ({"nadi_bridge_waiting_messages" + BRIDGE: "100x10 6000x20"}, "15m", "18m"),
    "NadiQuarantine": ({"nadi_bridge_quarantine_messages" + BRIDGE: "0x10 2x20"}, "9m", "20m"),
    "NadiGatewaysSilent": (
        {
            'nadi_bridge_gateways{instance="pusat",state="offline"}': "0x10 2x40",
            'nadi_bridge_gateways{instance="pusat",state="online"}': "10x10 8x40",
        },
        "10m", "30m",
    ),
    "NadiCertificateEnds": (
        {'nadi_bridge_certificate_ends_seconds{certificate="bridge"}': "5184600x60"}, "5m", "20m",
    ),
    "NadiAuthorityEnds": (
        {'nadi_bridge_certificate_ends_seconds{certificate="root"}': "63072600x60"}, "5m", "20m",
    ),
    "NadiOneBridgeMissing": ({"nadi_bridge_bridges_alive" + BRIDGE: "2x30 1x40"}, "30m", "50m"),
}  # fmt: skip


def promtool(*words: str, text: bytes = b"") -> str:
    assert PROMTOOL.exists(), "there is no promtool; run scripts/install prometheus"
    done = subprocess.run(
        [PROMTOOL, *words], input=text, capture_output=True, timeout=60, check=False
    )
    assert done.returncode == 0, (done.stdout + done.stderr).decode()
    return done.stdout.decode()


def test_prometheus_takes_the_rules() -> None:
    assert "13 rules found" in promtool("check", "rules", str(RULES))


def test_prometheus_finds_nothing_odd_in_the_exposition() -> None:
    measures = Measures(program="nadi-bridge 0.1.0", now_ms=int, monotonic=float)
    assert promtool("check", "metrics", text=measures.text()) == ""


def test_every_alert_is_tried() -> None:
    (group,) = yaml.safe_load(RULES.read_text())["groups"]
    assert {rule["alert"] for rule in group["rules"]} == set(CASES)


@pytest.mark.parametrize("alert", CASES)
def test_an_alert_comes_when_it_should_and_not_before(alert: str, tmp_path: Path) -> None:
    series, before, then = CASES[alert]
    document = {
        "rule_files": [str(RULES)],
        "evaluation_interval": "1m",
        "tests": [
            {
                "interval": "1m",
                "input_series": [{"series": s, "values": v} for s, v in series.items()],
                "promql_expr_test": [
                    _asked(alert, before, wanted=False),
                    _asked(alert, then, wanted=True),
                ],
            }
        ],
    }
    (tmp_path / "test.yml").write_text(yaml.safe_dump(document))
    promtool("test", "rules", str(tmp_path / "test.yml"))


def _asked(alert: str, at: str, *, wanted: bool) -> dict[str, Any]:
    query = f'count(ALERTS{{alertname="{alert}",alertstate="firing"}})'
    found = [{"labels": "{}", "value": 1}] if wanted else []
    return {"expr": query, "eval_time": at, "exp_samples": found}
