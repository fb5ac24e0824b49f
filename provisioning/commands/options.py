"""Options that several commands take, with the same words in each."""

from pathlib import Path
from typing import Annotated

import typer

from contract.bundle import Endpoint
from provisioning import names
from provisioning.errors import Trouble
from provisioning.language import _

Folder = Annotated[
    Path | None,
    typer.Option("--authority", metavar="FOLDER", help=_("where the authority is kept")),
]
Reason = Annotated[
    str | None, typer.Option("--reason", metavar="WHY", help=_("why, for the record"))
]
Name = Annotated[str | None, typer.Argument(metavar="NAME", help=_("its name"))]
Gateway = Annotated[str | None, typer.Argument(metavar="NAME", help=_("the gateway's name"))]
Confirm = Annotated[
    str | None,
    typer.Option("--confirm", metavar="NAME", help=_("the name once more, where nobody is asked")),
]
Discard = Annotated[
    int | None,
    typer.Option(
        "--discard-unsettled",
        min=0,
        metavar="COUNT",
        help=_("give up exactly so many readings and events that it still holds"),
    ),
]
Enrolment = Annotated[
    list[str] | None,
    typer.Option(
        "--enrolment",
        metavar="HOST:PORT",
        help=_("where a gateway with a network enrols; may be given again"),
    ),
]
Searching = Annotated[
    str,
    typer.Option(
        "--search",
        metavar="OPTIONS",
        help=_("further options of nadi-agent discover, in one word"),
    ),
]
Restart = Annotated[
    str,
    typer.Option(
        "--restart", metavar="COMMAND", help=_("what restarts the agent, instead of systemctl")
    ),
]
OnGateway = Annotated[
    Path, typer.Option("--folder", metavar="FOLDER", help=_("where the gateway's files are"))
]


def endpoints(words: list[str] | None, *, command: str) -> tuple[Endpoint, ...]:
    """Hosts with their ports; raises Trouble."""
    return tuple(_endpoint(word, command) for word in words or ())


def _endpoint(text: str, command: str) -> Endpoint:
    host, _colon, port = text.rpartition(":")
    if not (port.isascii() and port.isdigit() and 0 < int(port) < 65_536):
        raise Trouble("E-USAGE-04", option="--enrolment", command=command)
    return Endpoint(host=names.checked_host(host.strip("[]")), port=int(port))
