"""The tree of commands; import it only once the language is chosen."""

from importlib import import_module

import typer

from provisioning.face import new_group
from provisioning.language import _

GROUPS = ("authority", "broker", "fleet", "gateway", "asset")
COMMANDS = ("status", "doctor", "collect")


def build(*wanted: str) -> typer.Typer:
    """`nadi` with what the line names, which alone is loaded; otherwise with all."""
    app = new_group(_("The technician's command of Nadi Kota."))
    known = (*GROUPS, *COMMANDS)
    for name in [word for word in wanted[:1] if word in known] or known:
        module = import_module(f"provisioning.commands.{name}")
        if name in GROUPS:
            app.add_typer(module.GROUP, name=name)
        else:
            module.add_to(app)
    app.callback()(_nothing)  # one command alone would take the place of the whole tree
    return app


def _nothing() -> None:
    """Before any command."""
