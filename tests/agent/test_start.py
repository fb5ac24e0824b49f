"""An agent starts with little, whatever it could read."""

import json
import subprocess
import sys

ONLY_WHEN_NAMED = (
    "agent.drivers.snmp",
    "agent.drivers.rtsp_camera",
    "agent.drivers.chirpstack",
    "PIL",
    "cryptography",
    "gpiozero",
    "serial",
    "sqlite_utils",
    "typer",
    "xml.etree.ElementTree",
)


def test_a_start_loads_no_library_that_no_setting_names() -> None:
    code = (
        "import agent.app, agent.drivers.registry, json, sys; print(json.dumps(list(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(json.loads(done.stdout))
    assert loaded.isdisjoint(ONLY_WHEN_NAMED)
