"""`nadi status` tells the fleet's state from the city's own feed, the worst first."""

import shutil
import socket
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest

from contract.identity import Kind
from contract.messages import GatewayState, LogLine
from provisioning import language
from provisioning.inventory import book, changing
from provisioning.inventory.book import Because, Entry
from provisioning.inventory.changing import Change
from provisioning.watching.fleet import Gateway, State, in_order, judged
from scripts.district.fibre import Fibre
from scripts.district.ports import free_port
from tests.provisioning.conftest import Centre, Ended, Nadi
from tests.provisioning.feeding import NOW, Tell, may_hear, state, telling
from tests.provisioning.pole import NAME, Pole

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


def judge(said: GatewayState | None) -> Gateway:
    return judged("bb-0001", said, None, NOW)


def then(*words: Any, **more: Any) -> GatewayState:
    return state(*words, now=NOW, **more)


@pytest.mark.parametrize(
    ("said", "wanted"),
    [
        (then(), State.ONLINE),
        (then(waits=3, oldest=20 * timedelta(seconds=1)), State.ONLINE),
        (then(waits=400, oldest=HOUR), State.BUFFERING),
        (then(said="offline"), State.SILENT),
        (then(ago=HOUR), State.SILENT),
        (then(said="stopped"), State.DRAINED),
        (then(said="stopped", ago=400 * HOUR), State.DRAINED),
        (then(said="stopped", waits=1, oldest=MINUTE), State.BUFFERING),
        (None, State.UNHEARD),
    ],
)
def test_a_gateway_is_judged_by_its_last_word(said: GatewayState | None, wanted: State) -> None:
    assert judge(said).state is wanted


def test_a_silent_gateway_goes_on_filling_its_card() -> None:
    silent = judge(then(said="offline", ago=12 * HOUR, waits=9, oldest=HOUR, room=3.0))
    assert (silent.room_days, silent.oldest) == (2.5, 13 * HOUR)
    assert judge(then(said="offline", ago=240 * HOUR, room=3.0)).room_days == 0.0


def test_one_whose_card_is_full_soon_fails_though_it_is_connected() -> None:
    said = then(waits=400, oldest=HOUR, room=1.5)
    assert (judge(said).state, judge(said).sign.name) == (State.BUFFERING, "FAIL")
    assert judge(then(waits=400, oldest=HOUR, room=40.0)).sign.name == "WAIT"
    assert judge(then(faults=("line pju: /dev/ttyUSB0 is missing",))).sign.name == "WARN"


def test_the_worst_is_first_and_of_two_alike_the_one_that_waits_longest() -> None:
    told = {
        "a-online": then("a-online"),
        "b-short": then("b-short", "offline", ago=HOUR),
        "c-long": then("c-long", "offline", ago=9 * HOUR),
        "d-buffers": then("d-buffers", waits=100, oldest=HOUR),
        "e-drained": then("e-drained", "stopped"),
        "g-faulty": then("g-faulty", faults=("x",)),
    }
    found = [judged(name, said, None, NOW) for name, said in told.items()]
    found.append(judged("f-unheard", None, None, NOW))
    assert [one.name for one in in_order(reversed(found))] == [
        *("c-long", "b-short", "d-buffers", "f-unheard", "g-faulty", "a-online", "e-drained")
    ]


@pytest.mark.parametrize("said", [None, then(said="stopped"), then(said="offline", ago=HOUR)])
def test_a_retired_gateway_is_told_as_retired_and_not_as_a_fault(
    said: GatewayState | None,
) -> None:
    entry = Entry(id="bb-0001", kind=Kind.GATEWAY, retired=True)
    retired = judged("bb-0001", said, entry, NOW)
    assert (retired.state, retired.sign.name) == (State.RETIRED, "OK")


def test_a_retired_gateway_that_goes_on_talking_is_told_as_it_is() -> None:
    entry = Entry(id="bb-0001", kind=Kind.GATEWAY, retired=True)
    assert judged("bb-0001", then(), entry, NOW).state is State.ONLINE


@pytest.fixture
def office(centre: Centre) -> Centre:
    """A city whose office may hear the feed."""
    may_hear(centre)
    return centre


