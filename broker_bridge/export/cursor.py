"""A cursor says where an export went on to; it fits the store it is of, and no other."""

import base64
import binascii
import json
import zlib

from broker_bridge.errors import ExportRefused
from broker_bridge.language import mark
from broker_bridge.stores.exporting import Moment, Position

_HEAD = "nadi1-"


def encode(position: Position) -> str:
    """Opaque, and safe in a command line."""
    said = [position.generation, position.batch, position.mark, position.dated]
    data = json.dumps(said, separators=(",", ":")).encode()
    checked = data + zlib.crc32(data).to_bytes(4, "big")
    return _HEAD + base64.urlsafe_b64encode(checked).decode().rstrip("=")


def decode(text: str, moment: Moment) -> Position:
    """Raises ExportRefused for what is no cursor, and for one of another store."""
    position = _decoded(text)
    here = moment.position
    if position.generation != here.generation:
        raise ExportRefused(
            mark("this cursor is of another store, or of the time before this one was restored"),
            hint=mark("export once without --since, and go on from the cursor that gives"),
        )
    kept = "" if not position.batch else moment.mark_of(position.batch)
    if position.batch > here.batch or position.dated > here.dated or kept != position.mark:
        raise ExportRefused(
            mark(
                "this store has not got what the cursor has seen: an older copy was put in"
                " its place"
            ),
            hint=mark("export once without --since, and go on from the cursor that gives"),
        )
    return position


def _decoded(text: str) -> Position:
    encoded = text.removeprefix(_HEAD)
    try:
        checked = base64.b64decode(
            encoded + "=" * (-len(encoded) % 4), altchars=b"-_", validate=True
        )
        data, check = checked[:-4], checked[-4:]
        if text == encoded or zlib.crc32(data).to_bytes(4, "big") != check:
            raise ValueError
        generation, batch, marked, dated = json.loads(data)
    except (binascii.Error, ValueError) as error:
        raise ExportRefused(
            mark("{text} is no cursor of an export"),
            hint=mark("copy it whole from the summary or the .meta.json of the export before"),
            text=repr(text[:80]),
        ) from error
    return Position(
        generation=str(generation), batch=int(batch), mark=str(marked), dated=int(dated)
    )
