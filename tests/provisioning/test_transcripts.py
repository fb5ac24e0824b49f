"""What the technician's pages show is what happens, in both languages."""

import os
import re
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from provisioning.__main__ import main
from provisioning.authority.making import Wish, make
from provisioning.certificates import Role, client, pem
from provisioning.joining.identity import Identities
from tests.provisioning import pole as working
from tests.provisioning.conftest import PASSPHRASE, ROOT, Centre, environment
from tests.provisioning.cutoff import CutOff, cut_off
from tests.provisioning.feeding import may_hear, state, telling
from tests.provisioning.parting import Parted, parted
from tests.provisioning.poles import Pole, bin_of, lamp, playing, pole
from tests.provisioning.renewals import Renewing, renewing
from tests.provisioning.transcript import Block, Step, alike, blocks, play

pytestmark = pytest.mark.system
PAGES = {"en": ROOT / "docs" / "technician.md", "id": ROOT / "docs" / "technician.id.md"}
HEADER = "kind;id;name;latitude;longitude;kelurahan;gateway\n"
LISTS = {
    "assets.csv": HEADER
    + "streetlight;PJU 0001;Jl. Betoambari 12;-5,4702;122,5969;74.72.06.1007;bb-0001\n"
    "streetlight;PJU-0002;Jl. Betoambari 14;122,5971;-5,4706;74.72.06.1007;bb-0001\n"
    "waste_bin;TPS-0001;Pasar Wameo;-5,4655;122,5985;Wameo;bb-0002\n",
    "mended.csv": HEADER
    + "streetlight;PJU-0001;Jl. Betoambari 12;-5,4702;122,5969;74.72.06.1007;bb-0001\n"
    "streetlight;PJU-0002;Jl. Betoambari 14;-5,4706;122,5971;74.72.06.1007;bb-0001\n"
    "waste_bin;TPS-0001;Pasar Wameo;-5,4655;122,5985;74.72.08.1003;bb-0002\n",
}
BLOCKS = [
    pytest.param(language, block, id=f"{language}-{block.steps[0].command[:40]}")
    for language, page in PAGES.items()
    for block in blocks(page.read_text(encoding="utf-8"))
]

LINES = """
[[line]]
name = "pju"
port = "pju"
[[line.device]]
type = "pzem004t"
asset = "PJU-0001"
address = 1
[[line.device]]
type = "pzem004t"
asset = "PJU-0002"
address = 2
[[line]]
name = "bin"
port = "bin"
[[line.device]]
type = "a02yyuw"
asset = "TPS-0001"
"""


@pytest.fixture
def desk(tmp_path: Path) -> dict[str, str]:
    """The environment of a terminal on which `nadi` is this very code; other fixtures add to it."""
    programs = tmp_path / "bin"
    programs.mkdir(exist_ok=True)
    command = programs / "nadi"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m provisioning "$@"\n')
    command.chmod(0o755)
    (tmp_path / "passphrase").write_text(f"{PASSPHRASE}\n")
    more = {
        "PATH": f"{programs}:{os.environ['PATH']}",
        "NADI_AUTHORITY": "authority",
        "TERM": "dumb",
        "COLUMNS": "80",
    }
    return environment(tmp_path, more)


@pytest.fixture
def lonely(tmp_path: Path) -> Iterator[CutOff]:
    with cut_off(tmp_path, batches=12) as made:
        yield made


@pytest.fixture
def standing_pole(tmp_path: Path) -> Iterator[Pole]:
    """Nobody has enrolled it yet; its lines are simulated."""
    made = pole(tmp_path)
    made.delegate()
    made.bundle(assets=[lamp(1), lamp(2), bin_of(1)])
    with playing(tmp_path, LINES):
        yield made


@pytest.fixture
def parted_gateway(centre: Centre, tmp_path: Path) -> Parted:
    return parted(centre, tmp_path)


@pytest.fixture
def renewing_pole(centre: Centre, tmp_path: Path) -> Iterator[Renewing]:
    with renewing(centre, tmp_path / "pole") as made:
        yield made


