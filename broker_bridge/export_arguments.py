"""What `nadi-bridge export` may be asked for."""

import argparse
from pathlib import Path

from broker_bridge.language import _
from contract.identity import Kind

DATASETS = ("readings", "hours", "events", "gaps")
FORMATS = ("csv", "jsonl", "geojson", "parquet")


def export_arguments(command: argparse.ArgumentParser) -> None:
    """Adds them."""
    command.add_argument(
        "dataset", choices=DATASETS, help=_("hours are made by nadi-bridge retain")
    )
    command.add_argument("file", type=Path, metavar="FILE", help=_("a new file"))
    command.add_argument("--format", choices=FORMATS, help=_("if FILE's ending does not say it"))
    command.add_argument(
        "--asset", action="append", default=[], metavar="ID", help=_("of this one")
    )
    command.add_argument(
        "--kind",
        action="append",
        default=[],
        choices=[kind.value for kind in Kind],
        help=_("of this kind"),
    )
    command.add_argument(
        "--area", action="append", default=[], metavar="CODE",
        help=_("what stands in this kelurahan, such as 74.72.04.1001"),
    )  # fmt: skip
    command.add_argument(
        "--from", dest="from_", metavar="TIME",
        help=_("not before it: 2026-11-25, or 2026-11-25T18:00, of the city's time"),
    )  # fmt: skip
    command.add_argument(
        "--until", dest="until_", metavar="TIME",
        help=_("before it: 2026-11-25, or 2026-11-25T18:00, of the city's time"),
    )  # fmt: skip
    command.add_argument("--since", metavar="CURSOR", help=_("what came after an earlier export"))
    command.add_argument("--utc", action="store_true", help=_("times in UTC, not the city's"))
    command.add_argument("--public", action="store_true", help=_("only what [public] names"))
