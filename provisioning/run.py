"""A command line becomes one outcome, and whatever goes wrong one known error."""

import errno
import tempfile
import traceback
from collections.abc import Callable
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import typer
from typer._click.exceptions import (
    BadOptionUsage,
    BadParameter,
    ClickException,
    MissingParameter,
    NoArgsIsHelpError,
    NoSuchOption,
)

from contract.errors import NadiError
from provisioning.app import build
from provisioning.errors import Trouble
from provisioning.job import Job
from provisioning.language import mark
from provisioning.outcome import Exit, Outcome

PROGRAM = "nadi"
_WHY = {
    errno.ENOENT: mark("it is not there."),
    errno.EEXIST: mark("it is there already."),
    errno.ENOTDIR: mark("it is no folder."),
    errno.EISDIR: mark("it is a folder."),
    errno.EROFS: mark("the disk is read-only."),
    errno.EIO: mark("the disk cannot be read or written."),
}


def run(job: Job) -> Outcome:
    """Runs the command on the line; what goes wrong is raised."""
    tree = typer.main.get_command(build(*job.switches.rest))
    width = job.terminal.width
    with redirect_stdout(job.terminal.err if job.switches.json else job.terminal.out):
        try:
            ended = tree.main(
                list(job.switches.rest),
                PROGRAM,
                standalone_mode=False,
                obj=job,
                terminal_width=width,
                max_content_width=width,
            )
        except NoArgsIsHelpError as page:
            job.terminal.page(page.message)
            return Outcome(code="help", exit=Exit.USAGE)
    if isinstance(ended, Outcome):
        return ended
    assert not ended, f"a command ended with {ended!r} instead of an outcome"
    return Outcome(code="help")


def trouble_of(error: BaseException) -> Trouble:
    """The known error that `error` is."""
    for kind, known in _KINDS:
        if isinstance(error, kind):
            return known(error)
    return _bug(error)


def _of_line(error: ClickException) -> Trouble:
    context = getattr(error, "ctx", None)
    command = context.command_path if context else PROGRAM
    if isinstance(error, MissingParameter):
        return Trouble("E-USAGE-01", flag=_flag(error.param))
    if isinstance(error, NoSuchOption):
        nearest = ", ".join(error.possibilities or ()) or "--help"
        return Trouble("E-USAGE-02", option=error.option_name, command=command, nearest=nearest)
    if isinstance(error, BadParameter):
        return Trouble("E-USAGE-04", option=_flag(error.param), command=command)
    if isinstance(error, BadOptionUsage):
        return Trouble("E-USAGE-04", option=error.option_name, command=command)
    return Trouble("E-USAGE-05", text=error.message, command=command)


def _flag(parameter: Any) -> str:
    """How a person writes the parameter."""
    if parameter is None:
        return mark("a value")
    if parameter.param_type_name == "option":
        return str(max(parameter.opts, key=len))
    return str(parameter.metavar or parameter.name).rstrip(".")


def _of_file(error: OSError) -> Trouble:
    path = str(error.filename) if error.filename else mark("a file")
    if error.errno in (errno.EACCES, errno.EPERM):
        return Trouble("E-FILE-01", path=path)
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return Trouble("E-FILE-02", path=path)
    why = _WHY.get(error.errno or 0) or error.strerror or str(error)
    return Trouble("E-FILE-03", path=path, why=why)


def _bug(error: BaseException) -> Trouble:
    """The traceback goes to a file: a screen on a pole is small."""
    with tempfile.NamedTemporaryFile(
        "w", prefix="nadi-fault-", suffix=".log", delete=False, encoding="utf-8"
    ) as log:
        log.writelines(traceback.format_exception(error))
    return Trouble("E-BUG-01", kind=type(error).__name__, log=str(Path(log.name)))


_KINDS: tuple[tuple[type[BaseException], Callable[[Any], Trouble]], ...] = (
    (Trouble, lambda trouble: trouble),
    (ClickException, _of_line),
    (NadiError, lambda error: Trouble("E-SETTING-01", what=str(error), hint=error.hint)),
    (OSError, _of_file),
    (typer.Abort, lambda _: Trouble("E-CANCEL-01")),
    (KeyboardInterrupt, lambda _: Trouble("E-CANCEL-02")),
)
