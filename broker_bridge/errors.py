"""What can go wrong on the city's side, split by what the caller does about it.

BridgeError
├── StoreGone       the database cannot be reached, is read-only or full; keep, back off, try again
├── StoreRefused    the database refuses these very rows; halve the group until one batch is left
├── StoreNewer      the schema is newer than this program; stop
├── RegistryRefused the list of gateways and assets is older than the one loaded, or another
├── BackupRefused   a backup that is not whole, or a store that it must not replace
├── ExportRefused   what is to be exported cannot be, or not there
├── QuarantineRefused what a person wants of the quarantine cannot be done as they said it
├── StoreBusy       somebody else uses a table for long; the next time
├── RetentionRefused more would go than was ever said, or a bridge of before still runs
├── DiscardRefused  what is to be given up is not exactly what the gateway holds
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


class RegistryRefused(BridgeError):
    """A registry that must not take the place of the one loaded."""


class BackupRefused(BridgeError):
    """A backup that cannot be made, is not whole, or must not be put where it was to go."""


class ExportRefused(BridgeError):
    """An export that cannot be made, or must not take the place of what is there."""


class QuarantineRefused(BridgeError):
    """What a person wants of the quarantine cannot be done as they said it."""


class StoreBusy(BridgeError):
    """A table is in use by somebody else for longer than the bridges may wait."""


class RetentionRefused(BridgeError):
    """Readings or hours that must not go before somebody says so."""


class DiscardRefused(BridgeError):
    """A count that is not the one of the store."""


class BrokerRefused(BridgeError):
    """The broker will not have this bridge."""
