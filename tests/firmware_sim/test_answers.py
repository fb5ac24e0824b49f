import json
from pathlib import Path

from firmware_sim import Answer, FileRecord

GIVEN = Answer(
    device="a02yyuw",
    asset="TPS-0001",
    asked_at_ms=None,
    given_at_ms=1_250,
    values={"distance": 1953},
    fault="flip",
)


def test_an_answer_can_be_read_as_soon_as_it_is_noted(tmp_path: Path) -> None:
    path = tmp_path / "answers.jsonl"
    path.write_text("")
    record = FileRecord(path)
    record.note(GIVEN)
    assert json.loads(path.read_text()) == {
        "device": "a02yyuw",
        "asset": "TPS-0001",
        "asked_at_ms": None,
        "given_at_ms": 1250,
        "values": {"distance": 1953},
        "fault": "flip",
    }
    record.close()


def test_a_second_run_adds_to_the_first(tmp_path: Path) -> None:
    path = tmp_path / "answers.jsonl"
    for _ in range(2):
        record = FileRecord(path)
        record.note(GIVEN)
        record.close()
    assert len(path.read_text().splitlines()) == 2
