"""Pages of text and black rectangles as a PDF file; the same pages give the same bytes."""

import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

MM = 72 / 25.4
A4 = (210.0, 297.0)  # mm
FONTS = ("Helvetica", "Helvetica-Bold", "Courier-Bold")  # every reader has them


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A line of text; its place in mm from the page's lower left corner, its size in points."""

    x: float
    y: float
    size: float
    font: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Boxes:
    """Black rectangles: x, y, width and height in mm."""

    boxes: Sequence[tuple[float, float, float, float]]


Page = Sequence[Text | Boxes]


def document(pages: Iterable[Page]) -> bytes:
    """A whole PDF file."""
    contents = [zlib.compress(_content(page), 9) for page in pages]
    fonts = " ".join(f"/F{number} {3 + number} 0 R" for number in range(len(FONTS)))
    first_page = 3 + len(FONTS)
    kids = " ".join(f"{first_page + 2 * at} 0 R" for at in range(len(contents)))
    size = " ".join(f"{side * MM:.2f}" for side in A4)
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(contents)} /MediaBox [0 0 {size}] "
        f"/Resources << /Font << {fonts} >> >> >>".encode(),
        *(
            f"<< /Type /Font /Subtype /Type1 /BaseFont /{font} "
            "/Encoding /WinAnsiEncoding >>".encode()
            for font in FONTS
        ),
    ]
    for at, content in enumerate(contents):
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /Contents {first_page + 2 * at + 1} 0 R >>".encode()
        )
        objects.append(
            f"<< /Filter /FlateDecode /Length {len(content)} >>\nstream\n".encode()
            + content
            + b"\nendstream"
        )
    return _file(objects)


def _content(page: Page) -> bytes:
    return b"\n".join(_text(item) if isinstance(item, Text) else _boxes(item) for item in page)


def _text(item: Text) -> bytes:
    shown = item.text.encode("cp1252", "replace")
    for sign in (b"\\", b"(", b")"):
        shown = shown.replace(sign, b"\\" + sign)
    place = f"{item.x * MM:.2f} {item.y * MM:.2f}"
    font = f"/F{FONTS.index(item.font)} {item.size:g} Tf"
    return f"BT {font} {place} Td (".encode() + shown + b") Tj ET"


def _boxes(item: Boxes) -> bytes:
    drawn = (" ".join(f"{side * MM:.3f}" for side in box) + " re" for box in item.boxes)
    return "\n".join((*drawn, "f")).encode()


def _file(objects: Sequence[bytes]) -> bytes:
    data = b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n"
    places = []
    for number, body in enumerate(objects, 1):
        places.append(len(data))
        data += f"{number} 0 obj\n".encode() + body + b"\nendobj\n"
    table = b"".join(f"{place:010} 00000 n \n".encode() for place in places)
    count = len(objects) + 1
    return (
        data
        + f"xref\n0 {count}\n".encode()
        + b"0000000000 65535 f \n"
        + table
        + f"trailer\n<< /Size {count} /Root 1 0 R >>\nstartxref\n{len(data)}\n%%EOF\n".encode()
    )