@pytest.fixture
def tell(office: Centre) -> Iterator[Tell]:
    with telling(office) as tell:
        yield tell


def status(nadi: Nadi, office: Centre, *words: str, **more: Any) -> Ended:
    return nadi("status", "--authority", str(office.authority.folder), *words, **more)


def known(office: Centre, *entries: Entry) -> None:
    """They are in the office's inventory."""
    because = Because(who="wati", why="test", at=datetime.now(UTC))
    with book.opened(office.authority.folder / book.FILE, write=True) as kept:
        changing.apply(kept, [Change(before=None, after=one) for one in entries], because)


def gateway(name: str, kelurahan: str = "") -> Entry:
    return Entry(id=name, kind=Kind.GATEWAY, kelurahan=kelurahan)


@pytest.mark.system
def test_the_feed_becomes_a_table_with_the_worst_first(
    nadi: Nadi, office: Centre, tell: Tell
) -> None:
    tell(
        state("bb-0001", room=44.0),
        state("bb-0002", "offline", ago=3 * HOUR + MINUTE, waits=6, room=31.2),
        state("bb-0003", waits=60, oldest=12 * MINUTE, room=44.0),
        state("bb-0004", "stopped", ago=50 * HOUR),
    )
    known(office, gateway("bb-0005"))
    ended = status(nadi, office)
    assert (ended.code, ended.err) == (4, "")
    assert ended.out.splitlines() == [
        "      Gateway  State        Waits  For     Room  Heard",
        "FAIL  bb-0002  silent       24     3 h     31 d  3 h ago",
        "wait  bb-0003  buffering    240    12 min  44 d  now",
        "warn  bb-0005  never heard  –      –       –     –",
        "ok    bb-0001  online       –      –       44 d  now",
        "ok    bb-0004  drained      –      –       –     2 d ago",
        "5 gateways",
        "1 online · 1 buffering · 1 silent · 1 drained · 1 never heard",
    ]


@pytest.mark.system
def test_point_8_its_document_is_the_same_in_every_language(
    nadi: Nadi, office: Centre, tell: Tell
) -> None:
    tell(state("bb-0001", room=44.0), state("bb-0002", "offline", ago=HOUR))
    documents = {
        status(nadi, office, "--json", env={"NADI_LANG": spoken}).out
        for spoken in language.LANGUAGES
    }
    assert len(documents) == 1
    ended = status(nadi, office, "--json")
    first, second = ended.document["result"]["gateways"]
    assert (first["gateway"], first["state"], first["sign"]) == ("bb-0002", "silent", "fail")
    assert (second["state"], second["status"]["runway_days"]) == ("online", 44.0)


@pytest.mark.system
def test_only_what_was_asked_for_is_shown(nadi: Nadi, office: Centre, tell: Tell) -> None:
    fault = "line lamps: [/dev/ttyUSB0] is missing"
    gone = LogLine(age_ms=7_200_000, text="the line is gone line=lamps", times=31)
    tell(state("bb-0001", faults=(fault,), log=(gone,)), state("bb-0002"), state("bb-0003"))
    here, there = "74.72.06.1007", "74.72.08.1003"
    known(office, gateway("bb-0001", here), gateway("bb-0002", there), gateway("bb-0003", there))

    def names(*words: str) -> list[str]:
        ended = status(nadi, office, *words, "--json")
        return [one["gateway"] for one in ended.document["result"]["gateways"]]

    assert names("--kelurahan", there) == ["bb-0002", "bb-0003"]
    assert names("--gateway", "bb-0001..bb-0002", "--kelurahan", there) == ["bb-0002"]
    alone = status(nadi, office, "--gateway", "bb-0001").out
    assert fault in alone
    assert "Its last day:\n      2 h ago  the line is gone line=lamps ×31" in alone


@pytest.mark.system
@pytest.mark.parametrize("spoken", language.LANGUAGES)
@pytest.mark.parametrize("columns", [40, 60])
def test_point_23_on_a_narrow_terminal_each_gateway_is_a_block(
    office: Centre, tell: Tell, nadi_process: Nadi, spoken: str, columns: int
) -> None:
    long = "bb-jl-sudirman-14-utara-pertigaan"
    tell(state(long, "offline", ago=3 * HOUR, waits=6, room=31.2), state("bb-0003", room=1.0))
    env = {"COLUMNS": str(columns), "NADI_LANG": spoken}
    ended = status(nadi_process, office, env=env)
    lines = ended.out.splitlines()
    assert any(line.endswith(long) for line in lines)
    assert [line for line in lines if len(line) > columns] == []


