"""A build that puts a password into an error is found out by the test that passes otherwise."""

from pathlib import Path

import pytest

from tests.campaigns.broken_build import broken_build, control, run_in

pytestmark = pytest.mark.system


def test_a_password_in_an_error_is_found_out(tmp_path: Path) -> None:
    folder = broken_build(control("credentials_in_error"), tmp_path)
    looked = run_in(folder, "pytest", "-q", "tests/system/test_camera_secrets.py")
    assert looked.returncode == 1, looked.stdout + looked.stderr
    assert "credentials are in ['agent.log'" in looked.stdout
