"""The last day of a gateway is kept in memory, within bounds, and reaches the city as status."""

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.diary import DAY_MS, MAX_KEPT, Diary, beside
from contract.codec import decode_statement, encode_model
from contract.identity import BootId, GatewayId
from contract.messages import MAX_LOG_LINES, Status

BOOT, NEXT_BOOT = BootId("b0b1b2b3b4b5b6b7"), BootId("c0c1c2c3c4c5c6c7")


class Clock:
    """Boot time that a test moves."""

    now_ms = 1_000_000

    def __call__(self) -> int:
        return self.now_ms


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def log() -> Iterator[logging.Logger]:
    logger = logging.getLogger("nadi.test_diary")
    logger.setLevel(logging.INFO)
    yield logger
    for handler in list(logger.handlers):
        logger.removeHandler(handler)


def file_in(folder: Path) -> Path:
    return beside(str(folder / "agent.sock"))


def kept(folder: Path, clock: Clock, log: logging.Logger, boot: BootId = BOOT) -> Diary:
    diary = Diary(file_in(folder), boot=boot, boot_ms=clock)
    log.handlers = [diary]
    return diary


def texts(diary: Diary) -> list[str]:
    return [line.text for line in diary.lines()]


def test_what_changed_is_told_with_its_age_the_newest_first(
    tmp_path: Path, clock: Clock, log: logging.Logger
) -> None:
    diary = kept(tmp_path, clock, log)
    log.warning("the line is gone line=%s", "lamps")
    clock.now_ms += 4_000
    log.info("the line is back line=%s", "lamps")
    log.debug("nothing to tell")
    clock.now_ms += 1_000
    assert [(one.age_ms, one.text) for one in diary.lines()] == [
        (1_000, "the line is back line=lamps"),
        (5_000, "the line is gone line=lamps"),
    ]


def test_a_line_that_comes_and_goes_all_day_is_two_lines_with_their_counts(
    tmp_path: Path, clock: Clock, log: logging.Logger
) -> None:
    diary = kept(tmp_path, clock, log)
    for _ in range(500):
        log.warning("gone")
        log.info("back")
    assert [(one.text, one.times) for one in diary.lines()] == [("back", 500), ("gone", 500)]


def test_yesterday_is_forgotten(tmp_path: Path, clock: Clock, log: logging.Logger) -> None:
    diary = kept(tmp_path, clock, log)
    log.info("yesterday")
    clock.now_ms += DAY_MS
    assert texts(diary) == ["yesterday"]
    clock.now_ms += 1
    assert texts(diary) == []


def test_the_diary_and_what_is_told_of_it_are_bounded(
    tmp_path: Path, clock: Clock, log: logging.Logger
) -> None:
    diary = kept(tmp_path, clock, log)
    for number in range(3 * MAX_KEPT):
        log.info("%s %s", number, "x" * 1_000)
    status = Status(gateway=GatewayId("bb-0001"), state="online", log=diary.lines())
    said = encode_model(status)
    assert decode_statement(Status, said) == status
    assert len(status.log or ()) == MAX_LOG_LINES
    assert len(said) < 6_000
    assert file_in(tmp_path).stat().st_size < 60_000


def test_it_outlives_the_agent_and_not_the_boot(
    tmp_path: Path, clock: Clock, log: logging.Logger
) -> None:
    kept(tmp_path, clock, log)
    log.error("the card cannot be written")
    clock.now_ms += 9_000
    again = kept(tmp_path, clock, log)
    assert [(one.age_ms, one.text) for one in again.lines()] == [
        (9_000, "the card cannot be written")
    ]
    assert kept(tmp_path, clock, log, NEXT_BOOT).lines() == []


def test_two_agents_of_one_machine_keep_each_its_own(
    tmp_path: Path, clock: Clock, log: logging.Logger
) -> None:
    one, other = (beside(str(tmp_path / f"{name}.sock")) for name in ("bb-0001", "bb-0002"))
    log.handlers = [Diary(one, boot=BOOT, boot_ms=clock)]
    log.error("the card cannot be written")
    assert Diary(other, boot=BOOT, boot_ms=clock).lines() == []
    assert len(Diary(one, boot=BOOT, boot_ms=clock).lines()) == 1


@pytest.mark.parametrize(
    "rubbish", [b"", b"{", b"[]", b'{"boot":"b0b1b2b3b4b5b6b7","noted":[[1]]}', b"\xff" * 100]
)
def test_a_file_that_is_torn_is_as_none(
    rubbish: bytes, tmp_path: Path, clock: Clock, log: logging.Logger
) -> None:
    file_in(tmp_path).write_bytes(rubbish)
    diary = kept(tmp_path, clock, log)
    log.info("begun anew")
    assert texts(diary) == ["begun anew"]


def test_without_a_folder_it_is_as_long_as_the_run(
    tmp_path: Path, clock: Clock, log: logging.Logger
) -> None:
    diary = kept(tmp_path / "missing", clock, log)
    log.info("kept in memory")
    assert texts(diary) == ["kept in memory"]


def test_a_record_that_cannot_be_written_harms_nobody(
    tmp_path: Path, clock: Clock, log: logging.Logger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logging, "raiseExceptions", False)
    diary = kept(tmp_path, clock, log)
    wrong = log.makeRecord("nadi", logging.INFO, __file__, 1, "%s and %s", ("one",), None)
    log.handle(wrong)
    assert diary.lines() == []
