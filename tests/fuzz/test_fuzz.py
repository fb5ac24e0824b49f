"""No input crashes a decoder, holds it up or makes it grow."""

import pytest

from tests.fuzz.campaign import Fuzz
from tests.fuzz.decoders import DECODERS

pytestmark = pytest.mark.system


@pytest.mark.parametrize("name", sorted(DECODERS))
def test_no_input_crashes_a_decoder_or_holds_it_up(name: str) -> None:
    assert DECODERS[name].good()
    assert list(Fuzz(name)(range(1))) == []
