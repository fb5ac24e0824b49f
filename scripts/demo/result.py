"""The balance sheet, a question the store answers, and one line for machines."""

import json

from rich.console import Console
from rich.table import Table

from scripts.district.broker import Broker
from scripts.district.certificates import Credentials
from scripts.district.judge import Verdict
from scripts.district.sheet import Tally
from scripts.district.stored import CityStore

COLUMNS = ("sealed", "committed", "held", "rejected", "lost", "duplicates")
TITLE = "Balance: sealed = committed + held + rejected + lost"
EXAMPLE = "SELECT asset, quantity, value, unit, quality, observed_at FROM latest"
EXAMPLE_WHERE = " WHERE kind = 'streetlight' AND quantity = 'active_power' ORDER BY asset LIMIT 4"


def print_balance(verdict: Verdict, console: Console) -> None:
    """One row a gateway for readings, one for events; then whatever should not be."""
    table = Table(title=TITLE, title_justify="left")
    table.add_column("gateway")
    table.add_column("what")
    for name in (*COLUMNS, "unsealed"):
        table.add_column(name, justify="right")
    for sheet in verdict.sheets:
        table.add_row(sheet.gateway, "readings", *_cells(sheet.readings), f"{sheet.unsealed}")
        table.add_row("", "events", *_cells(sheet.events), "")
    console.print(table)
    console.print(
        "counted in store and outboxes; each stored reading equals one answer of a device;\n"
        "unsealed: taken in the one round that a kill ended before it was sealed"
    )
    for finding in verdict.findings:
        console.print(f"✗ {finding}", style="red", markup=False, soft_wrap=True)
    if verdict.good:
        console.print("✓ nothing lost, nothing doubled, the balance closes", style="green")


def _cells(tally: Tally) -> list[str]:
    return [f"{getattr(tally, name):,}" for name in COLUMNS]


def print_example(store: CityStore, console: Console) -> None:
    """What the city's own people may ask."""
    console.print(f"\nAsk the store: {EXAMPLE}{EXAMPLE_WHERE};", markup=False, soft_wrap=True)
    for row in store.query(EXAMPLE + EXAMPLE_WHERE):
        console.print("  " + " | ".join(map(str, row)), markup=False, soft_wrap=True)


def print_feed(broker: Broker, reader: Credentials, city: str, console: Console) -> None:
    """How a central system listens, while a district runs."""
    console.print(
        "\nListen to the feed while it runs (the certificates are gone afterwards):\n"
        f"  mosquitto_sub -V 5 -h 127.0.0.1 -p {broker.port} --cafile {reader.ca_file}"
        f" --cert {reader.cert_file} --key {reader.key_file} -v -t 'nadi/v1/{city}/feed/#'",
        markup=False,
        soft_wrap=True,
        highlight=False,
    )


def machine_line(verdict: Verdict) -> str:
    """One JSON object: readings of all gateways."""
    readings = verdict.readings
    said = {name: getattr(readings, name) for name in COLUMNS}
    return json.dumps({**said, "unsealed": verdict.unsealed})
