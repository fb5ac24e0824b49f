"""`nadi` as a technician runs it: a process with a terminal, or without one."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO, StringIO, TextIOWrapper
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

from contract.tls import Broker, client_context
from provisioning.__main__ import main
from provisioning.authority.folder import Authority
from provisioning.authority.making import Wish, make
from provisioning.authority.record import opened
from provisioning.certificates import Issuer, Role, client, key_pem, new_key, pem
from provisioning.language import use
from provisioning.visit import Visit, listens
from scripts.catalogues import PROGRAMS, compile_all
from scripts.district.broker import mosquitto
from scripts.district.ports import free_port
from scripts.district.process import Program

if TYPE_CHECKING:
    from tests.provisioning.pole import Pole

ROOT = Path(__file__).parents[2]
TIMEOUT_S = 60.0
PASSPHRASE = "rahasia dinas perhubungan"  # a secret that no output may show


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a run of `nadi` ended."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        """The one JSON document on standard output."""
        whole = json.loads(self.out)
        assert isinstance(whole, dict)
        return whole


@dataclass(frozen=True, slots=True, kw_only=True)
class Centre:
    """An authority and the broker that runs its folder."""

    authority: Authority
    broker: Program
    port: int
    passes: Path  # certificates that tests had made

    def address(
        self, name: str, *, role: Role = Role.GATEWAY, issuer: Issuer | None = None
    ) -> Broker:
        """How the holder of a new certificate reaches the broker; the city records it."""
        key, now = new_key(), datetime.now(UTC)
        signer = issuer or self.authority.issuing
        made = client(signer, key.public_key(), role=role, name=name, now=now)
        with opened(self.authority.record_file, write=True) as kept:
            kept.add(made, issuer="issuing", role=role)
        return self.shown(pem(made, *self.authority.chain), key)

    def shown(self, chain: bytes, key: EllipticCurvePrivateKey) -> Broker:
        """How whoever shows this chain reaches the broker."""
        file = self.passes / f"{len(list(self.passes.iterdir()))}"
        file.with_suffix(".pem").write_bytes(chain)
        file.with_suffix(".key").write_bytes(key_pem(key))
        return Broker(
            host="127.0.0.1",
            port=self.port,
            ca_file=str(self.authority.folder / "root.pem"),
            cert_file=str(file.with_suffix(".pem")),
            key_file=str(file.with_suffix(".key")),
        )

    def accepts(self, address: Broker) -> bool:
        """Whether the broker lets the holder in."""
        with Visit(address.host, address.port, client_context(address)) as visit:
            return visit.accepted


@pytest.fixture
def centre() -> Iterator[Centre]:
    """A city's authority, and Mosquitto started with its folder as it is, under its own user."""
    with tempfile.TemporaryDirectory(prefix="nadi-centre-") as name:
        top, port = Path(name), free_port(Random())
        top.chmod(0o755)  # as root, the broker becomes user mosquitto
        (top / "passes").mkdir()
        wish = Wish(city="baubau", hosts=("127.0.0.1",), listener=f"{port} 127.0.0.1", log="stderr")
        now = datetime.now(UTC)
        authority = make(top / "authority", wish, passphrase=PASSPHRASE, now=now)
        settings = authority.broker_folder / "mosquitto.conf"
        broker = Program("mosquitto", [mosquitto(), "-c", str(settings)], folder=top)
        broker.start()
        broker.wait_until(lambda: listens("127.0.0.1", port), what="listening", deadline_s=20)
        yield Centre(authority=authority, broker=broker, port=port, passes=top / "passes")
        broker.stop()


Nadi = Callable[..., Ended]


@pytest.fixture(scope="session", autouse=True)
def _compiled() -> None:
    for spoken in PROGRAMS:
        compile_all(spoken)


@pytest.fixture(autouse=True)
def _english() -> None:
    use("en")


@pytest.fixture
def nadi(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Nadi:
    """Runs `nadi` in a folder of its own, in English, with nobody to ask.

    `given` is what it reads; None leaves it no standard input at all.
    """
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str, given: str | None = "", env: Mapping[str, str] | None = None) -> Ended:
        out, err = _stream(), _stream()
        with monkeypatch.context() as process:
            process.setattr(sys, "stdin", None if given is None else StringIO(given))
            process.setattr(sys, "stdout", out)
            process.setattr(sys, "stderr", err)
            code = main(arguments, environment(tmp_path, env))
        return Ended(code=code, out=_text(out), err=_text(err))

    return run


@pytest.fixture
def nadi_process(tmp_path: Path) -> Nadi:
    """The same as a process of its own, where the environment or the language matters."""

    def run(*arguments: str, env: Mapping[str, str] | None = None) -> Ended:
        done = subprocess.run(
            [sys.executable, "-m", "provisioning", *arguments],
            cwd=tmp_path,
            env=environment(tmp_path, env),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
            check=False,
        )
        return Ended(code=done.returncode, out=done.stdout, err=done.stderr)

    return run


def _stream() -> TextIOWrapper:
    return TextIOWrapper(BytesIO(), encoding="utf-8", write_through=True)


def _text(stream: TextIOWrapper) -> str:
    buffer = stream.buffer
    assert isinstance(buffer, BytesIO)
    return buffer.getvalue().decode()


def environment(folder: Path, more: Mapping[str, str] | None = None) -> dict[str, str]:
    """What a process needs and nothing of the person who runs the tests."""
    return {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "HOME": str(folder),
        "TMPDIR": str(folder),
        "NADI_LANG": "en",
        "NADI_AUTHORITY": str(folder / "authority"),
        **(more or {}),
    }


@pytest.fixture
def passphrase(tmp_path: Path) -> str:
    """How a passphrase is given: by the name of a file."""
    (tmp_path / "passphrase").write_text(PASSPHRASE + "\n")
    return "file:passphrase"


@pytest.fixture
def authority(nadi: Nadi, passphrase: str, tmp_path: Path) -> Path:
    """The folder of a fresh authority of Baubau, whose broker is on this machine."""
    line = ("--city", "baubau", "--host", "127.0.0.1", "--passphrase", passphrase)
    ended = nadi("authority", "init", *line)
    assert ended.code == 0, ended.err
    return tmp_path / "authority"


@pytest.fixture
def working_pole(centre: Centre, tmp_path: Path) -> Iterator["Pole"]:
    """A gateway whose box is still empty."""
    from tests.provisioning.pole import standing  # noqa: PLC0415 it needs Centre

    with standing(centre, tmp_path / "pole") as there:
        yield there
