"""What can go wrong when a gateway renews its certificate."""

from provisioning.errors import Known
from provisioning.known.joining import GOES_ON
from provisioning.known.usage import NOTHING
from provisioning.language import mark
from provisioning.outcome import Exit

OLD_STAYS = mark("The certificate in use stays as it is, and readings are sent as before.")

KNOWN = (
    Known(
        code="E-RENEW-01",
        exit=Exit.REFUSED,
        what=mark("The city does not renew the certificate of {gateway}: it was revoked."),
        safe=GOES_ON,
        fix=mark("Enrol it again with a new bundle from the office."),
    ),
    Known(
        code="E-RENEW-02",
        exit=Exit.REFUSED,
        what=mark("{gateway} has too many certificates that are still valid."),
        safe=GOES_ON,
        fix=mark("Revoke it in the office, and enrol it again."),
    ),
    Known(
        code="E-RENEW-03",
        exit=Exit.REFUSED,
        what=mark("{folder} holds no certificate that came with a bundle."),
        safe=NOTHING,
        fix=mark("Enrol this gateway with its bundle: `nadi gateway enrol`"),
    ),
    Known(
        code="E-RENEW-04",
        exit=Exit.REFUSED,
        what=mark("The bundle of {gateway} names no enrolment endpoint."),
        safe=NOTHING,
        fix=mark("Give one with --enrolment HOST:PORT, or enrol again: `nadi gateway enrol`"),
    ),
    Known(
        code="E-RENEW-05",
        exit=Exit.REFUSED,
        what=mark("The certificate of {gateway} ran out on {day}; this clock says {now}."),
        safe=mark("Nothing was changed; readings wait on the gateway."),
        fix=mark("If the clock is right, enrol with a new bundle: `nadi gateway enrol`"),
    ),
    Known(
        code="E-RENEW-06",
        exit=Exit.REFUSED,
        what=mark("The clock says {now}, but it has been {past} already."),
        safe=OLD_STAYS,
        fix=mark("Wait for the network's time, or set the clock; then run the same again."),
    ),
    Known(
        code="E-RENEW-07",
        exit=Exit.REFUSED,
        what=mark("{host} does not accept the certificate of {gateway}: {why}"),
        safe=GOES_ON,
        fix=mark("Look at the clock on both sides; if it is right, enrol with a new bundle."),
    ),
    Known(
        code="E-RENEW-08",
        exit=Exit.FAULT,
        what=mark("The broker {broker} was tried with the new certificate: {why}"),
        safe=OLD_STAYS,
        fix=mark("See what is wrong with `nadi doctor`, then run the same command again."),
    ),
    Known(
        code="E-RENEW-09",
        exit=Exit.TIMEOUT,
        what=mark("The broker {broker} was not reached to try the new certificate: {why}"),
        safe=OLD_STAYS,
        fix=mark("Mend the network; the next run goes on from here."),
    ),
    Known(
        code="E-RENEW-10",
        exit=Exit.FAULT,
        what=mark("The agent could not be restarted with {command}: {why}"),
        safe=mark("The old certificate is in use again; readings are not touched."),
        fix=mark("Look at it with systemctl status nadi-agent, then run the same command again."),
    ),
)
