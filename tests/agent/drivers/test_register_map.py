"""A register map means what it says, or is refused with the line and what to do."""

from pathlib import Path

import pytest

from agent.drivers.register_map import RegisterMap, load_map, shortest_float32
from contract.document import load_document
from contract.errors import SettingsError

GOOD = """\
name = "a meter"
source = "its datasheet"

[[block]]
function = 3
first = 10
count = 6

[[block.register]]
quantity = "voltage"
address = 10
scale = 0.1
unit = "V"

[[block.register]]
quantity = "active_energy"
address = 12
type = "uint32"
word_order = "little"
unit = "W.h"
"""
LAST = 'unit = "W.h"\n'
AGAIN = """
[[block]]
function = 3
first = 20
count = 1

[[block.register]]
quantity = "voltage"
address = 20
unit = "V"
"""
BITS = """\
name = "relays"
source = "Waveshare relay board, function 1"

[[block]]
function = 1
first = 0
count = 8

[[block.register]]
quantity = "lamp_on"
address = 2
type = "bit"
unit = "1"
"""


def observed(text: str, values: tuple[int, ...]) -> dict[str, float]:
    block = load_document(RegisterMap, text, name="meter.toml").block[0]
    return {seen.quantity: seen.value for seen in block.observe(values)}


def test_a_scale_of_a_tenth_leaves_no_dust() -> None:
    assert observed(GOOD, (2301, 0, 0, 0, 0, 0))["voltage"] == 230.1


def test_the_low_word_comes_first_where_the_map_says_so() -> None:
    assert observed(GOOD, (0, 0, 3, 1, 0, 0))["active_energy"] == 65_539


def test_a_value_that_the_device_calls_absent_is_left_out() -> None:
    text = GOOD.replace("scale = 0.1", "absent = [0xFFFF]")
    assert "voltage" not in observed(text, (0xFFFF, 0, 0, 0, 0, 0))


@pytest.mark.parametrize("words", [(0x7FC0, 0), (0x7F80, 0), (0xFF80, 0)])
def test_what_is_no_number_is_left_out(words: tuple[int, int]) -> None:
    text = GOOD.replace('type = "uint32"\nword_order = "little"', 'type = "float32"')
    assert "active_energy" not in observed(text, (0, 0, *words, 0, 0))


def test_signs_and_offsets_are_kept() -> None:
    text = GOOD.replace("scale = 0.1", 'type = "int16"\noffset = -0.5')
    assert observed(text, (0xFFFE, 0, 0, 0, 0, 0))["voltage"] == -2.5


def test_a_coil_is_read_by_its_place_in_the_answer() -> None:
    block = load_document(RegisterMap, BITS, name="relays.toml").block[0]
    question = block.question(1, base=0)
    assert question.pdu.hex(" ") == "01 00 00 00 08"
    seen = block.observe(question.values(b"\x05"))  # Waveshare: 01 01 01 05 91 8B, 1 and 3 on
    assert [one.value for one in seen] == [1]


@pytest.mark.parametrize(
    ("data", "value"),
    [
        ("43 66 33 33", 230.2),
        ("43 66 33 34", 230.20001),
        ("42 c8 00 00", 100.0),
        ("7f 7f ff ff", 3.4028235e38),
    ],
)
def test_a_single_is_its_shortest_decimal(data: str, value: float) -> None:
    assert shortest_float32(bytes.fromhex(data)) == pytest.approx(value, rel=1e-8, abs=0)


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ('"voltage"', '"volatge"', "line 9: block[1].register[1]: there is no quantity volatge"),
        ('quantity = "voltage"', 'quantity = "volatge"', "did you mean voltage?"),
        ("address = 12", "address = 15", "outside its block, which is 10 to 15"),
        ('unit = "V"', 'unit = "kV"', "voltage is kept in V, not in kV; scale it to that"),
        ('unit = "V"', 'unit = "kV"', "line 13: block[1].register[1].unit: voltage"),
        ('unit = "V"', 'unit = "Volt"', "'Volt' is no unit of UCUM; write V"),
        ('unit = "W.h"', 'unit = "kWh"', "line 20: block[1].register[2].unit: 'kWh' is no unit"),
        ("address = 12", "address = 10", "line 15: block[1].register[2]: voltage and"),
        ("address = 12", "address = 10", "voltage and active_energy overlap at address 10"),
        ("address = 12", "address = 9", "active_energy lies outside its block"),
        ("address = 12", "address = 15", "line 15: block[1].register[2]: active_energy lies"),
        ('"uint32"', '"uint23"', "line 18: block[1].register[2].type"),
        ("scale = 0.1", "sclae = 0.1", "line 12: block[1].register[1].sclae is not a setting"),
        ("count = 6", "count = 126", "one question reads 125 registers at most"),
        ("function = 3", "function = 6", "line 5: block[1].function"),
        ("function = 3", "function = 2", 'function 2 reads bits: give voltage type = "bit"'),
        ("scale = 0.1", "bit = 3", 'voltage: bit = … goes with type = "bit" in a register'),
        ('quantity = "active_energy"', 'quantity = "voltage"', "voltage is kept in V"),
        ('unit = "W.h"', 'unit = "W.h"\nbit = 16', "line 21: block[1].register[2].bit"),
        (LAST, LAST + AGAIN, "line 27: block[2].register[1]: voltage is read twice"),
        (LAST, LAST + AGAIN.replace('"voltage"', '"voltage_l1"').replace("20", "10"),
         "line 27: block[2].register[1]: voltage and voltage_l1 overlap at address 10"),
        ('source = "its datasheet"', "", "source is missing"),
    ],
)  # fmt: skip
def test_a_wrong_map_is_refused_with_its_line(
    tmp_path: Path, old: str, new: str, sentence: str
) -> None:
    path = tmp_path / "meter.toml"
    path.write_text(GOOD.replace(old, new, 1))
    with pytest.raises(SettingsError) as refused:
        load_map(path)
    assert str(refused.value).startswith("meter.toml")
    assert sentence in str(refused.value)
