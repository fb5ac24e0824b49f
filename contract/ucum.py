"""Whether a text is a unit of UCUM 2.2 (Unified Code for Units), in its case-sensitive code."""

import re

# Tables 2 to 8: units that take a prefix, and units that take none.
METRIC = frozenset((
    "m", "s", "g", "rad", "K", "C", "cd", "mol", "sr", "Hz", "N", "Pa", "J", "W", "A", "V",
    "F", "Ohm", "S", "Wb", "Cel", "T", "H", "lm", "lx", "Bq", "Gy", "Sv", "l", "L", "ar",
    "t", "bar", "u", "eV", "pc", "kat", "cal", "B", "Np", "bit", "By", "Bd", "st",
))  # fmt: skip
PLAIN = frozenset((
    "%", "10*", "10^", "deg", "'", "''", "gon", "min", "h", "d", "a", "wk", "mo", "AU",
    "[pi]", "[ppth]", "[ppm]", "[ppb]", "[pptr]", "[pH]", "[degF]", "[in_i]", "[ft_i]",
    "[mi_i]", "[nmi_i]", "[kn_i]", "[psi]", "[g]", "[c]",
))  # fmt: skip
PREFIXES = (
    "da", "Ki", "Mi", "Gi", "Ti", "Y", "Z", "E", "P", "T", "G", "M", "k", "h", "d", "c",
    "m", "u", "n", "p", "f", "a", "z", "y",
)  # fmt: skip

_ANNOTATION = re.compile(r"\{[\x21-\x7a\x7c\x7e]*\}")
_EXPONENT = re.compile(r"(?<=[^\d+-])[+-]?\d+$")
_PARTS = re.compile(r"[./]")
_NUMBER = re.compile(r"[1-9]\d*")


def is_ucum(text: str) -> bool:
    """Products and quotients of units with prefixes, exponents and annotations."""
    bare = _ANNOTATION.sub("", text)
    if not text or "{" in bare or "}" in bare:
        return False
    if not bare:
        return True  # an annotation alone is the unit 1
    return all(map(_is_component, _PARTS.split(bare.removeprefix("/"))))


def _is_component(text: str) -> bool:
    if _NUMBER.fullmatch(text) or _is_unit(text):
        return True
    without = _EXPONENT.sub("", text)
    return without != text and _is_unit(without)


def _is_unit(text: str) -> bool:
    if text in METRIC or text in PLAIN:
        return True
    return any(text.startswith(one) and text[len(one) :] in METRIC for one in PREFIXES)
