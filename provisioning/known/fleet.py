"""What can go wrong with the inventory, and with what is prepared and published from it."""

from provisioning.errors import Known
from provisioning.known.usage import NOTHING
from provisioning.language import mark
from provisioning.outcome import Exit

KNOWN = (
    Known(
        code="E-FLEET-01",
        exit=Exit.REFUSED,
        what=mark("{count} lines of {file} cannot be used."),
        safe=NOTHING,
        fix=mark("Mend these lines and import again, or leave them out with --skip-bad."),
    ),
    Known(
        code="E-FLEET-02",
        exit=Exit.REFUSED,
        what=mark("{file} has no column {column}."),
        safe=NOTHING,
        fix=mark(
            "Its first line names the columns: kind, id, latitude, longitude; "
            "name, kelurahan and gateway where you know them."
        ),
    ),
    Known(
        code="E-FLEET-03",
        exit=Exit.REFUSED,
        what=mark("{file} has a column {column!r} that means nothing here."),
        safe=NOTHING,
        fix=mark("Name it {nearest}, or delete the column."),
    ),
    Known(
        code="E-FLEET-04",
        exit=Exit.REFUSED,
        what=mark("{file} cannot be read as a list: {why}"),
        safe=NOTHING,
        fix=mark("Save it as CSV in UTF-8, then import that file."),
    ),
    Known(
        code="E-FLEET-05",
        exit=Exit.REFUSED,
        what=mark("There is no {name} in the inventory."),
        safe=NOTHING,
        fix=mark("Nearest: {nearest}. All of them: `nadi fleet list`"),
    ),
    Known(
        code="E-FLEET-06",
        exit=Exit.REFUSED,
        what=mark("{file} was written by a newer nadi."),
        safe=NOTHING,
        fix=mark("Install the newer nadi on this machine."),
    ),
    Known(
        code="E-FLEET-07",
        exit=Exit.REFUSED,
        what=mark("{file} is larger than {limit}."),
        safe=NOTHING,
        fix=mark("Import it in parts."),
    ),
    Known(
        code="E-FLEET-08",
        exit=Exit.REFUSED,
        what=mark("{file} has the column {column} twice."),
        safe=NOTHING,
        fix=mark("Delete one of the two."),
    ),
    Known(
        code="E-FLEET-09",
        exit=Exit.REFUSED,
        what=mark("{name} is retired."),
        safe=NOTHING,
        fix=mark("Choose one that is in use: `nadi fleet list`"),
    ),
    Known(
        code="E-FLEET-10",
        exit=Exit.REFUSED,
        what=mark("{count} assets are on {name}, {first} among them."),
        safe=NOTHING,
        fix=mark("Move each first: `nadi asset move {first} GATEWAY`"),
    ),
    Known(
        code="E-FLEET-11",
        exit=Exit.REFUSED,
        what=mark("The inventory is empty."),
        safe=NOTHING,
        fix=mark("Import a list first: `nadi fleet import FILE`"),
    ),
    Known(
        code="E-FLEET-12",
        exit=Exit.REFUSED,
        what=mark("{name} differs from {other} in capital letters only."),
        safe=NOTHING,
        fix=mark("Write {other}, or choose another name."),
    ),
    Known(
        code="E-FLEET-13",
        exit=Exit.REFUSED,
        what=mark("The inventory {file} cannot be used: {why}."),
        safe=NOTHING,
        fix=mark("End other runs of nadi; if it stays so, put the file back from a backup."),
    ),
    Known(
        code="E-PREPARE-01",
        exit=Exit.USAGE,
        what=mark("{text} is no range of names."),
        safe=NOTHING,
        fix=mark("Write the first and the last with equally many digits: bb-0001..bb-0050."),
    ),
    Known(
        code="E-PREPARE-02",
        exit=Exit.USAGE,
        what=mark("These are more than {limit} names."),
        safe=NOTHING,
        fix=mark("Prepare them in parts."),
    ),
    Known(
        code="E-PREPARE-03",
        exit=Exit.REFUSED,
        what=mark("{file} is no bundle of this authority: {why}."),
        safe=NOTHING,
        fix=mark("Choose another folder with --out, or move that file away."),
    ),
    Known(
        code="E-PREPARE-04",
        exit=Exit.USAGE,
        what=mark("{text} is no number of days between 1 and {limit}."),
        safe=NOTHING,
        fix=mark("Write --days 90, for example."),
    ),
)
