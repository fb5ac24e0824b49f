"""`nadi`: chooses the language, runs one command, and says how it ended."""

import os
import resource
import sys
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from provisioning import language, switches, terminal
from provisioning.errors import Trouble
from provisioning.job import Job
from provisioning.outcome import PLANNED, Exit, Outcome


def main(arguments: Sequence[str] | None = None, environ: Mapping[str, str] = os.environ) -> int:
    """Runs one command; returns its exit code."""
    if arguments is None:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a core would hold what was typed
    taken = switches.take(sys.argv[1:] if arguments is None else arguments)
    # Causes stand in the document too, and it is the same in every language.
    spoken = language.chosen(taken.lang, environ)
    language.use(spoken, causes="en" if taken.json else spoken)
    job = Job(
        terminal=terminal.of_process(environ, mute=taken.json, may_ask=not taken.no_input),
        switches=taken,
        environ=environ,
        now=lambda: datetime.now(UTC),
        monotonic=time.monotonic,
    )
    try:
        return _end(_outcome(job), job)
    except BrokenPipeError:  # whoever read our output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.DONE


def _outcome(job: Job) -> Outcome:
    if job.switches.lang not in (None, *language.LANGUAGES):
        return _failed(Trouble("E-USAGE-06", name=job.switches.lang or "--lang"), job)
    from provisioning.run import run, trouble_of  # noqa: PLC0415 its words need the language

    try:
        return run(job)
    except BrokenPipeError:
        raise
    except BaseException as error:
        if job.switches.debug:
            raise
        return _failed(trouble_of(error), job)


def _failed(trouble: Trouble, job: Job) -> Outcome:
    job.terminal.error(trouble.lines(), trouble.known.code)
    return trouble.outcome()


def _end(outcome: Outcome, job: Job) -> int:
    """Says what comes next, or writes the document; returns the exit code."""
    if job.switches.json:
        job.terminal.document(outcome.document())
        return outcome.exit
    if job.dry_run and outcome.code == PLANNED:
        job.say(language._("Dry run: nothing was changed."))
    if (same := job.equivalent()) and outcome.error is None:
        job.terminal.command(language._("The same without questions:"), same)
    for line in outcome.next:
        job.terminal.command(language._("Next:"), line)
    return outcome.exit


if __name__ == "__main__":
    sys.exit(main())
