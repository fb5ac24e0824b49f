"""The tree of commands; import it only once the language is chosen."""

from importlib import import_module

import typer

from provisioning.face import new_group
from provisioning.language import _

GROUPS = ("authority", "broker", "fleet", "gateway", "asset")


def build(*wanted: str) -> typer.Typer:
    """`nadi` with the group that the line names, which alone is loaded; otherwise with all."""
    app = new_group(_("The technician's command of Nadi Kota."))
    for name in [word for word in wanted[:1] if word in GROUPS] or GROUPS:
        app.add_typer(import_module(f"provisioning.commands.{name}").GROUP, name=name)
    return app
