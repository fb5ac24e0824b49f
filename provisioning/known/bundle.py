"""Why an enrolment bundle cannot be used."""

from provisioning.errors import Known
from provisioning.known.usage import NOTHING
from provisioning.language import mark
from provisioning.outcome import Exit

KNOWN = (
    Known(
        code="E-BUNDLE-01",
        exit=Exit.REFUSED,
        what=mark("{file} is for {theirs}, this gateway is {ours}."),
        safe=NOTHING,
        fix=mark("Take the bundle of {ours}."),
    ),
    Known(
        code="E-BUNDLE-02",
        exit=Exit.REFUSED,
        what=mark("{file} is no longer valid."),
        safe=NOTHING,
        fix=mark("Have the office make a new one: `nadi gateway prepare {ours}`"),
    ),
    Known(
        code="E-BUNDLE-03",
        exit=Exit.REFUSED,
        what=mark("{file} was changed or damaged since the office signed it."),
        safe=NOTHING,
        fix=mark("Copy it from the office once more; if it stays so, tell your operator."),
    ),
    Known(
        code="E-BUNDLE-04",
        exit=Exit.REFUSED,
        what=mark("{file} has served already."),
        safe=NOTHING,
        fix=mark("Have the office make a new one: `nadi gateway prepare {ours}`"),
    ),
    Known(
        code="E-BUNDLE-05",
        exit=Exit.REFUSED,
        what=mark("{file} is from another city's authority."),
        safe=NOTHING,
        fix=mark("Take the bundle that this city's office made."),
    ),
    Known(
        code="E-BUNDLE-06",
        exit=Exit.REFUSED,
        what=mark("{file} is of a newer form than this nadi reads."),
        safe=NOTHING,
        fix=mark("Install the newer nadi on this machine."),
    ),
)
