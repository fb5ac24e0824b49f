"""Adds devices to a settings file: nothing in it is changed, and it is whole at every instant."""

import os
import tempfile
import tomllib
from pathlib import Path
from typing import Any

from agent.config import read, remedy_of
from agent.discovery.proposal import Proposal, to_toml
from agent.language import _
from contract.discovery import Written
from contract.document import load_document
from contract.errors import SettingsError
from contract.reasons import of_system
from contract.settings import AgentSettings
from contract.toml_lines import end_of


def write(path: Path, proposals: list[Proposal]) -> Written:
    """Add the proposals to the file; raises SettingsError and leaves it alone if that is wrong."""
    before = read(path, remedy=remedy_of(path))
    after, added = before, list[str]()
    for proposal in proposals:
        after = insert(after, proposal, name=path.name)
        added += ["", *to_toml(proposal, shown=True)] if added else to_toml(proposal, shown=True)
    if after != before:
        load_document(AgentSettings, after, name=path.name)
        _replace(path, before, after)
    return Written(file=str(path), added=added)


def insert(text: str, proposal: Proposal, *, name: str) -> str:
    """The text with the proposal's tables; raises SettingsError if they cannot be put there."""
    end = "\r\n" if "\r\n" in text else "\n"
    lines = text.splitlines(keepends=True)
    at = len(lines)
    if proposal.index is not None:
        at = end_of(text, (proposal.family, proposal.index)) or at
    block = to_toml(proposal, shown=False)
    head, tail = "".join(lines[:at]), "".join(lines[at:])
    gap = "" if not tail or not lines[at].strip() else end
    if head and not head.endswith(("\n", "\r")):
        head += end
    new = head + (end if head else "") + end.join([*block, ""]) + gap + tail
    _refuse_other_changes(text, new, proposal, block, name)
    return new


def _refuse_other_changes(
    text: str, new: str, proposal: Proposal, block: list[str], name: str
) -> None:
    """The new document must be the old one and the new tables, and nothing else."""
    wanted = tomllib.loads(text)
    _add(wanted, proposal, tomllib.loads("\n".join(block)))
    try:
        same = tomllib.loads(new) == wanted
    except tomllib.TOMLDecodeError:
        same = False
    if not same:
        raise SettingsError(
            _("{name} is written in a way in which nothing can be added by itself").format(
                name=name
            ),
            hint=_("paste what `nadi-agent discover` prints without --write"),
        )


def _add(document: dict[str, Any], proposal: Proposal, tables: dict[str, Any]) -> None:
    if proposal.index is None:
        document.setdefault(proposal.family, []).extend(tables[proposal.family])
        return
    line = document[proposal.family][proposal.index]
    line.setdefault("device", []).extend(tables[proposal.family]["device"])


def _replace(path: Path, before: str, after: str) -> None:
    """By a new file with the old one's owner and rights, which takes its name when it is whole."""
    real = path.resolve()
    try:
        handle, new = tempfile.mkstemp(dir=real.parent, prefix=f".{real.name}.")
        try:
            with os.fdopen(handle, "wb") as file:
                _take_rights(handle, real)
                file.write(after.encode())
                file.flush()
                os.fsync(handle)
            _refuse_meanwhile(real, before)
            os.replace(new, real)  # noqa: PTH105 beside mkstemp's plain names
        except BaseException:
            os.unlink(new)  # noqa: PTH108 as above
            raise
        _sync_folder(real.parent)
    except OSError as error:
        raise SettingsError(
            _("{path}: cannot be written: {why}").format(path=path, why=of_system(error)),
            hint=_("run it with sudo"),
        ) from None


def _take_rights(handle: int, real: Path) -> None:
    was = real.stat()
    os.fchmod(handle, was.st_mode & 0o7777)
    if (was.st_uid, was.st_gid) != (os.geteuid(), os.getegid()):
        os.fchown(handle, was.st_uid, was.st_gid)


def _refuse_meanwhile(real: Path, before: str) -> None:
    if real.read_bytes() != before.encode():
        raise SettingsError(
            _("{path}: somebody else changed it meanwhile; nothing was written").format(path=real),
            hint=_("write again"),
        )


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
