"""One file for whoever helps from afar, with every secret of the settings taken out."""

import gzip
import io
import json
import shutil
import subprocess
import tarfile
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from contract.errors import NadiError
from provisioning.doctor.patient import Patient
from provisioning.files import PRIVATE, NewFile
from provisioning.files import write as write_file
from provisioning.hiding import redacted, secrets_of, without

JOURNAL = ("journalctl", "--unit=nadi-agent", "--lines=500", "--no-pager", "--output=short-iso")
JOURNAL_S = 10.0
MAX_JOURNAL_BYTES = 1 << 20


def write(file: Path, patient: Patient, result: Mapping[str, Any]) -> None:
    """Everything there is, whole or not at all, readable by its owner only."""
    texts = {"doctor.json": json.dumps(result, indent=2), **dict(_texts(patient))}
    secrets = _secrets_of(patient)
    hidden = {name: without(text, secrets) for name, text in texts.items()}
    write_file(NewFile(path=file, data=_packed(hidden), mode=PRIVATE))


def _texts(patient: Patient) -> Iterator[tuple[str, str]]:
    with suppress(OSError, NadiError, UnicodeError):
        yield "settings.json", json.dumps(redacted(patient.settings), indent=2)
    with suppress(OSError, NadiError, UnicodeError):
        yield "status.json", patient.status.model_dump_json(indent=2)
        yield "outbox.json", patient.outbox.model_dump_json(indent=2)
    with suppress(OSError, NadiError, UnicodeError, ValueError):
        seen = patient.certificate
        until = f"{seen.not_valid_before_utc:%Y-%m-%d} to {seen.not_valid_after_utc:%Y-%m-%d}"
        yield (
            "certificate.txt",
            f"{seen.subject.rfc4514_string()}\nserial {seen.serial_number:x}\n{until}\n",
        )
    if journal := _journal():
        yield "journal.txt", journal


def _journal() -> str:
    if shutil.which(JOURNAL[0]) is None:
        return ""
    try:
        done = subprocess.run(
            JOURNAL, capture_output=True, timeout=JOURNAL_S, check=False, stdin=subprocess.DEVNULL
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout[-MAX_JOURNAL_BYTES:].decode("utf-8", "replace")


def _secrets_of(patient: Patient) -> list[str]:
    try:
        return secrets_of(patient.settings)
    except (OSError, NadiError, UnicodeError):
        return []


def _packed(texts: Mapping[str, str]) -> bytes:
    packed = io.BytesIO()
    with (
        gzip.GzipFile(fileobj=packed, mode="wb", mtime=0) as zipped,
        tarfile.open(fileobj=zipped, mode="w") as archive,
    ):
        for name, text in texts.items():
            data = text.encode()
            entry = tarfile.TarInfo(f"nadi-report/{name}")
            entry.size, entry.mode = len(data), PRIVATE
            archive.addfile(entry, io.BytesIO(data))
    return packed.getvalue()
