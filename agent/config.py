"""A file of one gateway becomes its model, or one sentence about what is wrong with it."""

from pathlib import Path
from typing import TypeVar

from contract.document import Section, load_document
from contract.errors import SettingsError
from contract.settings import AgentSettings

DEFAULT = Path("/etc/nadi/agent.toml")


_M = TypeVar("_M", bound=Section)


def load(path: Path) -> AgentSettings:
    """The gateway's settings; raises SettingsError."""
    remedy = "copy configs/agent.example.toml there and edit it, or name another --settings"
    return load_file(AgentSettings, path, called="file", remedy=remedy)


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


def load_file(model: type[_M], path: Path, *, called: str, remedy: str) -> _M:
    """What `path` says; raises SettingsError, with `remedy` if there is no such file."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise SettingsError(f"{path}: there is no such {called}", hint=remedy) from None
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(
            f"{path}: cannot be read: {error}", hint="check it and its rights"
        ) from None
    return load_document(model, text, name=path.name)
