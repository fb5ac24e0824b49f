"""A claim's own test fails on a build that is broken by one line."""

from pathlib import Path

import pytest

from tests.campaigns.broken_build import broken_build, control, must_fail

pytestmark = pytest.mark.system

SPEAKING = "tests/provisioning/test_isolation.py"
EDIT, MISSING = "tests/provisioning/test_edit.py", "words4-E-ENROL-02-/dev/ttyUSB77 is missing"
# each with its test, and what that says when it fails
CLAIMS = {
    "everyone_speaks": (
        f"{SPEAKING}::test_nobody_publishes_retains_or_receipts_for_another[a few]",
        "assert 'Success' == 'Not authorized'",
    ),
    "silent_told_online": (
        "tests/provisioning/test_status.py::test_a_silent_gateway_goes_on_filling_its_card",
        "assert (3.0, None) == (2.5",
    ),
    "will_forgets": (
        "tests/stores/test_store.py::test_a_last_will_leaves_what_the_gateway_said_last_and_since_when_it_is_gone[sqlite]",
        "assert Status(",
    ),
    "doctor_blames_followers": (
        "tests/provisioning/test_doctor.py::test_a_machine_without_settings_is_told_what_it_is",
        "assert {'fail', 'skip'} == {'skip'}",
    ),
    "trace_believes_anything": (
        "tests/provisioning/test_doctor_trace.py::test_without_a_way_to_the_city_it_says_that_the_reading_waits",
        "'done' != 'queued'",
    ),
    "edit_unproved": (
        f"{EDIT}::test_what_the_agent_would_not_accept_changes_nothing[{MISSING}]",
        "assert 'done' == 'E-ENROL-02'",
    ),
    "old_ends_early": (
        "tests/provisioning/test_renewal.py::test_a_renewed_certificate_is_tried_taken_up_and_answered_before_the_old_one_ends",
        "'done' != 'queued'",
    ),
    "silent_never_answered": (
        "tests/provisioning/test_renewal.py::test_a_gateway_that_seals_nothing_ends_its_old_certificate_too",
        "agents: not at work within",
    ),
    "discard_any_count": (
        "tests/stores/test_discarding.py::test_another_count_is_refused_and_nothing_changes[sqlite-12]",
        "DID NOT RAISE DiscardRefused",
    ),
    "standstill_dated": (
        "tests/agent/test_sampler.py::test_what_is_read_while_the_agent_stands_still_is_left_out_and_blames_no_device[230.0]",
        "At index 0 diff: (5050, 230.0) != (15050, 230.1)",
    ),
    "told_when_taken": (
        "tests/agent/test_sampler.py::test_what_was_told_before_it_is_read_is_of_the_moment_when_it_was_told",
        "('battery_level', 3700) != ('battery_level', 1200)",
    ),
    "floor_not_raised": (
        "tests/stores/test_estimating.py::test_what_a_worse_known_origin_dates_later_is_not_before_what_was_put_before_its_boot[sqlite]",
        "At index 2 diff: 233.0 != 231.0",
    ),
    "window_counts_each": (
        "tests/agent/test_uplink.py::test_a_window_that_is_refused_at_once_waits_as_long_as_one_batch",
        "assert (8, 10.0) == (8, 2.5)",
    ),
    "overtaken_waits": (
        "tests/agent/test_uplink.py::test_what_the_city_did_not_close_before_a_later_batch_is_sent_again_without_waiting",
        "assert 11.0 == (1.0 + 5.0)",
    ),
    "no_room_for_fresh": (
        "tests/agent/test_uplink.py::test_the_window_is_bounded_and_keeps_room_for_what_is_fresh",
        "assert 10 == 8",
    ),
    "one_line_for_all": (
        "tests/system/test_lanes.py::test_a_live_batch_is_receipted_before_the_backlog_that_came_first",
        " < (60 // 2)",
    ),
    "cardless_forgets": (
        "tests/system/test_cardless.py::test_a_card_that_is_read_only_at_the_start_ends_no_agent_and_its_readings_are_sealed_later",
        "assert 1 > 1",
    ),
    "counters_forgotten": (
        "tests/agent/outbox/test_counters.py::test_a_destroyed_outbox_leaves_what_each_epoch_held",
        "Right contains one more item: Gone(state='lost'",
    ),
    "spoilt_body_unexpected": (
        "tests/fuzz/test_fuzz.py::test_no_input_crashes_a_decoder_or_holds_it_up[packed]",
        "incorrect header check",
    ),
    "group_not_halved": (
        "tests/stores/test_refusal.py::test_a_row_that_sqlite_refuses_rejects_one_batch_and_not_its_group",
        "assert [(1, 1)] == [(1, 4), (6, 11)]",
    ),
    "frozen_holds_on": (
        "tests/stores/test_postgres_store.py::test_a_bridge_that_freezes_in_a_transaction_lets_the_other_go_on_and_doubles_nothing",
        "the row is held for ever",
    ),
    "late_replaces": (
        "tests/stores/test_retention.py::test_a_backlog_that_comes_after_its_readings_time_is_added_once[sqlite]",
        "(4, 0, 222.0, 223.5, 225.0)} != ",
    ),
    "bounds_not_shared": (
        "tests/stores/test_postgres_retention.py::test_a_commit_on_its_way_is_waited_for_and_its_late_reading_is_not_forgotten",
        "StoreBusy: the table reading is in use all the time",
    ),
    "heavy_start": (
        "tests/agent/test_start.py::test_a_start_loads_no_library_that_no_setting_names",
        "where False = <built-in method isdisjoint",
    ),
    "feed_goes_back": (
        "tests/bridge/test_retained.py::test_nothing_older_than_what_is_retained_is_ever_told",
        "where True = is_news(",
    ),
    "restart_tells_all": (
        "tests/bridge/test_retained.py::test_what_is_retained_as_it_should_be_is_no_news",
        "where True = is_news(",
    ),
    "scraper_begins_anew": (
        "tests/bridge/test_metrics.py::test_a_caller_that_drips_is_left_within_its_time",
        "TimeoutError: timed out",
    ),
    "doctor_migrates": (
        "tests/bridge/test_doctor.py::test_an_older_store_is_named_and_not_migrated",
        "duplicate column name: kelurahan",
    ),
    "day_of_utc": (
        "tests/bridge/test_language.py::test_a_day_is_the_citys_day",
        "1798761600000 != 1798732800000",
    ),
    "diary_forgets": (
        "tests/agent/test_diary.py::test_it_outlives_the_agent_and_not_the_boot",
        "Right contains one more item: (9000, 'the card cannot be written')",
    ),
    "export_overtaken": (
        "tests/export/test_in_flight.py::test_a_commit_in_flight_with_an_earlier_number_is_not_missed",
        "it did not wait for the commit in flight",
    ),
    "dated_later_forgotten": (
        "tests/export/test_export.py::test_what_gets_its_date_after_an_export_is_in_the_next_one_and_once[sqlite]",
        "'19:07:10.000' != '19:06:50.000'",
    ),
    "import_skips_signature": (
        "tests/carrying/test_stick.py::test_every_byte_that_is_altered_is_found_and_nothing_of_its_file_is_stored",
        "assert [] == ['0000000000000001-1-3.part']",
    ),
}


@pytest.mark.parametrize("name", sorted(CLAIMS))
def test_a_claim_fails_on_a_build_that_breaks_it(name: str, tmp_path: Path) -> None:
    test, words = CLAIMS[name]
    must_fail(broken_build(control(name), tmp_path), test, words)