@pytest.mark.system
def test_by_way_of_a_satellite_every_gateway_is_heard(
    nadi: Nadi, office: Centre, tell: Tell
) -> None:
    """What is more than the network sends at once comes after a pause as long as its delay."""
    tell(*(state(f"bb-{number:04}") for number in range(400)))
    port = free_port(Random())
    with Fibre(port=port, target_port=office.port, late_s=0.6):
        ended = status(nadi, office, "--broker", f"127.0.0.1:{port}", "--json")
    assert len(ended.document["result"]["gateways"]) == 400


@pytest.mark.system
def test_without_a_broker_it_says_so_and_ends(nadi: Nadi, office: Centre) -> None:
    office.broker.stop()
    ended = status(nadi, office, "--json")
    assert (ended.code, ended.document["code"]) == (6, "E-STATUS-02")


@pytest.mark.system
def test_a_broker_that_says_nothing_holds_nobody_up(nadi_process: Nadi, office: Centre) -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        where = f"127.0.0.1:{mute.getsockname()[1]}"
        ended = status(nadi_process, office, "--broker", where, "--json")
    assert (ended.code, ended.document["code"]) == (6, "E-STATUS-02")


@pytest.mark.system
def test_a_reader_that_was_revoked_is_told_so(nadi: Nadi, office: Centre) -> None:
    place = ("--authority", str(office.authority.folder))
    words = ("--confirm", "status", "--reason", "test")
    assert nadi("authority", "revoke", "status", *words, *place).code == 0
    ended = status(nadi, office, "--json")
    assert (ended.code, ended.document["code"]) == (5, "E-STATUS-03")


def test_without_a_readers_certificate_it_says_how_to_make_one(nadi: Nadi, authority: Path) -> None:
    ended = nadi("status", "--json")
    assert (ended.code, ended.document["code"]) == (5, "E-STATUS-01")
    assert "nadi authority issue status" in ended.document["error"]["fix"]


@pytest.mark.system
def test_away_from_the_office_a_folder_and_an_address_are_enough(
    nadi: Nadi, office: Centre, tell: Tell, tmp_path: Path
) -> None:
    tell(state("bb-0001"))
    folder = tmp_path / "laptop"
    shutil.copytree(office.authority.folder / "clients" / "status", folder)
    words = ("status", "--reader", str(folder), "--json", "--authority", str(tmp_path / "none"))
    asked = nadi(*words)
    assert (asked.code, asked.document["code"]) == (2, "E-USAGE-01")
    ended = nadi(*words, "--broker", f"127.0.0.1:{office.port}")
    assert [one["gateway"] for one in ended.document["result"]["gateways"]] == ["bb-0001"]
    lost = nadi(*words, "--broker", f"127.0.0.1:{office.port}", "--kelurahan", "74.72.06.1007")
    assert lost.document["code"] == "E-STATUS-04"


@pytest.mark.system
def test_a_real_gateway_is_online_and_then_silent_with_the_room_it_had(
    nadi: Nadi, office: Centre, working_pole: Pole
) -> None:
    working_pole.play()
    working_pole.start_bridge()
    agent = working_pole.start_agent()

    def seen() -> dict[str, Any]:
        found = status(nadi, office, "--json").document["result"].get("gateways", [])
        own: dict[str, Any] = {one["gateway"]: one for one in found}.get(NAME, {"state": ""})
        return own

    agent.wait_until(lambda: seen()["state"] == "online", what="online", deadline_s=60)
    agent.wait_until(
        lambda: "runway_days" in seen()["status"], what="room for so long", deadline_s=90
    )
    agent.kill()
    working_pole.centre.broker.wait_until(
        lambda: seen()["state"] == "silent", what="silent", deadline_s=60
    )
    assert seen()["status"]["runway_days"] > 0
