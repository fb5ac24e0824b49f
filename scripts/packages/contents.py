"""What each package is: its programs, its own code, its wheels and its files."""

from dataclasses import dataclass
from pathlib import PurePosixPath

DEBIAN_PYTHON = "3.11"  # of Debian 12; a package for another release is another build
ARCHITECTURES = ("amd64", "arm64")
PLATFORMS = {
    "all": ("any",),
    "amd64": ("manylinux_2_34_x86_64", "manylinux_2_28_x86_64", "manylinux_2_17_x86_64"),
    "arm64": ("manylinux_2_34_aarch64", "manylinux_2_28_aarch64", "manylinux_2_17_aarch64"),
}
MAINTAINER = "Nadi Kota <nadi-kota@localhost.invalid>"
DOC = "usr/share/doc"
UNITS = "lib/systemd/system"
COMPLETIONS = "usr/share/bash-completion/completions"
AGENT_EXAMPLES = f"{DOC}/nadi-agent/examples"
BRIDGE_EXAMPLES = f"{DOC}/nadi-bridge/examples"
SIM_EXAMPLES = f"{DOC}/nadi-sim/examples"


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """One package; `files` maps a path of the repository to the folder it is installed in."""

    name: str
    home: str
    programs: dict[str, str]
    code: tuple[str, ...]
    lock: str
    files: dict[str, str]
    depends: tuple[str, ...] = ()
    architectures: tuple[str, ...] = ARCHITECTURES
    completion: str = ""  # a module that prints the words of its program for bash
    summary: str
    text: str

    def home_of(self, version: str) -> PurePosixPath:
        """Where the release `version` is installed, from the root."""
        return PurePosixPath(self.home.format(version=version))


PACKAGES = (
    Package(
        name="nadi-agent",
        # A release of its own for each version: an upgrade that fails goes back to the one before.
        home="opt/nadi-agent/releases/{version}",
        programs={"nadi-agent": "/opt/nadi-agent/current/bin/python -I -m agent"},
        code=("contract", "agent"),
        lock="gateway",
        files={
            "systemd/nadi-agent.service": f"{UNITS}/nadi-agent.service",
            "systemd/nadi-agent-trial.service": f"{UNITS}/nadi-agent-trial.service",
            "systemd/nadi-agent.sysusers.conf": "usr/lib/sysusers.d/nadi-agent.conf",
            "systemd/nadi-agent.rules": "lib/udev/rules.d/70-nadi-agent.rules",
            "systemd/nadi-agent.journald.conf": "usr/lib/systemd/journald.conf.d/nadi-agent.conf",
            "scripts/packages/nadi-agent/release": "usr/lib/nadi-agent/release",
            "configs/agent.example.toml": f"{AGENT_EXAMPLES}/agent.example.toml",
            "configs/modbus": "usr/share/nadi-agent/modbus",
        },
        depends=("debconf (>= 1.5)", "init-system-helpers", "systemd (>= 252)", "passwd"),
        summary="the gateway's agent of Nadi Kota",
        text="Reads streetlights, waste bins, cameras and Wi-Fi, keeps every reading on the card"
        " until the city's store has it, and sends it over MQTT. Installing, upgrading and"
        " removing never touch what waits on the card.",
    ),
    Package(
        name="nadi-bridge",
        home="opt/nadi-bridge",
        programs={"nadi-bridge": "/opt/nadi-bridge/bin/python -I -m broker_bridge"},
        code=("contract", "broker_bridge"),
        lock="bridge",
        files={
            "systemd/nadi-bridge.service": f"{UNITS}/nadi-bridge.service",
            "systemd/nadi-retention.service": f"{UNITS}/nadi-retention.service",
            "systemd/nadi-retention.timer": f"{UNITS}/nadi-retention.timer",
            "systemd/nadi-backup.service": f"{UNITS}/nadi-backup.service",
            "systemd/nadi-backup.timer": f"{UNITS}/nadi-backup.timer",
            "systemd/nadi-bridge.sysusers.conf": "usr/lib/sysusers.d/nadi-bridge.conf",
            "systemd/mosquitto.service.d": f"{BRIDGE_EXAMPLES}/mosquitto.service.d",
            "configs/bridge.example.toml": f"{BRIDGE_EXAMPLES}/bridge.example.toml",
            "requirements/parquet.lock": f"{DOC}/nadi-bridge/parquet.lock",
            "configs/grafana": f"{BRIDGE_EXAMPLES}/grafana",
            "configs/prometheus": f"{BRIDGE_EXAMPLES}/prometheus",
        },
        depends=("init-system-helpers", "systemd (>= 252)"),
        summary="the city's bridge of Nadi Kota, from the broker to the store",
        text="Commits every reading of every gateway to the city store exactly once, tells the"
        " gateways, and publishes a clean feed for central systems.",
    ),
    Package(
        name="nadi",
        home="opt/nadi",
        programs={
            "nadi": "/opt/nadi/bin/python -I -m provisioning",
            "nadi-enrolment": "/opt/nadi/bin/python -I -m provisioning.enrolment",
        },
        code=("contract", "provisioning"),
        lock="provisioning",
        files={
            "systemd/nadi-enrolment.service": f"{UNITS}/nadi-enrolment.service",
            "systemd/nadi-enrolment.sysusers.conf": "usr/lib/sysusers.d/nadi-enrolment.conf",
            "systemd/nadi-renewal.service": f"{UNITS}/nadi-renewal.service",
            "systemd/nadi-renewal.timer": f"{UNITS}/nadi-renewal.timer",
            "systemd/nadi-lists.service": f"{UNITS}/nadi-lists.service",
            "systemd/nadi-lists.timer": f"{UNITS}/nadi-lists.timer",
            "configs/enrolment.example.toml": f"{DOC}/nadi/examples/enrolment.example.toml",
        },
        depends=("init-system-helpers", "systemd (>= 252)"),
        completion="scripts.packages.completion",
        summary="the technician's command of Nadi Kota",
        text="Makes the city's authority and its broker's folder, and brings gateways from the box"
        " to the pole, with a network or without one.",
    ),
    Package(
        name="nadi-sim",
        home="opt/nadi-sim",
        programs={"nadi-sim": "/opt/nadi-sim/bin/python -I -m firmware_sim"},
        code=("firmware_sim",),
        lock="simulator",
        architectures=("all",),
        files={"configs/sim-district.example.toml": f"{SIM_EXAMPLES}/sim-district.example.toml"},
        summary="field devices of Nadi Kota, simulated byte for byte",
        text="Meters, sensors, cameras and access points on pseudo terminals and sockets, to try a"
        " gateway without a pole. Not for a gateway that is on one.",
    ),
)  # fmt: skip
