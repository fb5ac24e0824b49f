"""After an outage everyone returns at once, is heard soon, and nothing is lost or doubled."""

from pathlib import Path

import pytest

from scripts.herd.herd import Wanted, herd

UPLINKS = 24


@pytest.mark.system
def test_a_herd_that_returns_at_once_is_heard_soon_and_loses_nothing(tmp_path: Path) -> None:
    verdict = herd(Wanted(uplinks=UPLINKS, reconnect_max_s=2.0), tmp_path)
    assert verdict.findings == ()
    assert verdict.sealed > UPLINKS * 2_000
