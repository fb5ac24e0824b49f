"""`scripts/messages`: every sentence is in every language, with the same placeholders."""

import argparse
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from string import Formatter

from babel.messages import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).parents[1]
LANGUAGES = ("en", "id")
ORIGINAL = "en"  # the sentences in the code are English, so its catalogue writes itself
KEYWORDS = {"_": None, "mark": None, "plural": (1, 2)}
HIDDEN = re.compile(r"\{(_|mark|plural)\(")
PLURALS = {"en": "nplurals=2; plural=(n != 1);", "id": "nplurals=1; plural=0;"}
# Without dates and people: they would change with every commit.
HEADER = """\
msgid ""
msgstr ""
"Project-Id-Version: {program}\\n"
"Language: {language}\\n"
"Plural-Forms: {plural}\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Content-Transfer-Encoding: 8bit\\n"
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoken:
    """One program's sentences: the folder of its code, which holds its catalogues too."""

    program: str
    sources: Path

    def po_file(self, language: str) -> Path:
        """What people write."""
        return self.sources / "locale" / language / "LC_MESSAGES" / f"{self.program}.po"


PROGRAMS = (
    Spoken(program="nadi-contract", sources=ROOT / "contract"),
    Spoken(program="nadi-agent", sources=ROOT / "agent"),
    Spoken(program="nadi", sources=ROOT / "provisioning"),
    Spoken(program="nadi-bridge", sources=ROOT / "broker_bridge"),
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Updates and compiles, only compiles, or judges; returns the exit code."""
    parser = argparse.ArgumentParser(prog="scripts/messages", description=__doc__)
    parser.add_argument("--check", action="store_true", help="change no .po file, only judge them")
    parser.add_argument("--compile", action="store_true", help="only write the .mo files")
    wanted = parser.parse_args(arguments)
    faults: list[str] = []
    for spoken in PROGRAMS:
        if not wanted.check and not wanted.compile:
            update(spoken)
        compile_all(spoken)
        faults += [] if wanted.compile else judge(spoken)
    for fault in faults:
        print(f"error: {fault}", file=sys.stderr)
    if faults:
        print(" hint: run scripts/messages, then write what is missing", file=sys.stderr)
    return 1 if faults else 0


def update(spoken: Spoken) -> None:
    """Writes what the code says now into each .po file; what it no longer says is gone."""
    for language in LANGUAGES:
        written = _read(spoken, language)
        catalog = _empty(spoken, language)
        for message in _messages(_extracted(spoken)):
            there = written.get(_key(message))
            string = message.id if language == ORIGINAL else there.string if there else None
            catalog.add(message.id, string or "", flags=message.flags)
        spoken.po_file(language).parent.mkdir(parents=True, exist_ok=True)
        spoken.po_file(language).write_bytes(_po_bytes(spoken, catalog))


def compile_all(spoken: Spoken) -> None:
    """Writes each .mo file beside its .po file."""
    for language in LANGUAGES:
        compiled = BytesIO()
        write_mo(compiled, _read(spoken, language))
        file = spoken.po_file(language).with_suffix(".mo")
        if not file.exists() or file.read_bytes() != compiled.getvalue():
            new = file.with_suffix(".new")
            new.write_bytes(compiled.getvalue())
            new.replace(file)


def judge(spoken: Spoken) -> Iterator[str]:
    """Everything that is wrong with the catalogues, one sentence each."""
    for source in sorted(spoken.sources.rglob("*.py")):
        if HIDDEN.search(source.read_text(encoding="utf-8")):
            yield f"{source.name}: a message inside an f-string cannot be extracted"
    wanted = {_key(message) for message in _messages(_extracted(spoken))}
    for language in LANGUAGES:
        catalog = _read(spoken, language)
        there = {_key(message): message for message in _messages(catalog)}
        yield from (f"{language}: missing: {key!r}" for key in sorted(wanted - set(there)))
        yield from (f"{language}: no longer said: {key!r}" for key in sorted(set(there) - wanted))
        for message in there.values():
            yield from (f"{language}: {fault}: {_key(message)!r}" for fault in _faults(message))


def _faults(message: Message) -> Iterator[str]:
    ids = message.id if isinstance(message.id, tuple | list) else (message.id,)
    strings = message.string if isinstance(message.string, tuple | list) else (message.string,)
    if message.fuzzy:
        yield "fuzzy"
    if not all(strings):
        yield "not translated"
    elif any(_placeholders(string or "") != _placeholders(ids[-1]) for string in strings):
        yield "other placeholders"


def _placeholders(text: str) -> list[str]:
    fields = (field for _, field, _, _ in Formatter().parse(text) if field is not None)
    return sorted(fields)


def _extracted(spoken: Spoken) -> Catalog:
    catalog = _empty(spoken, None)
    code = [("**.py", "python")]
    found = extract_from_dir(spoken.sources, code, keywords=KEYWORDS, comment_tags=())
    for _file, _line, message, _comments, _context in found:
        catalog.add(message)
    return catalog


def _read(spoken: Spoken, language: str) -> Catalog:
    try:
        with spoken.po_file(language).open("rb") as file:
            return read_po(file, locale=language)
    except FileNotFoundError:
        return _empty(spoken, language)


def _empty(spoken: Spoken, language: str | None) -> Catalog:
    header = _header(spoken, language)
    catalog = read_po(BytesIO(header.encode()), locale=language)
    catalog.header_comment = ""
    return catalog


def _header(spoken: Spoken, language: str | None) -> str:
    plural = PLURALS[language or ORIGINAL]
    return HEADER.format(program=spoken.program, language=language or "", plural=plural)


def _po_bytes(spoken: Spoken, catalog: Catalog) -> bytes:
    written = BytesIO()
    write_po(written, catalog, width=96, no_location=True, sort_output=True, omit_header=True)
    return _header(spoken, str(catalog.locale)).encode() + b"\n" + written.getvalue()


def _messages(catalog: Catalog) -> list[Message]:
    return [message for message in catalog if message.id]


def _key(message: Message) -> str:
    return message.id[0] if isinstance(message.id, tuple | list) else message.id


if __name__ == "__main__":
    sys.exit(main())
