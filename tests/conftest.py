"""Files that start other programs come first, and every test begins in English."""

import pytest

from agent import language


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The quick ones fill the cores at the end; the order within a file stays as it is written."""
    starters = {item.path for item in items if item.get_closest_marker("system")}
    items.sort(key=lambda item: item.path not in starters)


@pytest.fixture(autouse=True)
def _causes_in_english() -> None:
    """One process speaks one language, and tests share it."""
    language.use({})
