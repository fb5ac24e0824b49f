"""What a person sees: plain lines that fit the terminal, with a sign and a word before each."""

import codecs
import shutil
import sys
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import TextIO

from provisioning.language import _, mark

NARROW, WIDE = 40, 80
SIGN_ROOM = 6  # the longest sign, and a space
_GLUE = "\0"
_ASCII = {
    "·": "-",
    "…": "...",
    "–": "-",
    "—": "-",
    "≤": "<=",
    "×": "x",
    "→": "->",
    "“": '"',
    "”": '"',
}
_COLOURS = {"ok": "32", "warn": "33", "fail": "31", "wait": "33"}


class Sign(Enum):
    """How one line of a report turned out."""

    OK = mark("ok")
    WARN = mark("warn")
    FAIL = mark("FAIL")
    SKIP = mark("skip")
    WAIT = mark("wait")


@dataclass(frozen=True, slots=True, kw_only=True)
class Terminal:
    """Data goes to `out`, questions and progress to `err`; `mute` leaves only the document."""

    out: TextIO
    err: TextIO
    source: TextIO
    width: int
    colour: bool
    mute: bool = False
    interactive: bool = False
    moving: bool = False  # a line on `err` may be written over

    def say(self, text: str) -> None:
        """One sentence of the report, wrapped."""
        self._print(_wrapped(text, self.width))

    def step(self, sign: Sign, text: str, *, code: str = "") -> None:
        """One line of the report with its sign; `code` is what to say on the telephone."""
        body = f"{text}  {code}" if code else text
        first, *more = _wrapped(body, self.width - SIGN_ROOM).split("\n")
        indented = [" " * SIGN_ROOM + line for line in more]
        self._print("\n".join([self._word(sign) + first, *indented]))

    def more(self, text: str, *, whole: bool = False) -> None:
        """What belongs to the line with the sign above; `whole` is never broken, as a command."""
        room = " " * SIGN_ROOM
        wrapped = text if whole else _wrapped(text, self.width - SIGN_ROOM)
        self._print(textwrap.indent(wrapped, room))

    def verbatim(self, line: str) -> None:
        """A line of somebody's file, whole, where the words after a sign begin."""
        self._print((" " * SIGN_ROOM + line).rstrip())

    def question(self, text: str, choice: str = "") -> str:
        """What stands before an answer, wrapped; the choice, in whatever signs, is not broken."""
        whole = " ".join(filter(None, (text, choice.replace(" ", _GLUE))))
        return _wrapped(whole, self.width).replace(_GLUE, " ") + " "

    def command(self, label: str, line: str) -> None:
        """A command to run next, never broken or shortened; alone on its line if it must be."""
        joined = f"{label} {line}"
        alone = f"{_wrapped(label, self.width)}\n  {line}"
        self._print(joined if len(joined) <= self.width else alone)

    def table(
        self, heads: Sequence[str], rows: Sequence[Sequence[str]], *, signs: Sequence[Sign] = ()
    ) -> None:
        """Columns where there is room, otherwise one block a row; no cell is ever cut.

        With `signs` each row begins with its own.
        """
        words = [self._word(sign) for sign in signs] or [""] * len(rows)
        room = SIGN_ROOM if signs else 0
        widths = [max(map(len, column)) for column in zip(heads, *rows, strict=True)]
        if room + sum(widths) + 2 * (len(widths) - 1) <= self.width:
            for word, row in zip((" " * room, *words), (heads, *rows), strict=True):
                cells = (f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True))
                self._print((word + "  ".join(cells)).rstrip())
            return
        margin = " " * (room or 2)
        for word, row in zip(words, rows, strict=True):
            self._print(word + row[0])
            for head, cell in list(zip(heads, row, strict=True))[1:]:
                text = _wrapped(f"{head}: {cell}", self.width - len(margin))
                self._print(textwrap.indent(text, margin))

    def error(self, lines: Sequence[str], code: str) -> None:
        """What went wrong, on `err`: the sentences, then the code."""
        first, *more = lines
        label = _("Error:")
        painted = self._painted(label, Sign.FAIL)
        text = _wrapped(f"{label} {first}", self.width)
        self._print(painted + text[len(label) :], self.err)
        for line in more:
            self._print(_wrapped(line, self.width), self.err)
        self._print(code, self.err)

    def bar(self, text: str, done: int, total: int) -> None:
        """How far a work has come, over the line that was there."""
        count = f" {done}/{total}"
        room = max(4, min(30, self.width - len(text) - len(count) - 4))
        filled = room * done // max(1, total)
        line = f"{text} [{'#' * filled}{'.' * (room - filled)}]{count}"
        print(f"\r{line[: self.width - 1]}", end="", file=self.err, flush=True)

    def progress(self, text: str, done: int, total: int) -> None:
        """The same as a line of its own."""
        print(f"{text} {done}/{total}", file=self.err, flush=True)

    def clear_bar(self) -> None:
        """The line is free again."""
        if self.moving:
            print("\r" + " " * (self.width - 1), end="\r", file=self.err, flush=True)

    def page(self, text: str) -> None:
        """A page of help, already laid out."""
        self._print(text)

    def document(self, text: str) -> None:
        """The one JSON document of a command."""
        print(text, file=self.out, flush=True)

    def _print(self, text: str, stream: TextIO | None = None) -> None:
        if stream is None and self.mute:
            return
        print(text, file=stream or self.out, flush=True)

    def _word(self, sign: Sign) -> str:
        """The sign, as wide as any."""
        return self._painted(_(sign.value).ljust(SIGN_ROOM - 1) + " ", sign)

    def _painted(self, text: str, sign: Sign) -> str:
        colour = _COLOURS.get(sign.name.lower())
        return f"\x1b[{colour}m{text}\x1b[0m" if self.colour and colour else text


def of_process(environ: Mapping[str, str], *, mute: bool, may_ask: bool) -> Terminal:
    """The terminal this process was started on."""
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="nadi")  # type: ignore[union-attr]  # a text file when started
    plain = "NO_COLOR" in environ or environ.get("TERM") == "dumb"
    return Terminal(
        out=sys.stdout,
        err=sys.stderr,
        source=sys.stdin,
        width=max(NARROW, min(WIDE, shutil.get_terminal_size((WIDE, 24)).columns)),
        colour=not plain and sys.stdout.isatty() and sys.stderr.isatty(),
        mute=mute,
        interactive=may_ask and _asks(sys.stdin) and sys.stderr.isatty(),
        moving=environ.get("TERM") != "dumb" and sys.stderr.isatty(),
    )


def _asks(stream: TextIO | None) -> bool:
    return stream is not None and not stream.closed and stream.isatty()


def _wrapped(text: str, width: int) -> str:
    """Broken at spaces only: a name or a command is never cut."""
    parts = (
        textwrap.fill(line, width, break_long_words=False, break_on_hyphens=False)
        for line in text.split("\n")
    )
    return "\n".join(parts)


def _spelled(error: UnicodeError) -> tuple[str, int]:
    """ASCII for the few signs we use, and a question mark for the rest."""
    assert isinstance(error, UnicodeEncodeError)
    text = error.object[error.start : error.end]
    return "".join(_ASCII.get(letter, "?") for letter in text), error.end


codecs.register_error("nadi", _spelled)
