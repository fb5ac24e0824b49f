"""What can go wrong with the city's authority."""

from provisioning.errors import Known
from provisioning.known.usage import NOTHING
from provisioning.language import mark
from provisioning.outcome import Exit

KNOWN = (
    Known(
        code="E-AUTH-01",
        exit=Exit.REFUSED,
        what=mark("{folder} is the authority of {city} with the broker {hosts} already."),
        safe=NOTHING,
        fix=mark("Choose another folder with --authority, or give that city and broker."),
    ),
    Known(
        code="E-AUTH-02",
        exit=Exit.REFUSED,
        what=mark("{folder} holds other files and no authority."),
        safe=NOTHING,
        fix=mark("Choose an empty folder with --authority."),
    ),
    Known(
        code="E-AUTH-03",
        exit=Exit.REFUSED,
        what=mark("There is no authority in {folder}."),
        safe=NOTHING,
        fix=mark("Give its folder with --authority, or make one: `nadi authority init`"),
    ),
    Known(
        code="E-AUTH-04",
        exit=Exit.REFUSED,
        what=mark("The key {key} does not belong to {certificate}."),
        safe=NOTHING,
        fix=mark("Put both back from the same backup."),
    ),
    Known(
        code="E-AUTH-05",
        exit=Exit.REFUSED,
        what=mark("{file} holds no certificate or key that can be used."),
        safe=NOTHING,
        fix=mark("Put it back from a backup."),
    ),
)
