"""Files that start other programs come first, so that the quick ones fill the cores at the end."""

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The order within a file stays as it is written."""
    starters = {item.path for item in items if item.get_closest_marker("system")}
    items.sort(key=lambda item: item.path not in starters)
