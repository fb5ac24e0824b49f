"""Why the enrolment endpoint cannot be reached."""

from provisioning.errors import Known
from provisioning.language import mark
from provisioning.outcome import Exit

WAIT = mark("Nobody enrols over the network until then; gateways at work go on.")

KNOWN = (
    Known(
        code="E-PORT-01",
        exit=Exit.REFUSED,
        what=mark("Port {port} of {address} is in use by another program."),
        safe=WAIT,
        fix=mark("End that program, which ss -ltnp names, or set another port in {file}."),
    ),
    Known(
        code="E-PORT-02",
        exit=Exit.REFUSED,
        what=mark("Port {port} of {address} cannot be opened: {why}."),
        safe=WAIT,
        fix=mark("Set an address of this machine and a port above 1023 in {file}."),
    ),
    Known(
        code="E-PORT-03",
        exit=Exit.USAGE,
        what=mark("There are no settings for the endpoint: {file} is missing."),
        safe=WAIT,
        fix=mark("Copy the example of /usr/share/doc/nadi there, and set hosts."),
    ),
)
