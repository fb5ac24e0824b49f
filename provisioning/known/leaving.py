"""What can stop a gateway from being replaced or retired."""

from provisioning.errors import Known
from provisioning.known.usage import NOTHING
from provisioning.language import mark
from provisioning.outcome import Exit

KNOWN = (
    Known(
        code="E-UNSETTLED-01",
        exit=Exit.REFUSED,
        what=mark(
            "{gateway} still holds {count} that the city lacks: "
            "{readings} readings, {events} events."
        ),
        safe=NOTHING,
        fix=mark("Bring them by stick, `nadi collect`; or add --discard-unsettled {count}"),
    ),
    Known(
        code="E-UNSETTLED-02",
        exit=Exit.REFUSED,
        what=mark("{gateway} holds {count} that the city lacks, not {said}."),
        safe=NOTHING,
        fix=mark("Look again whether they are to be lost; then write the exact count."),
    ),
    Known(
        code="E-UNSETTLED-03",
        exit=Exit.REFUSED,
        what=mark("{gateway} sealed more while it was revoked: it holds {count} now."),
        safe=mark("It is revoked; nothing is given up yet."),
        fix=mark("Bring them by stick, `nadi collect`; or add --discard-unsettled {count}"),
    ),
    Known(
        code="E-RETIRE-01",
        exit=Exit.REFUSED,
        what=mark("{gateway} still has assets to read ({count}): {assets}"),
        safe=NOTHING,
        fix=mark("Move each with nadi asset move, or retire them too with --with-assets."),
    ),
    Known(
        code="E-BRIDGE-01",
        exit=Exit.TIMEOUT,
        what=mark("The city's store was not reached with {command}: {why}"),
        safe=mark("No reading was given up."),
        fix=mark("Say in authority.toml, under [bridge], how nadi-bridge is run; then again."),
    ),
)
