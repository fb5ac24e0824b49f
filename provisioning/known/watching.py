"""What can stand between the office and the fleet's feed."""

from provisioning.errors import Known
from provisioning.known.doctor import LOOKED
from provisioning.language import mark
from provisioning.outcome import Exit

KNOWN = (
    Known(
        code="E-STATUS-01",
        exit=Exit.REFUSED,
        what=mark("There is no reader's certificate in {folder}."),
        safe=LOOKED,
        fix=mark("Make one in the office: `nadi authority issue status --role reader`"),
    ),
    Known(
        code="E-STATUS-02",
        exit=Exit.TIMEOUT,
        what=mark("The broker {broker} was not reached: {why}"),
        safe=mark("This only looked; the gateways keep their readings."),
        fix=mark("Look at the way to it, and whether it runs; then run the same command again."),
    ),
    Known(
        code="E-STATUS-03",
        exit=Exit.REFUSED,
        what=mark("The broker {broker} does not let {name} in, or is of another city."),
        safe=LOOKED,
        fix=mark("See in the office whether the certificate is valid: `nadi authority status`"),
    ),
    Known(
        code="E-STATUS-04",
        exit=Exit.REFUSED,
        what=mark("The inventory is not on this machine, so no gateway's kelurahan is known."),
        safe=LOOKED,
        fix=mark("Ask in the office, or name the gateways with --gateway."),
    ),
)
