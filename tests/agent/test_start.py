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


def test_a_camera_without_a_port_of_a_switch_loads_no_snmp() -> None:
    assert loaded_by("import agent.drivers.camera").isdisjoint({"agent.drivers.snmp"})


def test_a_start_loads_no_library_that_no_setting_names() -> None:
    assert loaded_by("import agent.app, agent.drivers.registry").isdisjoint(ONLY_WHEN_NAMED)


def loaded_by(line: str) -> set[str]:
    code = f"{line}; import json, sys; print(json.dumps(list(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout))
