"""No input crashes a decoder, holds it up or makes it grow."""

import pytest

from tests.fuzz.campaign import Fuzz
from tests.fuzz.decoders import DECODERS

pytestmark = pytest.mark.system

SEEDS = 100  # of a thousand inputs each
# Those that read whole documents or signatures take ten times as long as the others.
FEWER = {"settings": 10, "bundle": 20, "registry": 20, "register-map": 20, "bridge-settings": 20}


@pytest.mark.parametrize("name", sorted(DECODERS))
def test_no_input_crashes_a_decoder_or_holds_it_up(name: str) -> None:
    assert DECODERS[name].good()
    assert list(Fuzz(name)(range(FEWER.get(name, SEEDS)))) == []
