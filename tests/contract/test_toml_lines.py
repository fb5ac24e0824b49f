"""A complaint about a document names the line on which the wrong key stands."""

import pytest

from contract.toml_lines import Steps, line_of

TEXT = """\
name = "a"  # 1

[gateway]
id = "bb-0001"

[[line]]
port = "/dev/ttyUSB0"

[[line.device]]  # 9
address = 1
inner = { unit = "V" }

[[line.device]]
"address" = 2

[[line]]  # 16
port = "/dev/ttyUSB1"
[[line.device]]
address = 3
"""


@pytest.mark.parametrize(
    ("steps", "line"),
    [
        (("name",), 1),
        (("gateway",), 3),
        (("gateway", "id"), 4),
        (("line", 0, "port"), 7),
        (("line", 0, "device", 0, "address"), 10),
        (("line", 0, "device", 1, "address"), 14),
        (("line", 1), 16),
        (("line", 1, "device", 0, "address"), 19),
    ],
)
def test_a_key_is_found_in_the_table_it_stands_in(steps: Steps, line: int) -> None:
    assert line_of(TEXT, steps) == line


def test_the_tag_of_a_union_is_no_step_of_the_document() -> None:
    assert line_of(TEXT, ("line", 1, "device", 0, "pzem004t", "address")) == 19


def test_a_missing_key_has_the_line_of_its_table() -> None:
    assert line_of(TEXT, ("line", 0, "device", 1, "asset")) == 13


def test_a_table_inside_a_value_has_the_line_of_the_value() -> None:
    assert line_of(TEXT, ("line", 0, "device", 0, "inner", "unit")) == 11


def test_what_is_nowhere_has_no_line() -> None:
    assert line_of(TEXT, ("broker",)) is None
