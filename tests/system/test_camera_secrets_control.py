"""A build that puts a password into an error is found out by the test that passes otherwise."""

from pathlib import Path

import pytest

from tests.campaigns.broken_build import broken_build, control, must_fail

pytestmark = pytest.mark.system


def test_a_password_in_an_error_is_found_out(tmp_path: Path) -> None:
    folder = broken_build(control("credentials_in_error"), tmp_path)
    test = "tests/system/test_camera_secrets.py"
    must_fail(folder, test, "credentials are in ['agent.log'")
