"""Mutual TLS as every side speaks it; files are named here and opened only by `client_context`."""

import os
import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from pydantic import Field

from contract.document import Section
from contract.errors import SettingsError
from contract.wording import _

FILES = ("ca_file", "cert_file", "key_file")


class Broker(Section):
    """Where the broker is, and the certificate to show it."""

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=1, le=65535)] = 8883
    keepalive_s: Annotated[int, Field(ge=5, le=3600)] = 30
    ca_file: str
    cert_file: str
    key_file: str


def client_context(broker: Broker, environ: Mapping[str, str] = os.environ) -> ssl.SSLContext:
    """A context that shows our certificate and trusts only `ca_file`; raises SettingsError.

    Of a file that systemd handed over as a credential, the copy in memory is read.
    """
    files = {name: handed_over(getattr(broker, name), environ) for name in FILES}
    for name, file in files.items():
        if not file.is_file():
            raise SettingsError(
                _("broker.{name}: there is no file {file}").format(
                    name=name, file=getattr(broker, name)
                ),
                hint=_("enrol the gateway, or correct the path"),
            )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    try:
        context.load_verify_locations(files["ca_file"])
        context.load_cert_chain(files["cert_file"], files["key_file"])
    except (ssl.SSLError, OSError) as error:
        raise SettingsError(
            _("broker: the certificate or key cannot be used: {why}").format(why=error),
            hint=_("key_file must belong to cert_file, both in PEM"),
        ) from error
    return context


def handed_over(named: str, environ: Mapping[str, str] = os.environ) -> Path:
    """The file, or the copy of it in memory that systemd handed over as a credential."""
    folder = environ.get("CREDENTIALS_DIRECTORY")
    copy = Path(folder) / Path(named).name if folder else Path(named)
    return copy if copy.is_file() else Path(named)
