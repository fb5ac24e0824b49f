import pytest

from firmware_sim import ControlError, FaultSettings, LampMeterSettings, SettingsError
from firmware_sim.catalogue import catalogue
from firmware_sim.district_file import parse_district
from firmware_sim.faults import NamedFaults
from firmware_sim.world.bin import Bin
from firmware_sim.world.lamp import Lamp, LampState

KNOWN = {"lamp_failed": "it is dead", "cycling": "it comes and goes"}


def lamp(*faults: str, dark: bool = True) -> Lamp:
    return Lamp(
        rated_w=90, power_factor=0.95, is_dark=lambda _: dark, start_s=0, seed="7", faults=faults
    )


def burning(*faults: str, dark: bool = True) -> LampState:
    return lamp(*faults, dark=dark).at(10)


def bin_(*faults: str) -> Bin:
    return Bin(depth_mm=1_000, fill_per_h=0, start_s=0, seed="7", faults=faults)


def test_a_failed_lamp_draws_next_to_nothing_at_full_voltage() -> None:
    state = burning("lamp_failed")
    assert 0 < state.power_w < 2
    assert state.voltage_v > 219


def test_a_day_burner_burns_under_the_sun() -> None:
    assert burning("burns_by_day", dark=False).power_w == pytest.approx(90, rel=0.03)


def test_a_cycling_lamp_goes_out_and_comes_again() -> None:
    one = lamp("cycling")
    lit = [one.at(minute * 60).power_w > 45 for minute in range(16)]
    assert lit == ([True] * 4 + [False] * 4) * 2


def test_a_dying_capacitor_shows_in_the_power_factor() -> None:
    assert burning("low_power_factor").power_factor == pytest.approx(0.55, abs=0.03)


def test_without_mains_there_is_neither_voltage_nor_load() -> None:
    state = burning("supply_loss")
    assert (state.voltage_v, state.current_a, state.power_w) == (0, 0, 0)


def test_a_bin_can_be_full_emptied_tilted_and_on_fire() -> None:
    assert bin_("full").at(5).distance_mm == pytest.approx(50, abs=20)
    assert bin_("emptied").at(5).distance_mm == pytest.approx(980, abs=20)
    tilted = bin_("tilted").at(5)
    assert (tilted.tilted, tilted.distance_mm > 1_500) == (True, True)
    assert bin_("burning").at(5).temperature_c > 60


def test_a_fault_begins_and_ends_at_run_time() -> None:
    faults = NamedFaults("PJU-1", KNOWN, ["cycling"])
    faults.begin("lamp_failed")
    faults.end("cycling")
    assert [name in faults for name in KNOWN] == [True, False]


def test_a_fault_that_it_cannot_have_is_refused_with_the_nearest() -> None:
    with pytest.raises(ControlError, match="PJU-1 has no fault called 'lamp_faild'") as error:
        NamedFaults("PJU-1", KNOWN).begin("lamp_faild")
    assert error.value.hint == "did you mean lamp_failed?"


def test_a_file_breaks_a_device_from_the_start() -> None:
    meter = {
        "type": "pzem004t",
        "asset": "PJU-1",
        "address": 1,
        "faults": {"lose": 0.1, "lamp_failed": True, "cycling": False},
    }
    line = {"name": "pju", "port": "pju", "device": [meter]}
    district = parse_district({"line": [line]}, where="x")
    assert district.lines[0].devices[0].faults == FaultSettings(lose=0.1, named=("lamp_failed",))


@pytest.mark.parametrize(
    ("faults", "sentence"),
    [
        ({"lamp_faild": True}, r"faults\.lamp_faild is no setting"),
        ({"cycling": 1}, r"faults\.cycling is 1"),
        ({"no_stream": True}, r"faults\.no_stream is no setting"),
    ],
)
def test_wrong_names_in_a_file_are_refused(faults: dict[str, object], sentence: str) -> None:
    meter = {"type": "pzem004t", "asset": "PJU-1", "address": 1, "faults": faults}
    with pytest.raises(SettingsError, match=sentence):
        parse_district({"line": [{"name": "a", "port": "a", "device": [meter]}]}, where="x")


def test_settings_made_in_code_know_only_their_own_faults() -> None:
    with pytest.raises(SettingsError, match="a pzem004t has no fault called 'full'"):
        LampMeterSettings(asset="PJU-1", address=1, faults=FaultSettings(named=("full",)))


def test_the_catalogue_says_what_every_fault_means() -> None:
    text = catalogue()
    assert "fault lamp_failed       the lamp is dead" in text
    assert "fault no_stream         it answers well and describes no video" in text
