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
├── StickRefused    no gateway has put anything on that stick
├── SettingsRefused what the settings name cannot be used; a SettingsError too
├── ThreadDied      a thread of the bridge died of what nobody foresaw; it starts anew
└── BrokerRefused   the broker refuses this bridge; the reason in words

Each is made of marked templates and their values: English to logs, programs and the store, and to a
person in the language in use.
"""

from collections.abc import Mapping

from broker_bridge.language import Marked, _, number
from contract.errors import NadiError, SettingsError

_NO_HINT = Marked("")


class BridgeError(NadiError):
    """An error of the city's own side; what counts something is given as an int."""

    def __init__(self, sentence: Marked, *, hint: Marked = _NO_HINT, **values: object) -> None:
        english = {name: _in_english(value) for name, value in values.items()}
        super().__init__(sentence.format(**english), hint=hint.format(**english))
        self._sentence, self._hint, self._values = sentence, hint, values

    @property
    def told(self) -> tuple[str, str]:
        """The sentence and its hint, in the language in use."""
        words = {name: _in_words(value) for name, value in self._values.items()}
        return _told(self._sentence, words), _told(self._hint, words)


def told(error: NadiError) -> tuple[str, str]:
    """The sentence and its hint for a person; what the contract refuses, it has said already."""
    return error.told if isinstance(error, BridgeError) else (str(error), error.hint)


def _told(template: Marked, words: Mapping[str, str]) -> str:
    return _(template).format(**words) if template else ""


def _in_english(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value)


def _in_words(value: object) -> str:
    if isinstance(value, BridgeError):
        return value.told[0]
    if isinstance(value, Marked):
        return _(value)
    return number(value) if isinstance(value, int) else str(value)


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


class StickRefused(BridgeError):
    """A folder in which no gateway has put anything."""


class SettingsRefused(BridgeError, SettingsError):
    """A file, a port or a folder that the settings name, and that cannot be used."""


class ThreadDied(BridgeError):
    """A thread of the bridge died of what nobody foresaw."""


class BrokerRefused(BridgeError):
    """The broker will not have this bridge."""
