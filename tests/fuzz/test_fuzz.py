"""No input crashes a decoder, holds it up or makes it grow."""

import pytest

from tests.fuzz.campaign import Fuzz
from tests.fuzz.decoders import DECODERS

pytestmark = pytest.mark.system

SEEDS = 100  # of a thousand inputs each
# Those that read TOML take three to ten times as long as the others.
FEWER = {"settings": 20, "register-map": 40, "bridge-settings": 50}
DOCUMENTS = (*FEWER, "bundle", "registry", "signed")


@pytest.mark.parametrize("name", sorted(DOCUMENTS))
def test_chance_begins_from_documents_that_are_taken(name: str) -> None:
    for good in DECODERS[name].good():
        DECODERS[name].decode(good)


@pytest.mark.parametrize("name", sorted(DECODERS))
def test_no_input_crashes_a_decoder_or_holds_it_up(name: str) -> None:
    assert DECODERS[name].good()
    assert list(Fuzz(name)(range(FEWER.get(name, SEEDS)))) == []
