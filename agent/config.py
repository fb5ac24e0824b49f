"""The settings file of one gateway, or one sentence about what is wrong with it."""

from pathlib import Path

from contract.document import load_document
from contract.errors import SettingsError
from contract.settings import AgentSettings

DEFAULT = Path("/etc/nadi/agent.toml")


def load(path: Path) -> AgentSettings:
    """Raises SettingsError."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise SettingsError(
            f"{path}: there is no such file",
            hint="copy configs/agent.example.toml there and edit it, or name another --settings",
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(
            f"{path}: cannot be read: {error}", hint="check it and its rights"
        ) from None
    return load_document(AgentSettings, text, name=path.name)
