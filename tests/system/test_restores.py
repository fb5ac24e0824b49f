"""The city's database comes back from an old backup, and the gateways fill it up again."""

import pytest

from scripts.restores import replay, restore_campaign


@pytest.mark.system
def test_a_restored_database_gets_back_what_the_outboxes_hold() -> None:
    said: list[str] = []
    verdict = restore_campaign("sqlite", restores=1, seed=20, say=said.append)
    assert verdict.good, "\n".join([*verdict.findings, *said, replay("sqlite", 20, 1)])
    assert verdict.readings.committed > 0
