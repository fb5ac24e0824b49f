"""A registry is taken if the city's own authority signed it and it is the newest; or refused."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from broker_bridge.__main__ import main
from contract.identity import AssetId, City, GatewayId, Kind
from contract.inventory import AssetEntry, GatewayEntry
from contract.registry import Registry, sign_registry
from provisioning import certificates
from provisioning.certificates import Issuer, pem

NOW = datetime.now(UTC)
GATEWAY = GatewayId("bb-0001")
Load = Callable[..., int]


def _authority(city: str) -> tuple[bytes, Issuer]:
    key, issuing_key = certificates.new_key(), certificates.new_key()
    root = Issuer(certificate=certificates.root(city, key, now=NOW), key=key)
    issuing = certificates.issuing(root, issuing_key, now=NOW)
    return pem(root.certificate), Issuer(certificate=issuing, key=issuing_key)


ANCHOR, OFFICE = _authority("baubau")
_, STRANGER = _authority("baubau")


def registry(**other: Any) -> Registry:
    lamp = AssetEntry(kind=Kind.STREETLIGHT, id=AssetId("PJU-0001"), gateway=GATEWAY)
    values = {"city": City("baubau"), "number": 3, "published_at": NOW, "assets": [lamp]}
    return Registry(**{**values, "gateways": [GatewayEntry(id=GATEWAY)], **other})


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """Signs a registry, and runs `nadi-bridge registry load` on it."""
    (tmp_path / "ca.pem").write_bytes(ANCHOR)
    (tmp_path / "bridge.toml").write_text(
        'city = "baubau"\n[broker]\n'
        f'ca_file = "{tmp_path}/ca.pem"\ncert_file = "none"\nkey_file = "none"\n'
        f'[store]\npath = "{tmp_path}/city.db"\n'
    )

    def run(one: Registry, *, by: Issuer = OFFICE, change: bytes = b"") -> int:
        data = sign_registry(one, signer=by.certificate, key=by.key)
        file = tmp_path / "registry.signed"
        file.write_bytes(data.replace(b"PJU-0001", change) if change else data)
        return main(["registry", "load", str(file), "--settings", str(tmp_path / "bridge.toml")])

    return run


def test_a_registry_of_the_city_is_loaded_and_what_it_changed_is_said(
    load: Load, capsys: pytest.CaptureFixture[str]
) -> None:
    assert load(registry()) == 0
    assert capsys.readouterr().out == "registry 3 is loaded: 2 new or changed\n"
    assert load(registry(number=4, assets=[])) == 0
    assert capsys.readouterr().out == "registry 4 is loaded: 1 no longer listed\n"


@pytest.mark.parametrize(
    ("one", "how", "sentence"),
    [
        (registry(), {"by": STRANGER}, "another authority signed it"),
        (registry(), {"change": b"PJU-0002"}, "changed or damaged"),
        (registry(city=City("kendari")), {}, "the registry is of kendari, this is baubau"),
        (registry(number=2), {}, "registry 2 is older than registry 3"),
        (registry(assets=[]), {}, "this file says something else"),
    ],
    ids=["stranger", "altered", "other city", "older", "same number"],
)
def test_any_other_is_refused_in_words_and_the_list_stays(
    load: Load,
    capsys: pytest.CaptureFixture[str],
    one: Registry,
    how: dict[str, Any],
    sentence: str,
) -> None:
    assert load(registry()) == 0
    assert load(one, **how) == 1
    said = capsys.readouterr().err
    assert sentence in said
    assert " hint: " in said
    assert load(registry(number=4)) == 0
    assert "nothing changed" in capsys.readouterr().out
