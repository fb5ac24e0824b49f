"""A list as an office saves it, in whatever encoding and with whatever separator, becomes rows."""

import csv
import difflib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from io import StringIO

from provisioning.errors import Trouble
from provisioning.inventory.faults import CELLS, QUOTES, Fault
from provisioning.language import mark

MAX_BYTES = 32 << 20
MAX_ROWS = 200_000
SEPARATORS = (",", ";", "\t")
REQUIRED = ("kind", "id", "latitude", "longitude")
COLUMNS: Mapping[str, tuple[str, ...]] = {
    "kind": ("kind", "jenis"),
    "id": ("id", "asset", "nomor", "aset"),
    "name": ("name", "nama"),
    "latitude": ("latitude", "lat", "lintang"),
    "longitude": ("longitude", "lon", "bujur"),
    "kelurahan": ("kelurahan", "kode_kelurahan"),
    "gateway": ("gateway",),
}
_BY_TITLE = {title: column for column, titles in COLUMNS.items() for title in titles}
_WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
_MARKS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the list; a column that the list does not have is missing here."""

    line: int
    cells: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A list, read."""

    encoding: str
    separator: str
    rows: tuple[Row, ...]
    faults: tuple[Fault, ...]


def read(data: bytes, *, name: str) -> Table:
    """The rows of a list and the lines that are none; raises Trouble if the whole is no list."""
    encoding, text = _decoded(data, name)
    first = text.lstrip("\r\n").splitlines()[:1] or [""]
    separator = max(SEPARATORS, key=lambda one: _known_titles(first[0], one))
    rows, faults = _rows(text, separator, name)
    return Table(encoding=encoding, separator=separator, rows=tuple(rows), faults=tuple(faults))


def _decoded(data: bytes, name: str) -> tuple[str, str]:
    if len(data) > MAX_BYTES:
        raise Trouble("E-FLEET-07", file=name, limit=f"{MAX_BYTES >> 20} MiB")
    if data.startswith(_WORKBOOKS):
        raise Trouble("E-FLEET-04", file=name, why=mark("it is a workbook, not a CSV file."))
    for encoding in _encodings(data):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return encoding, text
    raise Trouble("E-FLEET-04", file=name, why=mark("its letters are in no encoding known here."))


def _encodings(data: bytes) -> tuple[str, ...]:
    """What to try; without a mark, every second byte of UTF-16 text here is nought."""
    for start, encoding in _MARKS:
        if data.startswith(start):
            return (encoding,)
    if b"\0" in data[:200]:
        return ("utf-16-le", "utf-16-be") if data[1:2] == b"\0" else ("utf-16-be", "utf-16-le")
    return ("utf-8", "cp1252")


def _known_titles(line: str, separator: str) -> int:
    return sum(_title(cell) in _BY_TITLE for cell in line.split(separator))


def _title(cell: str) -> str:
    return cell.strip().strip('"').strip().casefold()


def _rows(text: str, separator: str, name: str) -> tuple[list[Row], list[Fault]]:
    columns: list[str] | None = None
    rows: list[Row] = []
    faults: list[Fault] = []
    for line, cells in _lines(text, separator, faults):
        if not any(cell.strip() for cell in cells):
            continue
        if columns is None:
            columns = _columns(cells, name)
        elif len(cells) != len(columns):
            values = {"count": len(cells), "wanted": len(columns)}
            faults.append(Fault(line=line, column="", flaw=CELLS, values=values))
        else:
            named = zip(columns, map(str.strip, cells), strict=True)
            rows.append(Row(line=line, cells=dict(named)))
        if len(rows) > MAX_ROWS:
            raise Trouble("E-FLEET-07", file=name, limit=f"{MAX_ROWS}")
    if columns is None:
        raise Trouble("E-FLEET-02", file=name, column=REQUIRED[0])
    return rows, faults


def _lines(text: str, separator: str, faults: list[Fault]) -> Iterator[tuple[int, list[str]]]:
    """Each row with the line it begins on; where quotes do not pair, nothing after it is sure."""
    reader = csv.reader(StringIO(text, newline=""), delimiter=separator, strict=True)
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            faults.append(Fault(line=line, column="", flaw=QUOTES))
            return
        yield line, cells


def _columns(cells: list[str], name: str) -> list[str]:
    """The columns in the list's order; raises Trouble for one that is unknown, twice or missing."""
    columns = []
    for cell in cells:
        column = _BY_TITLE.get(_title(cell))
        if column is None:
            near = difflib.get_close_matches(_title(cell), _BY_TITLE, n=1, cutoff=0.0)[0]
            raise Trouble("E-FLEET-03", file=name, column=cell.strip()[:40], nearest=near)
        columns.append(column)
    for column, count in Counter(columns).items():
        if count > 1:
            raise Trouble("E-FLEET-08", file=name, column=column)
    for column in REQUIRED:
        if column not in columns:
            raise Trouble("E-FLEET-02", file=name, column=column)
    return columns
