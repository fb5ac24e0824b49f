"""Bad messages among good ones: the good are stored once, the bad kept aside with a reason."""

import pytest

from scripts.district.private_store import Kind
from tests.poison.campaign import poison_campaign

BAD = 100


@pytest.mark.system
@pytest.mark.parametrize("store", ["sqlite", "postgresql"])
def test_bad_messages_are_kept_aside_and_hold_no_good_one_up(store: Kind) -> None:
    outcome = poison_campaign(store, bad=BAD, seed=7)
    assert outcome.findings == ()
    assert (outcome.good, outcome.bad) == (10 * BAD + 4, BAD)
