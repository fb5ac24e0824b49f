"""A file of one gateway becomes its model, or one sentence about what is wrong with it."""

from pathlib import Path
from typing import TypeVar

from agent.language import _
from contract.document import Section, load_document
from contract.errors import SettingsError
from contract.reasons import of_system
from contract.settings import AgentSettings

DEFAULT = Path("/etc/nadi/agent.toml")


_M = TypeVar("_M", bound=Section)


def load(path: Path) -> AgentSettings:
    """The gateway's settings; raises SettingsError."""
    return load_file(AgentSettings, path, remedy=remedy_of(path))


def remedy_of(path: Path) -> str:
    """`nadi` keeps what was in force before its last change beside the settings."""
    kept = path.with_name(path.name + ".previous")
    if kept.exists():
        return _("put it back: cp {kept} {path}").format(kept=kept, path=path)
    return _("enrol the gateway again with nadi gateway enrol, or name another --settings")


def on_card(settings: AgentSettings, card: Path) -> AgentSettings:
    """The same settings where another gateway's card is mounted at `card`."""

    def there(path: str) -> str:
        return str(card / path.lstrip("/"))

    own, broker = settings.gateway, settings.broker
    places = {"data_dir": there(own.data_dir), "socket": there(own.socket)}
    names = ("ca_file", "cert_file", "key_file")
    files = {name: there(getattr(broker, name)) for name in names}
    return settings.model_copy(
        update={
            "gateway": own.model_copy(update=places),
            "broker": broker.model_copy(update=files),
        }
    )


def load_file(model: type[_M], path: Path, *, remedy: str) -> _M:
    """What `path` says; raises SettingsError, with `remedy` if there is no such file."""
    return load_document(model, read(path, remedy=remedy), name=path.name)


def read(path: Path, *, remedy: str) -> str:
    """The text of a file, letter by letter; raises SettingsError."""
    try:
        return path.read_bytes().decode()
    except FileNotFoundError:
        raise SettingsError(
            _("{path}: there is no such file").format(path=path), hint=remedy
        ) from None
    except UnicodeDecodeError:
        raise SettingsError(
            _("{path}: it is no text in UTF-8").format(path=path), hint=remedy
        ) from None
    except OSError as error:
        raise SettingsError(
            _("{path}: cannot be read: {why}").format(path=path, why=of_system(error)),
            hint=_("check it and its rights"),
        ) from None
