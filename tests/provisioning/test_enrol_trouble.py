"""What goes wrong around an enrolment has words of its own, and leaves everything as it was."""

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path

import pytest

from contract.bundle import Endpoint
from provisioning import switches
from provisioning.authority.making import Wish, make
from provisioning.errors import Trouble
from provisioning.job import Job
from provisioning.joining.identity import Identities
from provisioning.outcome import Outcome
from provisioning.run import run
from provisioning.terminal import Terminal
from tests.provisioning.conftest import PASSPHRASE, ROOT, Nadi, environment
from tests.provisioning.endpoints import HOST, listening
from tests.provisioning.poles import CITY, GATEWAY, Pole, pole
from tests.provisioning.test_every_command import content

pytestmark = pytest.mark.system
NEW_YEAR_1970 = datetime(1970, 1, 1, 0, 5, tzinfo=UTC)
Enrol = Callable[[datetime], Outcome]


@pytest.fixture
def there(tmp_path: Path) -> Pole:
    made = pole(tmp_path)
    made.delegate(days=7)
    made.bundle()
    return made


@pytest.fixture
def said() -> StringIO:
    return StringIO()


@pytest.fixture
def enrol(there: Pole, said: StringIO, monkeypatch: pytest.MonkeyPatch) -> Enrol:
    """The wizard on a machine whose clock says that."""
    monkeypatch.chdir(there.top)

    def act(clock: datetime) -> Outcome:
        words = switches.take([*there.line, "--line", "none"])
        screen = Terminal(out=said, err=said, source=StringIO(), width=80, colour=False)
        job = Job(
            terminal=screen, switches=words, environ=there.environment,
            now=lambda: clock, monotonic=lambda: 0.0,
        )  # fmt: skip
        return run(job)

    return act


def test_a_clock_in_1970_is_said_and_the_gateway_has_a_certificate_of_today(
    enrol: Enrol, there: Pole, said: StringIO
) -> None:
    assert enrol(NEW_YEAR_1970).exit == 0
    assert "E-CLOCK-02" in said.getvalue()
    used = Identities(folder=there.folder).in_use()
    assert used is not None
    assert used.certificate is not None
    today = datetime.now(UTC)
    assert used.certificate.not_valid_before_utc < today < used.certificate.not_valid_after_utc
    assert enrol(NEW_YEAR_1970).code == "already"


def test_an_expired_delegation_is_named_and_nothing_is_written(enrol: Enrol, there: Pole) -> None:
    before = content(there.top)
    with pytest.raises(Trouble) as caught:
        enrol(datetime.now(UTC) + timedelta(days=8))
    assert caught.value.known.code == "E-DELEGATION-02"
    assert content(there.top) == before


def test_online_a_clock_that_is_behind_is_named_and_the_token_stays_good(
    there: Pole, nadi: Nadi
) -> None:
    """For whoever asks, a certificate that begins next month is one of a clock in 1970."""
    later = datetime.now(UTC) + timedelta(days=30)
    with listening(there.authority, now=lambda: later) as endpoint:
        place = Endpoint(host=HOST, port=endpoint.port)
        Pole(top=there.top, authority=there.authority, enrolment=[place]).bundle()
        (there.top / "token").write_text(endpoint.token(GATEWAY).text)
        (there.stick / "delegation").unlink()
        line = ["gateway", "enrol", "--bundle", f"usb:{GATEWAY}", "--token", "file:token"]
        more = ["--yes", "--line", "none", "--folder", str(there.folder), "--json"]
        before = content(there.authority.folder)
        ended = nadi(*line, *more, env=there.environment)
        assert (ended.code, ended.document["code"]) == (5, "E-CLOCK-03")
        assert endpoint.issued() == []
        assert content(there.authority.folder) == before
        assert not (there.folder / "gateway.pem").exists()


def test_after_a_lost_root_a_gateway_enrols_with_the_new_authority_once_told(
    there: Pole, nadi: Nadi
) -> None:
    assert nadi(*there.line, "--line", "none", env=there.environment).code == 0
    settings = (there.folder / "agent.toml").read_bytes()
    wish = Wish(city=CITY, hosts=(HOST,))
    fresh = make(there.top / "fresh", wish, passphrase=PASSPHRASE, now=datetime.now(UTC))
    new = Pole(top=there.top, authority=fresh)
    new.bundle(nonce="f" * 32)
    new.delegate()
    before = content(there.folder)
    line = [*new.line, "--line", "none", "--json"]
    assert nadi(*line, env=new.environment).document["code"] == "E-BUNDLE-05"
    assert content(there.folder) == before
    (there.folder / "identity").unlink()
    assert nadi(*line, env=new.environment).document["code"] == "done"
    used = Identities(folder=there.folder).in_use()
    assert used is not None
    assert used.anchor == fresh.root
    assert (there.folder / "agent.toml").read_bytes() == settings


@pytest.fixture
def taken() -> Iterator[int]:
    """A port that another program holds."""
    with socket.socket() as other:
        other.bind((HOST, 0))
        other.listen()
        yield other.getsockname()[1]


@pytest.mark.parametrize(
    ("spoken", "what"),
    [
        ("en", "Error: Port {port} of 127.0.0.1 is in use by another program."),
        ("id", "Galat: Port {port} di 127.0.0.1 sedang dipakai program lain."),
    ],
)
def test_the_endpoint_names_a_port_in_use_and_changes_nothing(
    there: Pole, taken: int, spoken: str, what: str
) -> None:
    settings = there.top / "enrolment.toml"
    settings.write_text(
        f'authority = "{there.authority.folder}"\naddress = "{HOST}"\nport = {taken}\n'
        f'hosts = ["{HOST}"]\n'
    )
    before = content(there.top)
    ended = endpoint_run(settings, spoken)
    assert ended.returncode == 1
    assert ended.stderr.splitlines()[0] == what.format(port=taken)
    assert ended.stderr.splitlines()[-1] == "E-PORT-01"
    assert content(there.top) == before


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (None, "E-PORT-03"),
        ('hosts = ["a"]\nprt = 1\n', "E-SETTING-01"),
        ('hosts = ["a"]\nauthority = "/none"\n', "E-AUTH-03"),
    ],
    ids=["no settings", "a misspelt key", "no authority"],
)
def test_the_endpoint_says_what_its_settings_lack(
    tmp_path: Path, text: str | None, code: str
) -> None:
    settings = tmp_path / "enrolment.toml"
    if text is not None:
        settings.write_text(text)
    ended = endpoint_run(settings, "id")
    assert ended.returncode in (1, 2)
    assert ended.stderr.splitlines()[-1] == code
    assert "Traceback" not in ended.stderr


def endpoint_run(settings: Path, spoken: str) -> "subprocess.CompletedProcess[str]":
    """It is expected to end by itself."""
    return subprocess.run(
        [sys.executable, "-m", "provisioning.enrolment", "run", "--settings", str(settings)],
        cwd=ROOT,
        env=environment(settings.parent, {"NADI_LANG": spoken, "PATH": os.environ["PATH"]}),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
