from datetime import UTC, datetime
from pathlib import Path

import pytest

from contract.errors import SettingsError
from contract.tls import Broker, client_context
from scripts.district.certificates import Authority


@pytest.fixture
def broker(tmp_path: Path) -> Broker:
    """Settings that name a good certificate and a key that cannot be used."""
    own = Authority(tmp_path / "issued", now=datetime.now(UTC)).client("bb-0001")
    handed_over = tmp_path / "credentials"
    handed_over.mkdir()
    (handed_over / "gateway.key").write_bytes(own.key_file.read_bytes())
    (tmp_path / "gateway.key").write_text("root alone may read the key")
    return Broker(
        ca_file=str(own.ca_file),
        cert_file=str(own.cert_file),
        key_file=str(tmp_path / "gateway.key"),
    )


def test_a_key_that_systemd_handed_over_is_read_instead_of_the_file(
    broker: Broker, tmp_path: Path
) -> None:
    client_context(broker, {"CREDENTIALS_DIRECTORY": str(tmp_path / "credentials")})


@pytest.mark.parametrize("environ", [{}, {"CREDENTIALS_DIRECTORY": "/nowhere"}])
def test_without_a_key_handed_over_the_named_file_is_read(
    broker: Broker, environ: dict[str, str]
) -> None:
    with pytest.raises(SettingsError, match="the certificate or key cannot be used"):
        client_context(broker, environ)
