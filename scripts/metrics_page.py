"""The bridge's metrics as a page for people, from what it exposes."""

from broker_bridge.measures import Measures
from scripts.asyncapi_reference import GENERATED, table

INTRO = """\
A bridge with `[metrics] port = 9464` in its settings answers `GET http://127.0.0.1:9464/metrics`
in Prometheus's text format, on loopback alone. No label names a gateway or an asset: a city of any
size has as many series. What the store counts (gateways, quarantine, its size, bridges) is at most
half a minute old. The dashboard in `configs/grafana/` and the alert rules in `configs/prometheus/`
use these names.
"""


def metrics_page() -> str:
    """Every metric with its type, labels and meaning."""
    rows = []
    for family in Measures(program="", now_ms=int, monotonic=float).families():
        name = f"{family.name}_total" if family.type == "counter" else family.name
        labels = LABELS.get(family.name, "")
        rows.append((f"`{name}`", family.type, labels, family.documentation))
    listed = table(("name", "type", "labels", "meaning"), rows)
    head = GENERATED.replace("contract/", "broker_bridge/measures.py")
    return "\n".join([head, "# Metrics\n", INTRO, listed])


LABELS = {
    "nadi_bridge_build_info": "`program`",
    "nadi_bridge_gateways": "`state`: online, stopped, offline, unheard",
    "nadi_bridge_certificate_ends_seconds": "`certificate`: bridge, issuing, root",
}
