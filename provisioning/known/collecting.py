"""What can stop a stick."""

from provisioning.errors import Known
from provisioning.language import mark
from provisioning.outcome import Exit

KEPT = mark("The gateway keeps everything; {copied} batches are whole on the stick.")
ALL_KEPT = mark("The gateway keeps everything.")

KNOWN = (
    Known(
        code="E-COLLECT-01",
        exit=Exit.REFUSED,
        what=mark("The stick at {folder} is full: {left} batches found no room."),
        safe=KEPT,
        fix=mark("Take another stick for the rest, or free some room on this one."),
        pending=("copy",),
    ),
    Known(
        code="E-COLLECT-02",
        exit=Exit.REFUSED,
        what=mark("The stick at {folder} is read-only."),
        safe=KEPT,
        fix=mark("Move the switch on its side, or take another stick."),
        pending=("copy",),
    ),
    Known(
        code="E-COLLECT-03",
        exit=Exit.FAULT,
        what=mark("The stick at {folder} was pulled out, or it is broken."),
        safe=KEPT,
        fix=mark("Put it in again and run the same command: it goes on where it was."),
        pending=("copy",),
    ),
    Known(
        code="E-COLLECT-04",
        exit=Exit.REFUSED,
        what=mark("The stick at {folder} holds another city's readings."),
        safe=ALL_KEPT,
        fix=mark("Take another stick, and bring this one to its city."),
    ),
    Known(
        code="E-COLLECT-05",
        exit=Exit.REFUSED,
        what=mark("{folder} is on the gateway's own card: no stick is there."),
        safe=ALL_KEPT,
        fix=mark("Put the stick in and mount it, or add --any if you mean that folder."),
    ),
    Known(
        code="E-COLLECT-06",
        exit=Exit.REFUSED,
        what=mark("There is no folder {folder}."),
        safe=ALL_KEPT,
        fix=mark("Put the stick in; lsblk shows where it is mounted."),
    ),
    Known(
        code="E-COLLECT-07",
        exit=Exit.FAULT,
        what=mark("The gateway could not give its readings: {what}"),
        safe=ALL_KEPT,
        fix=mark("Mend it, then run the same command again: {fix}"),
    ),
)
