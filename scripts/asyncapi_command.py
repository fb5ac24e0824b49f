"""`scripts/asyncapi`: what central systems and people read of the wire is what the code says."""

import argparse
import configparser
import sys
from collections.abc import Sequence
from pathlib import Path

from scripts.asyncapi_document import document
from scripts.asyncapi_reference import quantities_page, topics_page
from scripts.asyncapi_yaml import to_yaml
from scripts.drivers_page import drivers_page
from scripts.events_page import events_page
from scripts.metrics_page import metrics_page

ROOT = Path(__file__).parents[1]
HEAD = "# Generated from contract/ by scripts/asyncapi; do not edit.\n"


def main(arguments: Sequence[str] | None = None) -> int:
    """Writes or checks the files; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="scripts/asyncapi",
        description="Writes docs/asyncapi.yaml and docs/reference/ from contract/.",
    )
    parser.add_argument(
        "--check", action="store_true", help="only say whether they agree with contract/"
    )
    if parser.parse_args(arguments).check:
        return _check()
    for path, text in generated().items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return 0


def generated() -> dict[Path, str]:
    """Every generated file and its text."""
    docs = ROOT / "docs"
    return {
        docs / "asyncapi.yaml": HEAD + to_yaml(document(program=_version())),
        docs / "reference" / "topics.md": topics_page(),
        docs / "reference" / "quantities.md": quantities_page(),
        docs / "reference" / "events.md": events_page(),
        docs / "reference" / "drivers.md": drivers_page(),
        docs / "reference" / "metrics.md": metrics_page(),
    }


def drifted() -> list[str]:
    """Generated files that are missing or say something else than the code."""
    return [
        str(path.relative_to(ROOT))
        for path, text in generated().items()
        if not path.is_file() or path.read_text(encoding="utf-8") != text
    ]


def _check() -> int:
    for name in (names := drifted()):
        print(
            f"error: {name} does not agree with contract/\n hint: run scripts/asyncapi, then read"
            " what changed",
            file=sys.stderr,
        )
    return 1 if names else 0


def _version() -> str:
    settings = configparser.ConfigParser()
    settings.read(ROOT / "setup.cfg", encoding="utf-8")
    return settings["metadata"]["version"]


if __name__ == "__main__":
    sys.exit(main())
