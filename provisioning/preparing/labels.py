"""A sheet of labels, 24 of 70 by 37 mm on A4: name, city and city code, as text and as QR code.

Nothing on a label is secret: it stays on the pole.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import segno

from provisioning.preparing.pdf import A4, Boxes, Page, Text, document

COLUMNS, ROWS = 3, 8
WIDTH, HEIGHT = A4[0] / COLUMNS, A4[1] / ROWS
QUIET = 4  # modules around a code that stay white
CODE_SIDE = 31.0  # mm, quiet zone included
LEFT, TEXT_LEFT, TEXT_WIDTH = 2.0, 34.5, 34.0
_NAME_SIZES = (15.0, 11.0, 8.0, 6.0)
_NAME_HEIGHT = 30.0  # points that the name's lines may take together
_SMALL = 7.0
_WIDE = "MWmw@%"


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """One gateway's."""

    city: str
    gateway: str
    title: str
    city_code: str  # four groups of four

    @property
    def payload(self) -> str:
        """What the QR code says."""
        return f"nadi:{self.city}/{self.gateway}/{self.city_code.replace(' ', '')}"


def sheet(labels: Sequence[Label]) -> bytes:
    """A PDF with as many pages as they need."""
    size = COLUMNS * ROWS
    return document(
        _page(labels[first : first + size]) for first in range(0, max(1, len(labels)), size)
    )


def _page(labels: Sequence[Label]) -> Page:
    items: list[Text | Boxes] = []
    for at, label in enumerate(labels):
        row, column = divmod(at, COLUMNS)
        left, bottom = column * WIDTH, A4[1] - (row + 1) * HEIGHT
        items.append(_code(label.payload, left + LEFT, bottom + (HEIGHT - CODE_SIDE) / 2))
        items += _texts(label, left + TEXT_LEFT, bottom)
    return items


def _code(payload: str, left: float, bottom: float) -> Boxes:
    matrix = segno.make(payload, error="m", micro=False, boost_error=False).matrix
    side = CODE_SIDE / (len(matrix) + 2 * QUIET)
    top = bottom + CODE_SIDE - QUIET * side
    return Boxes(
        boxes=[
            (left + (QUIET + first) * side, top - (row + 1) * side, count * side, side)
            for row, modules in enumerate(matrix)
            for first, count in _runs(modules)
        ]
    )


def _runs(modules: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Dark modules side by side as one box, so that no hairline shows between them."""
    first = 0
    for at, dark in enumerate([*modules, 0]):
        if not dark:
            if at > first:
                yield first, at - first
            first = at + 1


def _texts(label: Label, left: float, bottom: float) -> Iterator[Text]:
    size, lines = _fitted(label.gateway)
    y = bottom + HEIGHT - 8.0
    for line in lines:
        yield Text(x=left, y=y, size=size, font="Helvetica-Bold", text=line)
        y -= size * 0.42
    for text in (label.title, label.city):
        if text:
            line = _lines(text, _SMALL)[0]
            yield Text(x=left, y=y, size=_SMALL, font="Helvetica", text=line)
            y -= 3.2
    groups = label.city_code.split()
    for at, pair in enumerate((groups[:2], groups[2:])):
        yield Text(
            x=left, y=bottom + 8.0 - at * 4.5, size=11.0, font="Courier-Bold", text=" ".join(pair)
        )


def _fitted(name: str) -> tuple[float, list[str]]:
    """The largest letters in which the name fits; the longest names take several lines."""
    for size in _NAME_SIZES:
        lines = _lines(name, size)
        if len(lines) * size <= _NAME_HEIGHT:
            break
    return size, lines


def _lines(text: str, size: float) -> list[str]:
    """No letter reaches into the next label."""
    lines, left = [""], 0.0
    for letter in text:
        width = _width(letter) * size * 25.4 / 72
        if left + width > TEXT_WIDTH:
            lines.append("")
            left = 0.0
        lines[-1] += letter
        left += width
    return lines


def _width(letter: str) -> float:
    """At least that of Helvetica Bold, of its size."""
    return 0.98 if letter in _WIDE else 0.78 if letter.isupper() else 0.62
