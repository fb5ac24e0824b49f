import pytest

from contract.quantities import QUANTITIES
from contract.ucum import is_ucum


@pytest.mark.parametrize("quantity", QUANTITIES.values(), ids=lambda one: one.name)
def test_every_quantity_has_a_unit_of_ucum(quantity: object) -> None:
    assert is_ucum(quantity.unit)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "unit",
    ["1", "V", "mV", "kW.h", "V.A{reactive}", "m/s2", "m/s", "Cel", "%", "/min", "10*3/ul", "kBy",
     "{count}", "s-1", "[degF]", "mm", "KiBy", "lm/m2", "By/s", "Ohm", "dB"],
)  # fmt: skip
def test_what_ucum_writes_is_taken(unit: str) -> None:
    assert is_ucum(unit)


@pytest.mark.parametrize(
    "unit",
    ["", "Volt", "volts", "kWh", "°C", "C°", "degC", "KW", "Va", "sec", "mtr", "kiB", "VAr", "V.",
     "V..A", "m//s", "{count", "V}", "%%", "k", "kmin", "m²", "W h", "0", "V-"],
)  # fmt: skip
def test_what_it_does_not_write_is_refused(unit: str) -> None:
    assert not is_ucum(unit)
