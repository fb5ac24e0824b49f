"""Keys, tokens and passphrases of a whole city in small stand in no place but their own."""

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from provisioning.visit import listens
from scripts.district.broker import mosquitto
from scripts.district.ports import free_port
from scripts.district.process import Program, python_program
from tests.provisioning.at_terminal import Sat, sat_down
from tests.provisioning.conftest import ROOT, environment
from tests.provisioning.test_at_a_terminal import CAMERA, CCTV, open_to_others, watching

pytestmark = [pytest.mark.system, pytest.mark.nightly]
HOST = "127.0.0.1"
PATIENCE_S = 60.0
ROOT_SECRET, LAPTOP_SECRET = "canary-of-the-root-5512", "canary-of-the-laptop-9034"
ONLINE, OFFLINE = "bb-0042", "bb-0043"


class Town:
    """An office, a broker, an endpoint, a bridge and two gateways, each run as people run them."""

    def __init__(self, top: Path) -> None:
        self.top, self.stick, self.shown = top, top / "stick", ""
        self.port, self.endpoint_port = free_port(Random(1)), free_port(Random(2))
        self.running: list[Program] = []
        programs = {"nadi-agent": "agent", "nadi-bridge": "broker_bridge", "nadi": "provisioning"}
        for name in ("stick", "bin", "online", "offline", "data"):
            (top / name).mkdir()
        for name, module in programs.items():
            file = top / "bin" / name
            file.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m {module} "$@"\n')
            file.chmod(0o755)
        for name, secret in (("root", ROOT_SECRET), ("laptop", LAPTOP_SECRET), ("cam", CAMERA)):
            (top / name).write_text(f"{secret}\n")
            (top / name).chmod(0o600)

    @property
    def environ(self) -> dict[str, str]:
        """Of a person there."""
        own = environment(self.top)
        return {**own, "PATH": f"{self.top / 'bin'}:{own['PATH']}", "TERM": "dumb"}

    def nadi(self, *words: str, answers: tuple[str, ...] = ()) -> Sat:
        """On a terminal; all that it showed is kept."""
        sat = sat_down(words, answers, folder=self.top, env=self.environ)
        self.shown += sat.shown
        return sat

    def done(self, *words: str, answers: tuple[str, ...] = ()) -> None:
        """The same, and it must succeed."""
        sat = self.nadi(*words, answers=answers)
        assert sat.code == 0, (words, sat.shown)

    def start(self, name: str, module: str, *words: str) -> Program:
        """A daemon; returns when it says that it is ready."""
        program = python_program(name, module, *words, folder=self.top, root=ROOT)
        self.running.append(program)
        program.start_and_wait(deadline_s=PATIENCE_S)
        return program


@pytest.fixture
def town() -> Iterator[Town]:
    with tempfile.TemporaryDirectory(prefix="nadi-canaries-") as name:
        Path(name).chmod(0o755)  # as root, the broker becomes user mosquitto
        made = Town(Path(name))
        yield made
        for program in reversed(made.running):
            if program.running:
                program.stop()


def test_no_secret_is_in_logs_process_lists_bundles_sticks_or_open_files(town: Town) -> None:
    with watching([ROOT_SECRET, LAPTOP_SECRET, CAMERA]) as seen:
        _office(town)
        _services(town)
        _gateways(town)
        _work(town)
        _accidents(town)
    for program in reversed(town.running):
        program.stop()
    secrets = [ROOT_SECRET, LAPTOP_SECRET, CAMERA, *_token(town), *_keys(town)]
    files = [one for one in town.top.rglob("*") if one.is_file() and not one.is_symlink()]
    assert seen == []
    assert [one for one in secrets if one in town.shown] == []
    unpacked = town.stick / "report"
    unpacked.mkdir()
    subprocess.run(["tar", "-xzf", town.stick / "report.tar.gz", "-C", unpacked], check=True)
    assert open_to_others(town.top, town.stick, secrets) == []
    holding = {
        str(one.relative_to(town.top))
        for one in files
        if any(secret.encode() in one.read_bytes() for secret in secrets)
    }
    strange = {name for name in holding if not _is_own_place(name)}
    assert strange == set()
    print(f"secrets={len(secrets)} files={len(files)} their_own={len(holding)} elsewhere=0")


def _office(town: Town) -> None:
    listen = ("--listen", f"{town.port} {HOST}", "--log", "stderr")
    city = ("--city", "baubau", "--host", HOST, "--passphrase", "file:root")
    town.done("authority", "init", *city, *listen)
    town.done(
        *("authority", "delegate", OFFLINE, "--out", "stick/delegation"),
        answers=(LAPTOP_SECRET, LAPTOP_SECRET),
    )
    enrolment = ("--enrolment", f"{HOST}:{town.endpoint_port}")
    town.done("gateway", "prepare", ONLINE, OFFLINE, "--out", "stick", *enrolment)
    town.done("gateway", "token", ONLINE, "--out", "token")


