"""A person's own editor on a copy of the settings, again until they can be used."""

import os
import shlex
import shutil
import subprocess
from collections.abc import Callable, Mapping

from contract.errors import NadiError
from provisioning.editing.draft import Draft
from provisioning.errors import Trouble
from provisioning.job import Job
from provisioning.language import _
from provisioning.terminal import Sign

EDITORS = ("sensible-editor", "nano", "vi")


def edit(job: Job, draft: Draft, judge: Callable[[], object]) -> None:
    """Returns once `judge` raises nothing; raises Trouble if the person gives up."""
    if not job.terminal.interactive:
        raise Trouble("E-USAGE-01", flag="--set")
    words = editor_of(job.environ)
    while True:
        _run([*words, str(draft.file)])
        try:
            judge()
        except NadiError as error:
            _say(job, error)
            job.agree(_("Edit it again? Otherwise nothing is changed."), yes=False)
        else:
            return


def editor_of(environ: Mapping[str, str]) -> list[str]:
    """The person's, or one that is here; raises Trouble if there is none."""
    named = environ.get("VISUAL") or environ.get("EDITOR")
    if named:
        return shlex.split(named)
    path = environ.get("PATH", os.defpath)
    for name in EDITORS:
        if shutil.which(name, path=path):
            return [name]
    raise Trouble("E-EDIT-06", editor="EDITOR")


def _run(line: list[str]) -> None:
    try:
        ended = subprocess.run(line, check=False).returncode
    except OSError as error:
        raise Trouble("E-EDIT-06", editor=f"{line[0]}: {error.strerror}") from None
    if ended:
        raise Trouble("E-EDIT-06", editor=f"{line[0]}: exit {ended}")


def _say(job: Job, error: NadiError) -> None:
    if isinstance(error, Trouble):
        what, _safe, fix = error.lines()
        job.step(Sign.FAIL, what, code=error.known.code)
        job.terminal.more(fix)
        return
    job.step(Sign.FAIL, str(error))
    job.terminal.more(error.hint)
