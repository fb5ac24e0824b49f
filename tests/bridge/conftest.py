"""Every test of the bridge begins in English and UTC, whatever the one before spoke."""

from zoneinfo import ZoneInfo

import pytest

from broker_bridge import language


@pytest.fixture(autouse=True)
def english() -> None:
    language.use("en", ZoneInfo("UTC"))
