"""A claim's own test fails on a build that is broken by one line."""

from pathlib import Path

import pytest

from tests.campaigns.broken_build import broken_build, control, run_in

pytestmark = pytest.mark.system

CLAIMS = {
    "everyone_speaks": "tests/provisioning/test_isolation.py"
    "::test_nobody_publishes_retains_or_receipts_for_another[a few]",
    "silent_told_online": "tests/provisioning/test_status.py"
    "::test_a_silent_gateway_goes_on_filling_its_card",
    "will_forgets": "tests/stores/test_store.py"
    "::test_a_last_will_leaves_what_the_gateway_said_last_and_since_when_it_is_gone[sqlite]",
    "doctor_blames_followers": "tests/provisioning/test_doctor.py"
    "::test_a_machine_without_settings_is_told_what_it_is",
    "trace_believes_anything": "tests/provisioning/test_doctor_trace.py"
    "::test_without_a_way_to_the_city_it_says_that_the_reading_waits",
    "edit_unproved": "tests/provisioning/test_edit.py"
    "::test_what_the_agent_would_not_accept_changes_nothing[words4-E-ENROL-02-"
    "/dev/ttyUSB77 is missing]",
    "old_ends_early": "tests/provisioning/test_renewal.py"
    "::test_a_renewed_certificate_is_tried_taken_up_and_answered_before_the_old_one_ends",
    "silent_never_answered": "tests/provisioning/test_renewal.py"
    "::test_a_gateway_that_seals_nothing_ends_its_old_certificate_too",
    "discard_any_count": "tests/stores/test_discarding.py"
    "::test_another_count_is_refused_and_nothing_changes[sqlite-12]",
    "window_counts_each": "tests/agent/test_uplink.py"
    "::test_a_window_that_is_refused_at_once_waits_as_long_as_one_batch",
    "overtaken_waits": "tests/agent/test_uplink.py"
    "::test_what_the_city_did_not_close_before_a_later_batch_is_sent_again_without_waiting",
    "no_room_for_fresh": "tests/agent/test_uplink.py"
    "::test_the_window_is_bounded_and_keeps_room_for_what_is_fresh",
    "one_line_for_all": "tests/system/test_lanes.py"
    "::test_a_live_batch_is_receipted_before_the_backlog_that_came_first",
    "cardless_forgets": "tests/system/test_cardless.py"
    "::test_a_card_that_is_read_only_at_the_start_ends_no_agent_and_its_readings_are_sealed_later",
    "counters_forgotten": "tests/agent/outbox/test_counters.py"
    "::test_a_destroyed_outbox_leaves_what_each_epoch_held",
    "spoilt_body_unexpected": "tests/fuzz/test_fuzz.py"
    "::test_no_input_crashes_a_decoder_or_holds_it_up[packed]",
    "group_not_halved": "tests/stores/test_refusal.py"
    "::test_a_row_that_sqlite_refuses_rejects_one_batch_and_not_its_group",
    "frozen_holds_on": "tests/stores/test_postgres_store.py"
    "::test_a_bridge_that_freezes_in_a_transaction_lets_the_other_go_on_and_doubles_nothing",
    "late_replaces": "tests/stores/test_retention.py"
    "::test_a_backlog_that_comes_after_its_readings_time_is_added_once[sqlite]",
    "bounds_not_shared": "tests/stores/test_postgres_retention.py"
    "::test_a_commit_on_its_way_is_waited_for_and_its_late_reading_is_not_forgotten",
    "heavy_start": "tests/agent/test_start.py::test_a_start_loads_no_library_that_no_setting_names",
    "feed_goes_back": "tests/bridge/test_retained.py"
    "::test_nothing_older_than_what_is_retained_is_ever_told",
    "restart_tells_all": "tests/bridge/test_retained.py"
    "::test_what_is_retained_as_it_should_be_is_no_news",
    "scraper_begins_anew": "tests/bridge/test_metrics.py"
    "::test_a_caller_that_drips_is_left_within_its_time",
    "doctor_migrates": "tests/bridge/test_doctor.py::test_an_older_store_is_named_and_not_migrated",
    "day_of_utc": "tests/bridge/test_language.py::test_a_day_is_the_citys_day",
    "diary_forgets": "tests/agent/test_diary.py::test_it_outlives_the_agent_and_not_the_boot",
    "export_overtaken": "tests/export/test_in_flight.py"
    "::test_a_commit_in_flight_with_an_earlier_number_is_not_missed",
    "dated_later_forgotten": "tests/export/test_export.py"
    "::test_what_gets_its_date_after_an_export_is_in_the_next_one_and_once[sqlite]",
    "import_skips_signature": "tests/carrying/test_stick.py"
    "::test_every_byte_that_is_altered_is_found_and_nothing_of_its_file_is_stored",
}


@pytest.mark.parametrize("name", sorted(CLAIMS))
def test_a_claim_fails_on_a_build_that_breaks_it(name: str, tmp_path: Path) -> None:
    folder = broken_build(control(name), tmp_path)
    looked = run_in(folder, "pytest", "-q", "-p", "no:cacheprovider", CLAIMS[name])
    assert looked.returncode == 1, looked.stdout + looked.stderr
    assert "1 failed" in looked.stdout
