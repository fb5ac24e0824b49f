"""The tests that are marked nightly, one file a part; each part ends with one JSON line."""

import argparse
import json
import re
import subprocess
import sys

from tests.campaigns.progress import ROOT

MARK = "pytest.mark.nightly"


def marked_files() -> list[str]:
    """The test files with a nightly test, in order."""
    found = sorted((ROOT / "tests").rglob("test_*.py"))
    return [str(one.relative_to(ROOT)) for one in found if MARK in one.read_text(encoding="utf-8")]


def main() -> int:
    """0 if all of these files' nightly tests passed."""
    parser = argparse.ArgumentParser(prog="python -m tests.campaigns.marked", description=__doc__)
    parser.add_argument("--first", type=int, default=0, help="the first file")
    parser.add_argument("--count", type=int, default=1, help="how many files")
    parser.add_argument("--json", action="store_true", help="end with one JSON object")
    wanted = parser.parse_args()
    broken = 0
    for path in marked_files()[wanted.first : wanted.first + wanted.count]:
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-m", "nightly", path],
            cwd=ROOT, capture_output=True, text=True, check=False,
        )  # fmt: skip
        failed = re.findall(r"^(?:FAILED|ERROR) (\S+)", done.stdout, flags=re.MULTILINE)
        if done.returncode:
            broken += max(1, len(failed))
            print(f"broken: {', '.join(failed) or done.stdout[-500:]}")
            print(f"  replay: python -m pytest -m nightly {' '.join(failed) or path}")
    if wanted.json:
        print(json.dumps({"done": wanted.count, "broken": broken}))
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