def _services(town: Town) -> None:
    folder = town.top / "authority"
    broker = Program(
        "broker", [mosquitto(), "-c", str(folder / "broker" / "mosquitto.conf")], folder=town.top
    )
    town.running.append(broker)
    broker.start()
    broker.wait_until(lambda: listens(HOST, town.port), what="listening", deadline_s=PATIENCE_S)
    (town.top / "enrolment.toml").write_text(
        f'authority = "{folder}"\naddress = "{HOST}"\nport = {town.endpoint_port}\n'
        f'hosts = ["{HOST}"]\n'
    )
    town.start(
        "endpoint", "provisioning.enrolment", "run", "--settings", str(town.top / "enrolment.toml")
    )
    own = folder / "clients" / "bridge"
    (town.top / "bridge.toml").write_text(
        f'city = "baubau"\n[broker]\nport = {town.port}\nca_file = "{own}/ca.pem"\n'
        f'cert_file = "{own}/bridge.pem"\nkey_file = "{own}/bridge.key"\n'
        f'[store]\npath = "{town.top}/city.db"\n'
    )
    town.start("bridge", "broker_bridge", "run", "--settings", str(town.top / "bridge.toml"))


def _gateways(town: Town) -> None:
    alike = ("--line", "none", "--start", "true", "--yes")
    bundle = ("--bundle", f"stick/{ONLINE}.bundle", "--token", "file:token")
    town.done("gateway", "enrol", *bundle, "--folder", "online", *alike)
    bundle = ("--bundle", f"stick/{OFFLINE}.bundle", "--delegation", "stick/delegation")
    town.done("gateway", "enrol", *bundle, "--folder", "offline", *alike, answers=(LAPTOP_SECRET,))
    settings = town.top / "online" / "agent.toml"
    settings.write_text(settings.read_text() + CCTV)
    changes = {
        "CCTV-1.password": "file:cam",
        "gateway.data_dir": str(town.top / "data"),
        "gateway.socket": str(town.top / "agent.sock"),
        "gateway.seal_interval_s": "1",
    }
    words = [word for key, value in changes.items() for word in ("--set", f"{key}={value}")]
    town.done("gateway", "edit", *words, "--settings", str(settings), "--restart", "true", "--yes")


def _work(town: Town) -> None:
    settings = ("--settings", str(town.top / "online" / "agent.toml"))
    agent = town.start("agent", "agent", "run", *settings)
    log = town.top / "agent.log"
    agent.wait_until(lambda: "CCTV-1" in log.read_text(), what="at fault", deadline_s=PATIENCE_S)
    town.nadi("doctor", "--report", "stick/report.tar.gz", *settings)
    town.done("collect", "stick", "--any", *settings)
    town.nadi("authority", "status")


def _accidents(town: Town) -> None:
    """What fails says why, and with --debug where in the program."""
    place = ("--settings", str(town.top / "online" / "agent.toml"), "--yes", "--debug")
    town.nadi("gateway", "edit", "--set", "CCTV-1.password=[", *place)
    bundle = ("--bundle", f"stick/{OFFLINE}.bundle", "--delegation", "stick/delegation")
    town.nadi("gateway", "enrol", *bundle, "--folder", "third", "--passphrase", "file:root", *place)
    key = ("--root-key", "authority/offline/root.key", "--passphrase", "file:laptop")
    assert town.nadi("authority", "renew", "issuing", *key).code != 0
    bundle = ("--bundle", f"stick/{ONLINE}.bundle", "--token", "file:token")
    again = ("--folder", "third", "--line", "none", "--yes")
    assert town.nadi("gateway", "enrol", *bundle, *again).code != 0


def _token(town: Town) -> list[str]:
    whole = (town.top / "token").read_text().strip()
    return [whole, whole.rpartition(":")[2]]


def _keys(town: Town) -> list[str]:
    """The first line of each private key that is not encrypted."""
    texts = [file.read_text() for file in town.top.rglob("*.key") if not file.is_symlink()]
    found = [text.splitlines()[1] for text in texts if "ENCRYPTED" not in text]
    assert len(found) >= 5
    return found


def _is_own_place(name: str) -> bool:
    """Where a secret is kept, or was put by hand."""
    settings = ("online/agent.toml", "online/agent.toml.previous")
    return name in ("root", "laptop", "cam", "token", *settings) or name.endswith(".key")
