"""`python -m benchmarks.imports FILE MODULE …` runs a module and writes what it has loaded."""

import runpy
import sys
from pathlib import Path


def main() -> None:
    """Runs the module as `python -m` would, and writes the file when it ends."""
    file, module, *arguments = sys.argv[1:]
    sys.argv = [module, *arguments]
    try:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    finally:
        Path(file).write_text("\n".join(sorted(sys.modules)))


if __name__ == "__main__":
    main()
