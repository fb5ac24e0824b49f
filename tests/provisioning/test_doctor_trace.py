"""`nadi doctor --trace` follows one reading to its row in the store, or says where it waits."""

import sqlite3
from contextlib import closing

import pytest

from tests.provisioning.conftest import Ended, Nadi
from tests.provisioning.pole import Pole


@pytest.fixture
def pole(working_pole: Pole) -> Pole:
    """Everything of one gateway, at work."""
    return working_pole


pytestmark = pytest.mark.system


def traced(nadi: Nadi, pole: Pole, asset: str, *words: str) -> Ended:
    place = ("--settings", str(pole.settings_file), "--json")
    return nadi("doctor", "--trace", asset, *words, *place, env={"PATH": pole.path()})


def test_a_traced_reading_is_a_row_of_the_store_when_it_ends(nadi: Nadi, pole: Pole) -> None:
    pole.play()
    pole.start_bridge()
    pole.start_agent().wait_until(pole.is_receipted, what="receipted", deadline_s=60)
    ended = traced(nadi, pole, "PJU-0001")
    assert ended.code == 0, ended.err
    result = ended.document["result"]
    assert result["way"] == "committed"
    with closing(sqlite3.connect(pole.folder / "city.db")) as store:
        (count,) = store.execute(
            "SELECT count(*) FROM batch b JOIN stream s ON s.id = b.stream_id "
            "WHERE s.epoch = ? AND b.n = ?",
            (result["epoch"], result["n"]),
        ).fetchone()
    assert count == 1


def test_without_a_way_to_the_city_it_says_that_the_reading_waits(nadi: Nadi, pole: Pole) -> None:
    pole.centre.broker.stop()
    pole.play()
    pole.start_agent()
    ended = traced(nadi, pole, "PJU-0001")
    assert (ended.code, ended.document["code"]) == (0, "queued")
    assert ended.document["pending"] == ["receipt"]
    assert ended.document["result"]["n"] >= 1


def test_an_asset_that_is_not_here_is_refused_with_the_nearest(nadi: Nadi, pole: Pole) -> None:
    pole.play()
    pole.start_agent()
    ended = traced(nadi, pole, "PJU-0002")
    assert (ended.code, ended.document["code"]) == (4, "E-TRACE-02")


def test_without_an_agent_it_says_how_to_start_it(nadi: Nadi, pole: Pole) -> None:
    ended = traced(nadi, pole, "PJU-0001")
    assert (ended.code, ended.document["code"]) == (4, "E-AGENT-01")