@pytest.fixture
def enrolled_pole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Pole:
    """Twenty days ago, for fourteen; the office has sent what is needed now."""
    monkeypatch.chdir(tmp_path)
    made = pole(tmp_path)
    made.delegate()
    made.bundle()
    assert main([*made.line, "--line", "none", "--json"], made.environment) == 0
    identity = Identities(folder=made.folder).in_use()
    assert identity is not None
    issuer, at = made.authority.issuing, datetime.now(UTC) - timedelta(days=20)
    own = client(
        issuer, identity.key().public_key(), role=Role.GATEWAY, name="bb-0042", now=at,
        life=timedelta(days=14),
    )  # fmt: skip
    identity.complete(chain=pem(own, *made.authority.chain), anchor=pem(made.authority.root))
    made.bundle(nonce="f" * 32)
    return made


@pytest.mark.parametrize(("language", "block"), BLOCKS)
def test_a_transcript_shows_what_happens(
    language: str,
    block: Block,
    desk: dict[str, str],
    tmp_path: Path,
    request: pytest.FixtureRequest,
) -> None:
    for need in block.needs:
        NEEDS[need](request, desk)
    for step in block.steps:
        shown = play(step, folder=tmp_path, env={**desk, "NADI_LANG": language})
        assert alike(shown) == alike(step.shown), step.command


def _office(_request: pytest.FixtureRequest, _desk: dict[str, str]) -> None:
    """An empty folder and a passphrase are all that an office has at first."""


def _broker(request: pytest.FixtureRequest, desk: dict[str, str]) -> None:
    """A city whose broker runs and whose gateway bb-0042 has a certificate."""
    centre: Centre = request.getfixturevalue("centre")
    centre.address("bb-0042", role=Role.GATEWAY)
    desk["NADI_AUTHORITY"] = str(centre.authority.folder)


def _lists(request: pytest.FixtureRequest, desk: dict[str, str]) -> None:
    """An authority, and lists of assets as they come from other offices."""
    folder: Path = request.getfixturevalue("tmp_path")
    wish = Wish(city="baubau", hosts=("127.0.0.1",))
    make(folder / "authority", wish, passphrase=PASSPHRASE, now=datetime.now(UTC))
    desk["SUDO_USER"] = "wati"
    for name, text in LISTS.items():
        (folder / name).write_text(text)


def _imported(request: pytest.FixtureRequest, desk: dict[str, str]) -> None:
    """The mended list is in the inventory."""
    line = Step(command="nadi fleet import mended.csv", shown=())
    play(line, folder=request.getfixturevalue("tmp_path"), env={**desk, "NADI_LANG": "en"})


def _cut_off(request: pytest.FixtureRequest, _desk: dict[str, str]) -> None:
    """bb-0042 is cut off with 12 batches; the stick is in, and the bridge has its settings."""
    request.getfixturevalue("lonely")


def _pole(request: pytest.FixtureRequest, desk: dict[str, str]) -> None:
    """A gateway on its pole, with two lamps and a bin, and a stick with bundle and delegation."""
    there: Pole = request.getfixturevalue("standing_pole")
    desk["NADI_STICK"] = str(there.stick)


def _running(request: pytest.FixtureRequest, desk: dict[str, str]) -> None:
    """A gateway on its pole with everything running, and its readings arriving."""
    pole: working.Pole = request.getfixturevalue("working_pole")
    pole.play()
    pole.start_bridge()
    pole.start_agent().wait_until(pole.is_receipted, what="receipted", deadline_s=60)
    _at(pole, desk)


def _renewable(request: pytest.FixtureRequest, desk: dict[str, str]) -> None:
    """A gateway at work whose certificate has lived for ten of its fourteen days."""
    there: Renewing = request.getfixturevalue("renewing_pole")
    there.pole.play()
    there.pole.start_bridge()
    there.supervised()
    programs, _, path = desk["PATH"].partition(":")
    command = Path(programs) / "restart-agent"
    command.write_text(f"#!/bin/sh\nexec {there.restart}\n")
    command.chmod(0o755)
    (Path(programs).parent / "etc").symlink_to(there.folder)
    desk["PATH"] = f"{programs}:{there.pole.path()}:{path}"
    desk["NADI_AUTHORITY"] = str(there.centre.authority.folder)


def _ran_out(request: pytest.FixtureRequest, desk: dict[str, str]) -> None:
    """An enrolled gateway whose certificate ran out; a fresh bundle and delegation are in."""
    there: Pole = request.getfixturevalue("enrolled_pole")
    desk["NADI_STICK"] = str(there.stick)


def _at_work(request: pytest.FixtureRequest, desk: dict[str, str]) -> None:
    """A gateway on its pole whose agent a person restarts: there is no systemd here."""
    pole: working.Pole = request.getfixturevalue("working_pole")
    pole.play()
    pole.write_settings()
    _at(pole, desk)


