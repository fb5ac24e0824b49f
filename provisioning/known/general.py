"""What can stop any command."""

from provisioning.errors import Known
from provisioning.known.usage import NOTHING
from provisioning.language import mark
from provisioning.outcome import Exit

KNOWN = (
    Known(
        code="E-BUG-01",
        exit=Exit.BUG,
        what=mark("nadi itself has a fault: {kind}."),
        safe=mark("Readings are not touched: the agent keeps them by itself."),
        fix=mark("Send the file {log} to your operator, and run the same command again."),
    ),
    Known(
        code="E-CANCEL-01",
        exit=Exit.CANCELLED,
        what=mark("Cancelled."),
        safe=NOTHING,
        fix=mark("Run the same command again when you are ready."),
    ),
    Known(
        code="E-CANCEL-02",
        exit=Exit.CANCELLED,
        what=mark("Interrupted."),
        safe=mark("What was finished stays; no file is half written."),
        fix=mark("Run the same command again: it goes on where it was."),
    ),
    Known(
        code="E-CONFIRM-01",
        exit=Exit.REFUSED,
        what=mark("The typed name is not {name}."),
        safe=NOTHING,
        fix=mark("Write exactly {name}, on the line or after --confirm."),
    ),
    Known(
        code="E-FILE-01",
        exit=Exit.DENIED,
        what=mark("{path} may not be read or written by you."),
        safe=NOTHING,
        fix=mark("Run the same command with sudo."),
    ),
    Known(
        code="E-FILE-02",
        exit=Exit.REFUSED,
        what=mark("There is no room left to write {path}."),
        safe=mark("No file is half written."),
        fix=mark("Free some space there, then run the same command again."),
    ),
    Known(
        code="E-FILE-03",
        exit=Exit.REFUSED,
        what=mark("{path} cannot be used: {why}"),
        safe=mark("No file is half written."),
        fix=mark("Check the path, then run the same command again."),
    ),
    Known(
        code="E-SETTING-01",
        exit=Exit.USAGE,
        what=mark("A file is not as it should be: {what}"),
        safe=NOTHING,
        fix=mark("Mend it: {hint}"),
    ),
)
