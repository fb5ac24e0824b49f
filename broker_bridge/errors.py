"""What can go wrong on the city's side, split by what the caller does about it.

BridgeError
├── StoreGone       the database cannot be reached, is read-only or full; keep, back off, try again
├── StoreRefused    the database refuses these very rows; halve the group until one batch is left
├── StoreNewer      the schema is newer than this program; stop
└── BrokerRefused   the broker refuses this bridge; the reason in words
"""

from contract.errors import NadiError


class BridgeError(NadiError):
    """An error of the city's own side."""


class StoreGone(BridgeError):
    """The database cannot be used now."""


class StoreRefused(BridgeError):
    """The database refuses the data it was given."""


class StoreNewer(BridgeError):
    """The store was written by a newer program."""


class BrokerRefused(BridgeError):
    """The broker will not have this bridge."""
