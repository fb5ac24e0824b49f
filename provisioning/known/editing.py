"""What can go wrong when the settings of a gateway on its pole are changed."""

from provisioning.errors import Known
from provisioning.language import mark
from provisioning.outcome import Exit

IN_FORCE = mark("The settings in force are unchanged, and readings are not touched.")

KNOWN = (
    Known(
        code="E-EDIT-01",
        exit=Exit.USAGE,
        what=mark("{name} is nothing that these settings have."),
        safe=IN_FORCE,
        fix=mark("Begin with a section, a line or an asset; nearest: {nearest}."),
    ),
    Known(
        code="E-EDIT-02",
        exit=Exit.REFUSED,
        what=mark("The settings are written in a way in which this cannot be changed by itself."),
        safe=IN_FORCE,
        fix=mark("Change it in an editor: `sudo nadi gateway edit`"),
    ),
    Known(
        code="E-EDIT-03",
        exit=Exit.FAULT,
        what=mark("The agent could not be restarted with {command}: {why}"),
        safe=mark("The new settings are in force at its next start; what it sealed is safe."),
        fix=mark("Put those before back: `sudo nadi gateway edit --undo`"),
    ),
    Known(
        code="E-EDIT-04",
        exit=Exit.REFUSED,
        what=mark("Nothing was changed in {file} yet, so there is nothing to undo."),
        safe=IN_FORCE,
        fix=mark("See what is in force: `nadi doctor settings`"),
    ),
    Known(
        code="E-EDIT-05",
        exit=Exit.REFUSED,
        what=mark("{file} is no text in UTF-8."),
        safe=IN_FORCE,
        fix=mark("Write it again as UTF-8, then run the same command again."),
    ),
    Known(
        code="E-EDIT-06",
        exit=Exit.REFUSED,
        what=mark("No editor could be used: {editor}"),
        safe=IN_FORCE,
        fix=mark("Name one in EDITOR, or say the change with --set."),
    ),
)
