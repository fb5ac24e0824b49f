"""What changed on the gateway in the last day, in memory only, told to the city with its status.

A log on a card wears it, and the journal in memory is far away. The same thing said again is one
line with its count, so that a line that comes and goes all day fills nothing. The file is in /run,
which is memory too: it outlives the agent, and not the boot whose clock dates it.
"""

import logging
from collections.abc import Callable
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from contract.identity import BootId
from contract.messages import MAX_LOG_LINES, LogLine

DAY_MS = 86_400_000
MAX_KEPT = 200
MAX_CHARS = 200
MAX_FILE_BYTES = 1 << 20


def beside(socket: str) -> Path:
    """The file of the agent that is asked at this socket."""
    return Path(socket).with_suffix(".diary")


class _Kept(BaseModel):
    """What the agent before us noted in this boot."""

    model_config = ConfigDict(frozen=True, defer_build=True)

    boot: str
    noted: list[tuple[str, int, int]]  # text, when last, how often; the newest last


class Diary(logging.Handler):
    """Every record from INFO on, by its text; any thread may log."""

    def __init__(self, file: Path, *, boot: BootId, boot_ms: Callable[[], int]) -> None:
        super().__init__(logging.INFO)
        self._file = file
        self._boot = boot
        self._boot_ms = boot_ms
        self._noted = _read(file, boot)

    def emit(self, record: logging.LogRecord) -> None:
        """Note it, in place of what was noted longest ago."""
        try:
            text = record.getMessage()[:MAX_CHARS]
        except (TypeError, ValueError):
            self.handleError(record)
            return
        _, times = self._noted.pop(text, (0, 0))
        self._noted[text] = self._boot_ms(), times + 1
        if len(self._noted) > MAX_KEPT:
            del self._noted[next(iter(self._noted))]
        self._write()

    def lines(self) -> list[LogLine]:
        """The newest of the last day, the newest first."""
        now_ms = self._boot_ms()
        self.acquire()
        try:
            noted = list(self._noted.items())[: -MAX_LOG_LINES - 1 : -1]
        finally:
            self.release()
        return [
            LogLine(age_ms=max(now_ms - at_ms, 0), text=text, times=times)
            for text, (at_ms, times) in noted
            if now_ms - at_ms <= DAY_MS
        ]

    def _write(self) -> None:
        """Without it the diary is as long as this run."""
        noted = [(text, at_ms, times) for text, (at_ms, times) in self._noted.items()]
        new = self._file.with_suffix(".diary.new")
        try:
            new.write_text(_Kept(boot=self._boot, noted=noted).model_dump_json(), encoding="utf-8")
            new.replace(self._file)
        except OSError:
            return


def _read(file: Path, boot: BootId) -> dict[str, tuple[int, int]]:
    try:
        with file.open("rb") as opened:
            kept = _Kept.model_validate_json(opened.read(MAX_FILE_BYTES))
    except (OSError, ValidationError):
        return {}
    if kept.boot != boot:
        return {}
    return {text[:MAX_CHARS]: (at_ms, times) for text, at_ms, times in kept.noted[-MAX_KEPT:]}
