"""What a command line can lack or say wrongly."""

from provisioning.errors import Known
from provisioning.language import mark
from provisioning.outcome import Exit

NOTHING = mark("Nothing was changed.")

KNOWN = (
    Known(
        code="E-USAGE-01",
        exit=Exit.USAGE,
        what=mark("{flag} is missing, and nobody can be asked."),
        safe=NOTHING,
        fix=mark("Add {flag} to the command."),
    ),
    Known(
        code="E-USAGE-02",
        exit=Exit.USAGE,
        what=mark("There is no option {option} here."),
        safe=NOTHING,
        fix=mark("{command} --help shows the options; nearest: {nearest}."),
    ),
    Known(
        code="E-USAGE-03",
        exit=Exit.USAGE,
        what=mark("There is no command {name}."),
        safe=NOTHING,
        fix=mark("{command} --help shows the commands; nearest: {nearest}."),
    ),
    Known(
        code="E-USAGE-04",
        exit=Exit.USAGE,
        what=mark("{option}: this value cannot be used."),
        safe=NOTHING,
        fix=mark("{command} --help shows what it takes."),
    ),
    Known(
        code="E-USAGE-05",
        exit=Exit.USAGE,
        what=mark("This command line cannot be read: {text}"),
        safe=NOTHING,
        fix=mark("{command} --help shows how it is written."),
    ),
    Known(
        code="E-USAGE-06",
        exit=Exit.USAGE,
        what=mark("There is no language {name}."),
        safe=NOTHING,
        fix=mark("Write --lang id or --lang en."),
    ),
    Known(
        code="E-USAGE-07",
        exit=Exit.USAGE,
        what=mark("{option} takes no secret on the command line, where others can read it."),
        safe=mark("Nothing was changed, but choose another secret: this one was shown."),
        fix=mark("Write {write}file:PATH, or {write}- to read it from standard input."),
    ),
    Known(
        code="E-USAGE-08",
        exit=Exit.USAGE,
        what=mark("{name!r} is no name."),
        safe=NOTHING,
        fix=mark("Use 1 to 64 letters, digits, dots, underscores and hyphens, such as bb-0042."),
    ),
    Known(
        code="E-USAGE-09",
        exit=Exit.USAGE,
        what=mark("The secret in {place} cannot be used: {why}"),
        safe=NOTHING,
        fix=mark("Write one line, 8 to 1024 characters, into a file that only you can read."),
    ),
    Known(
        code="E-USAGE-10",
        exit=Exit.USAGE,
        what=mark("{host} is neither an address nor a name of a machine."),
        safe=NOTHING,
        fix=mark("Write an address such as 10.0.0.2, or a name such as broker.example.org."),
    ),
)
