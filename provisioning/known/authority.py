"""What can go wrong with the city's authority."""

from provisioning.errors import Known
from provisioning.known.usage import NOTHING
from provisioning.language import mark
from provisioning.outcome import Exit

ROOT_IS_SAFE = mark("Nothing was changed, and all that was made stays good until {day}.")

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
    Known(
        code="E-AUTH-06",
        exit=Exit.REFUSED,
        what=mark("The passphrase does not open {file}."),
        safe=NOTHING,
        fix=mark("Try again; after a lost passphrase the office makes a new one."),
    ),
    Known(
        code="E-AUTH-07",
        exit=Exit.REFUSED,
        what=mark("There is no root key at {file}."),
        safe=ROOT_IS_SAFE,
        fix=mark("Fetch its stick from the safe, or a copy; if none is left: {lost}"),
    ),
    Known(
        code="E-AUTH-08",
        exit=Exit.REFUSED,
        what=mark("The passphrase does not open the root key {file}."),
        safe=ROOT_IS_SAFE,
        fix=mark("Try again; if nobody knows it any more: {lost}"),
    ),
    Known(
        code="E-DELEGATION-01",
        exit=Exit.REFUSED,
        what=mark("{name} may not make a certificate for {gateway}."),
        safe=NOTHING,
        fix=mark("Ask the office for a delegation that names {gateway}."),
    ),
    Known(
        code="E-DELEGATION-02",
        exit=Exit.REFUSED,
        what=mark("{name} ran out on {day}."),
        safe=mark("Nothing was changed; readings wait on the gateway."),
        fix=mark("Ask the office for a new delegation."),
    ),
    Known(
        code="E-DELEGATION-03",
        exit=Exit.REFUSED,
        what=mark("{count} certificates were made for {gateway} already: no more with this one."),
        safe=NOTHING,
        fix=mark("Ask the office for a new delegation."),
    ),
    Known(
        code="E-DELEGATION-04",
        exit=Exit.REFUSED,
        what=mark("{name} cannot be a gateway's name: there is {twin}."),
        safe=NOTHING,
        fix=mark("Choose a name that differs in more than capital letters."),
    ),
    Known(
        code="E-GATEWAY-01",
        exit=Exit.REFUSED,
        what=mark("The city never made a certificate for {name}."),
        safe=NOTHING,
        fix=mark("Check the name; nearest: {nearest}."),
    ),
    Known(
        code="E-GATEWAY-02",
        exit=Exit.REFUSED,
        what=mark("{name} is known as: {role}."),
        safe=NOTHING,
        fix=mark("`nadi gateway revoke` ends gateways, `nadi authority revoke` everything else."),
    ),
    Known(
        code="E-REVOKE-01",
        exit=Exit.TIMEOUT,
        what=mark("List {number} is signed, but the broker at {broker} was not reached: {why}"),
        safe=mark("{name} is still let in. No reading is lost."),
        fix=mark("Mend the way to the broker, then run the same command again."),
        pending=("apply", "evict"),
    ),
    Known(
        code="E-REVOKE-02",
        exit=Exit.TIMEOUT,
        what=mark("The broker has list {number}, but it was not shown that it refuses {name}."),
        safe=mark("{name} may still be let in. No reading is lost."),
        fix=mark("Restart the broker, then run the same command again."),
        pending=("prove", "evict"),
    ),
    Known(
        code="E-BROKER-01",
        exit=Exit.REFUSED,
        what=mark("What was sent for the broker cannot be used: {why}"),
        safe=mark("The broker goes on with what it has."),
        fix=mark("Send it again from the authority: `nadi authority apply`"),
    ),
    Known(
        code="E-BROKER-02",
        exit=Exit.REFUSED,
        what=mark("The broker has revocation list {there}, and {number} is older."),
        safe=mark("The broker goes on with what it has."),
        fix=mark("Send the newest from the authority: `nadi authority apply`"),
    ),
    Known(
        code="E-BROKER-03",
        exit=Exit.REFUSED,
        what=mark("The broker could not be told to read its files again: {why}"),
        safe=mark("The new files are there; it reads them at its next start."),
        fix=mark("Restart the broker, then run the same command again."),
    ),
)
