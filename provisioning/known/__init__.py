"""Every error that `nadi` can end with, by its code."""

from provisioning.known import (
    authority,
    bundle,
    collecting,
    doctor,
    editing,
    fleet,
    general,
    joining,
    leaving,
    renewing,
    serving,
    usage,
    watching,
)

TABLES = (
    usage.KNOWN,
    general.KNOWN,
    authority.KNOWN,
    fleet.KNOWN,
    bundle.KNOWN,
    joining.KNOWN,
    renewing.KNOWN,
    serving.KNOWN,
    leaving.KNOWN,
    collecting.KNOWN,
    doctor.KNOWN,
    watching.KNOWN,
    editing.KNOWN,
)
BY_CODE = {known.code: known for table in TABLES for known in table}
