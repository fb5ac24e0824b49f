"""What can go wrong while a package is built."""

from contract.errors import NadiError


class BuildFailed(NadiError):
    """A package could not be built; nothing was left in the output folder."""
