"""What can go wrong when a gateway joins its city."""

from provisioning.errors import Known
from provisioning.known.usage import NOTHING
from provisioning.language import mark
from provisioning.outcome import Exit

GOES_ON = mark("What was finished stays, and readings are not touched.")

KNOWN = (
    Known(
        code="E-STICK-01",
        exit=Exit.REFUSED,
        what=mark("{count} files on the sticks fit {name}: {found}"),
        safe=NOTHING,
        fix=mark("Plug in the one stick that has it, or give the path of the file."),
    ),
    Known(
        code="E-AGENT-03",
        exit=Exit.REFUSED,
        what=mark("nadi-agent is not installed on this machine."),
        safe=GOES_ON,
        fix=mark("Run it on the gateway; its package is nadi-agent."),
    ),
    Known(
        code="E-AGENT-02",
        exit=Exit.FAULT,
        what=mark("nadi-agent says: {what}"),
        safe=GOES_ON,
        fix=mark("Mend it, then run the same command again: {fix}"),
    ),
    Known(
        code="E-ENROL-01",
        exit=Exit.CANCELLED,
        what=mark("The city code is not the one on paper."),
        safe=NOTHING,
        fix=mark("Do not use this bundle, and tell the office."),
    ),
    Known(
        code="E-ENROL-02",
        exit=Exit.FAULT,
        what=mark("The new settings lack something: {what}"),
        safe=mark("The settings in force are unchanged, and readings are not touched."),
        fix=mark("Mend it, then run the same command again: {fix}"),
    ),
    Known(
        code="E-ENROL-03",
        exit=Exit.USAGE,
        what=mark("Nothing new was found at {name}, or more than one device."),
        safe=GOES_ON,
        fix=mark("Name one of: {known}"),
    ),
    Known(
        code="E-ENROL-04",
        exit=Exit.USAGE,
        what=mark("{asset} is not planned for this gateway, or was named twice."),
        safe=GOES_ON,
        fix=mark("Check the number; nearest: {nearest}."),
    ),
    Known(
        code="E-ENROL-05",
        exit=Exit.FAULT,
        what=mark("The agent could not be started with {command}: {why}"),
        safe=mark("It is enrolled, and its settings are written."),
        fix=mark("Look at it with systemctl status nadi-agent, then run the same command again."),
    ),
    Known(
        code="E-ENROL-06",
        exit=Exit.REFUSED,
        what=mark("Somebody else changed {file} meanwhile."),
        safe=mark("Their change stays; ours was not written."),
        fix=mark("Run the same command again."),
    ),
    Known(
        code="E-TOKEN-01",
        exit=Exit.USAGE,
        what=mark("This is no token of Nadi Kota."),
        safe=NOTHING,
        fix=mark("Copy it whole: it begins with nadi1 and has no spaces."),
    ),
    Known(
        code="E-TOKEN-02",
        exit=Exit.REFUSED,
        what=mark("The city does not know this token."),
        safe=GOES_ON,
        fix=mark("Ask the office for a new one: `nadi gateway token {gateway}`"),
    ),
    Known(
        code="E-TOKEN-03",
        exit=Exit.REFUSED,
        what=mark("The token is for another gateway."),
        safe=GOES_ON,
        fix=mark("Ask the office for one for this gateway: `nadi gateway token {gateway}`"),
    ),
    Known(
        code="E-TOKEN-04",
        exit=Exit.REFUSED,
        what=mark("The token is older than 15 minutes."),
        safe=GOES_ON,
        fix=mark("Ask the office for a new one: `nadi gateway token {gateway}`"),
    ),
    Known(
        code="E-TOKEN-05",
        exit=Exit.REFUSED,
        what=mark("The token has served already."),
        safe=GOES_ON,
        fix=mark("Ask the office for a new one: `nadi gateway token {gateway}`"),
    ),
    Known(
        code="E-TOKEN-06",
        exit=Exit.REFUSED,
        what=mark("The token is of another authority than the bundle."),
        safe=NOTHING,
        fix=mark("Take both from the same office."),
    ),
    Known(
        code="E-ENDPOINT-01",
        exit=Exit.TIMEOUT,
        what=mark("The enrolment endpoint {hosts} was not reached: {why}"),
        safe=GOES_ON,
        fix=mark("Mend the network and run the same command again, or use a delegation."),
    ),
    Known(
        code="E-CLOCK-03",
        exit=Exit.REFUSED,
        what=mark("By this machine's clock the certificate of {host} is not valid today."),
        safe=GOES_ON,
        fix=mark(
            "Set the clock, `sudo timedatectl set-time TIME`, and run the same command again;"
            " a delegation needs no clock."
        ),
    ),
    Known(
        code="E-ENDPOINT-02",
        exit=Exit.REFUSED,
        what=mark("{host} is not shown to be of this city: {why}"),
        safe=GOES_ON,
        fix=mark("Check clock and address; if both are right, tell the office."),
    ),
    Known(
        code="E-ENDPOINT-03",
        exit=Exit.REFUSED,
        what=mark("What {host} answered is no certificate of this city."),
        safe=GOES_ON,
        fix=mark("Tell the office."),
    ),
    Known(
        code="E-ENDPOINT-04",
        exit=Exit.REFUSED,
        what=mark("{host} refused with status {status}."),
        safe=GOES_ON,
        fix=mark("Wait a minute and run the same command again; its log says why."),
    ),
)
