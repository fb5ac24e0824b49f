"""The emitter's text, against what YAML 1.2 (and 1.1 readers) make of it."""

import pytest

from scripts.asyncapi_yaml import Node, to_yaml


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("plain words", "k: plain words\n"),
        ("yes", 'k: "yes"\n'),
        ("Null", 'k: "Null"\n'),
        ("1.0", 'k: "1.0"\n'),
        ("0xAB", 'k: "0xAB"\n'),
        ("2026-11-21T23:26:40.250Z", 'k: "2026-11-21T23:26:40.250Z"\n'),
        ("a: b", 'k: "a: b"\n'),
        ("a #b", 'k: "a #b"\n'),
        ("trailing ", 'k: "trailing "\n'),
        ("", 'k: ""\n'),
        ('say "pulse"', 'k: "say \\"pulse\\""\n'),
        ("denyut · nadi", 'k: "denyut · nadi"\n'),
        (True, "k: true\n"),
        (None, "k: null\n"),
        (61, "k: 61\n"),
        (2.0**64, "k: 1.8446744073709552e+19\n"),
        ([], "k: []\n"),
        ({}, "k: {}\n"),
        ([1, [2, "x"]], "k: [1, [2, x]]\n"),
        ("one\ntwo\n", "k: |\n  one\n  two\n"),
        ("one\n\ntwo", "k: |-\n  one\n\n  two\n"),
        ([{"a": 1, "b": {"c": []}}], "k:\n  - a: 1\n    b:\n      c: []\n"),
        (["x" * 50, "y" * 50], f"k:\n  - {'x' * 50}\n  - {'y' * 50}\n"),
    ],
)
def test_a_value_is_written_so_that_it_reads_back(value: Node, text: str) -> None:
    assert to_yaml({"k": value}) == text


def test_keys_that_are_no_plain_words_are_quoted() -> None:
    keys: dict[str, Node] = {"$ref": 1, "x-quantities": 2, "on": 3, "a b": 4, "7": 5}
    assert to_yaml(keys) == '$ref: 1\nx-quantities: 2\n"on": 3\n"a b": 4\n"7": 5\n'
