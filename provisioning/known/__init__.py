"""Every error that `nadi` can end with, by its code."""

from provisioning.known import authority, bundle, collecting, fleet, general, usage

BY_CODE = {
    known.code: known
    for table in (
        usage.KNOWN,
        general.KNOWN,
        authority.KNOWN,
        fleet.KNOWN,
        bundle.KNOWN,
        collecting.KNOWN,
    )
    for known in table
}