def _gone(request: pytest.FixtureRequest, desk: dict[str, str]) -> None:
    """bb-0042 is dead; the city heard from it, and lacks 12 of its batches."""
    there: Parted = request.getfixturevalue("parted_gateway")
    desk["NADI_AUTHORITY"] = str(there.centre.authority.folder)


def _card(request: pytest.FixtureRequest, _desk: dict[str, str]) -> None:
    """The card of bb-0042 is mounted, with 12 batches."""
    request.getfixturevalue("lonely").mount_card()


def _unplugged(request: pytest.FixtureRequest, desk: dict[str, str]) -> None:
    """A gateway whose adapter for the lamps is not plugged in."""
    pole: working.Pole = request.getfixturevalue("working_pole")
    lines = [pole.settings.serial[1].model_copy(update={"port": "/dev/ttyUSB77"})]
    pole.write_settings(pole.settings.model_copy(update={"serial": lines}))
    _at(pole, desk)


def _at(pole: working.Pole, desk: dict[str, str]) -> None:
    desk["NADI_SETTINGS"] = str(pole.settings_file)
    desk["PATH"] = f"{desk['PATH'].partition(':')[0]}:{pole.path()}:{os.environ['PATH']}"


def _fleet(request: pytest.FixtureRequest, desk: dict[str, str]) -> None:
    """A city that has heard of four gateways."""
    centre: Centre = request.getfixturevalue("centre")
    may_hear(centre)
    desk["NADI_AUTHORITY"] = str(centre.authority.folder)
    hour, minute = timedelta(hours=1), timedelta(minutes=1)
    with telling(centre) as tell:
        tell(
            state("bb-0001", room=44.0),
            state("bb-0002", "offline", ago=3 * hour + minute, waits=6, room=31.2),
            state("bb-0003", waits=60, oldest=12 * minute, room=44.0),
            state("bb-0004", "stopped", ago=50 * hour),
        )


# A page's comment names what must be there before its block is played; add yours here.
NEEDS: dict[str, Callable[[pytest.FixtureRequest, dict[str, str]], None]] = {
    "office": _office,
    "broker": _broker,
    "cut off": _cut_off,
    "lists": _lists,
    "imported": _imported,
    "pole": _pole,
    "unplugged": _unplugged,
    "running": _running,
    "at work": _at_work,
    "fleet": _fleet,
    "gone": _gone,
    "card": _card,
    "renewable": _renewable,
    "ran out": _ran_out,
}


def test_both_pages_have_the_same_transcripts() -> None:
    english, indonesian = (
        [
            (block.needs, [re.sub(r"--reason \S+", "", step.command) for step in block.steps])
            for block in blocks(page.read_text(encoding="utf-8"))
        ]
        for page in PAGES.values()
    )
    assert english == indonesian != []


def test_a_transcript_that_lies_is_found_out(desk: dict[str, str], tmp_path: Path) -> None:
    (lie,) = blocks("```console\n$ nadi authority status\nok    All is well\n```")
    shown = play(lie.steps[0], folder=tmp_path, env={**desk, "NADI_LANG": "en"})
    assert alike(shown) != alike(lie.steps[0].shown)


def test_point_2_the_wizard_ends_with_the_line_that_does_the_same(
    desk: dict[str, str], tmp_path: Path
) -> None:
    (wizard,) = blocks(
        "```console\n$ nadi authority init --passphrase file:passphrase\n"
        "City: baubau\nAddress or name of the broker: 127.0.0.1 broker.example.org\n```"
    )
    shown = play(wizard.steps[0], folder=tmp_path, env={**desk, "NADI_LANG": "en"})
    line = next(one.strip() for one in shown if "--city" in one)
    assert line == (
        "nadi authority init --passphrase file:passphrase --city baubau "
        "--host 127.0.0.1 --host broker.example.org"
    )
    again = Step(command=line, shown=())
    assert play(again, folder=tmp_path, env={**desk, "NADI_LANG": "en"})[0] == (
        "ok    The authority of baubau is there already."
    )


def test_an_authority_can_be_made_under_a_relative_path(tmp_path: Path) -> None:
    wish = Wish(city="baubau", hosts=("127.0.0.1",))
    made = make(tmp_path / "a", wish, passphrase=PASSPHRASE, now=datetime.now(UTC))
    settings = (made.broker_folder / "mosquitto.conf").read_text()
    assert f"acl_file {tmp_path}/a/broker/nadi.acl" in settings
