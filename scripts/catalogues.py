"""`scripts/messages`: every sentence of `nadi` is in every language, with the same placeholders."""

import argparse
import re
import sys
from collections.abc import Iterator, Sequence
from io import BytesIO
from pathlib import Path
from string import Formatter

from babel.messages import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

SOURCES = Path(__file__).parents[1] / "provisioning"
LOCALES = SOURCES / "locale"
LANGUAGES = ("en", "id")
ORIGINAL = "en"  # the sentences in the code are English, so its catalogue writes itself
KEYWORDS = {"_": None, "mark": None, "plural": (1, 2)}
HIDDEN = re.compile(r"\{(_|mark|plural)\(")
PLURALS = {"en": "nplurals=2; plural=(n != 1);", "id": "nplurals=1; plural=0;"}
# Without dates and people: they would change with every commit.
HEADER = """\
msgid ""
msgstr ""
"Project-Id-Version: nadi\\n"
"Language: {language}\\n"
"Plural-Forms: {plural}\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Content-Transfer-Encoding: 8bit\\n"
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Updates and compiles, only compiles, or judges; returns the exit code."""
    parser = argparse.ArgumentParser(prog="scripts/messages", description=__doc__)
    parser.add_argument("--check", action="store_true", help="change no .po file, only judge them")
    parser.add_argument("--compile", action="store_true", help="only write the .mo files")
    wanted = parser.parse_args(arguments)
    if not wanted.check and not wanted.compile:
        update()
    compile_all()
    faults = [] if wanted.compile else list(judge())
    for fault in faults:
        print(f"error: {fault}", file=sys.stderr)
    if faults:
        print(" hint: run scripts/messages, then write what is missing", file=sys.stderr)
    return 1 if faults else 0


def update() -> None:
    """Writes what the code says now into each .po file; what it no longer says is gone."""
    for language in LANGUAGES:
        written = _read(language)
        catalog = _empty(language)
        for message in _messages(_extracted()):
            there = written.get(_key(message))
            string = message.id if language == ORIGINAL else there.string if there else None
            catalog.add(message.id, string or "", flags=message.flags)
        _po_file(language).parent.mkdir(parents=True, exist_ok=True)
        _po_file(language).write_bytes(_po_bytes(catalog))


def compile_all() -> None:
    """Writes each .mo file beside its .po file."""
    for language in LANGUAGES:
        compiled = BytesIO()
        write_mo(compiled, _read(language))
        file = _po_file(language).with_suffix(".mo")
        if not file.exists() or file.read_bytes() != compiled.getvalue():
            new = file.with_suffix(".new")
            new.write_bytes(compiled.getvalue())
            new.replace(file)


def judge() -> Iterator[str]:
    """Everything that is wrong with the catalogues, one sentence each."""
    for source in sorted(SOURCES.rglob("*.py")):
        if HIDDEN.search(source.read_text(encoding="utf-8")):
            yield f"{source.name}: a message inside an f-string cannot be extracted"
    wanted = {_key(message) for message in _messages(_extracted())}
    for language in LANGUAGES:
        catalog = _read(language)
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


def _extracted() -> Catalog:
    catalog = _empty(None)
    found = extract_from_dir(SOURCES, [("**.py", "python")], keywords=KEYWORDS, comment_tags=())
    for _file, _line, message, _comments, _context in found:
        catalog.add(message)
    return catalog


def _read(language: str) -> Catalog:
    try:
        with _po_file(language).open("rb") as file:
            return read_po(file, locale=language)
    except FileNotFoundError:
        return _empty(language)


def _empty(language: str | None) -> Catalog:
    header = HEADER.format(language=language or "", plural=PLURALS[language or ORIGINAL])
    catalog = read_po(BytesIO(header.encode()), locale=language)
    catalog.header_comment = ""
    return catalog


def _po_bytes(catalog: Catalog) -> bytes:
    written = BytesIO()
    write_po(written, catalog, width=96, no_location=True, sort_output=True, omit_header=True)
    header = HEADER.format(language=catalog.locale, plural=PLURALS[str(catalog.locale)])
    return header.encode() + b"\n" + written.getvalue()


def _po_file(language: str) -> Path:
    return LOCALES / language / "LC_MESSAGES" / "nadi.po"


def _messages(catalog: Catalog) -> list[Message]:
    return [message for message in catalog if message.id]


def _key(message: Message) -> str:
    return message.id[0] if isinstance(message.id, tuple | list) else message.id


if __name__ == "__main__":
    sys.exit(main())
