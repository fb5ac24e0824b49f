"""The doctor looks at what stands around the store: broker, certificates, clock and backups."""

from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from broker_bridge import language
from broker_bridge.backup import back_up
from broker_bridge.config import BridgeSettings
from broker_bridge.doctor import machine_checks
from broker_bridge.doctor.centre import Centre
from broker_bridge.doctor.clock import Kernel
from broker_bridge.doctor.finding import State
from broker_bridge.stores.sqlite import SqliteStore
from tests.bridge.conftest import NOW


@pytest.fixture(autouse=True)
def in_baubau(english: None) -> None:
    language.use("en", ZoneInfo("Asia/Makassar"))


def test_a_broker_that_takes_no_connection_is_named(centre: Centre) -> None:
    seen = machine_checks.broker(centre)
    assert seen.state is State.FAIL
    assert seen.found.startswith("127.0.0.1:1 takes no connection: ")


@pytest.mark.parametrize(
    ("later", "state"),
    [
        (timedelta(days=200), State.OK),
        (timedelta(days=310), State.WARN),
        (timedelta(days=400), State.FAIL),
    ],
)
def test_certificates_are_dated_and_the_first_to_end_is_named(
    settings: BridgeSettings, later: timedelta, state: State
) -> None:
    centre = Centre(settings=settings, now=lambda: NOW + later, kernel=lambda: Kernel.SYNCHRONISED)
    seen = machine_checks.certificates(centre)
    assert seen.state is state
    assert "bridge-1 until 18 Nov 2027" in seen.found


@pytest.mark.parametrize(
    ("kernel", "state"),
    [
        (Kernel.SYNCHRONISED, State.OK),
        (Kernel.ALONE, State.WARN),
        (Kernel.SILENT, State.SKIP),
    ],
)
def test_the_clock_is_what_the_kernel_says(centre: Centre, kernel: Kernel, state: State) -> None:
    centre.kernel = lambda: kernel
    seen = machine_checks.clock(centre)
    assert seen.state is state
    assert "18 Nov 2026 19:06 WITA" in seen.found


@pytest.mark.parametrize(
    ("age", "state"),
    [
        (timedelta(hours=30), State.OK),
        (timedelta(days=3), State.WARN),
        (timedelta(days=8), State.FAIL),
    ],
)
def test_the_age_of_the_last_backup_is_told(
    store: SqliteStore, centre: Centre, age: timedelta, state: State
) -> None:
    folder = Path(centre.settings.backup.folder)
    back_up(centre.settings.store, folder, now=NOW - age)
    (folder / "nadi-store-cut-off").mkdir()
    assert machine_checks.backup(centre).state is state


def test_a_folder_without_a_whole_backup_is_red(centre: Centre) -> None:
    Path(centre.settings.backup.folder).mkdir()
    assert machine_checks.backup(centre).state is State.FAIL
