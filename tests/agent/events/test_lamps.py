from contract.identity import Kind
from contract.limits import Feeder, Lamp
from tests.agent.events.watching import DAY, NIGHT, Watching, device

LAMP = device("PJU-01", Kind.STREETLIGHT, lamp=Lamp(rated_w=90))
GOOD = {"voltage": 222.0, "current": 0.43, "active_power": 90.0, "power_factor": 0.95}
OUT = GOOD | {"current": 0.0, "active_power": 0.0, "power_factor": 0.0}


def lamp(sun_deg: float = NIGHT) -> Watching:
    return Watching(LAMP, sun_deg=sun_deg)


def test_a_lamp_that_draws_nothing_at_night_has_failed_after_ten_minutes() -> None:
    watching = lamp()
    assert watching.see("PJU-01", **GOOD) == []
    assert watching.see("PJU-01", minutes=10, **OUT) == []
    assert watching.see("PJU-01", **OUT) == ["+lampFailure PJU-01"]
    assert watching.told[0].detail == "draws 0.0 W of 90 W"


def test_by_day_a_failed_lamp_stays_failed_and_is_told_once() -> None:
    watching = lamp()
    watching.see("PJU-01", minutes=20, **OUT)
    watching.sun_deg = DAY
    assert watching.see("PJU-01", minutes=600, **OUT) == []
    watching.sun_deg = NIGHT
    assert watching.see("PJU-01", minutes=60, **OUT) == []
    assert watching.see("PJU-01", minutes=2, **GOOD) == ["-lampFailure PJU-01"]


def test_a_lamp_that_burns_by_day_is_told_after_a_quarter_of_an_hour() -> None:
    watching = lamp(DAY)
    assert watching.see("PJU-01", minutes=15, **GOOD) == []
    assert watching.see("PJU-01", **GOOD) == ["+lampUnexpectedOn PJU-01"]


def test_in_the_twilight_a_lamp_may_do_as_it_likes() -> None:
    for values in (GOOD, OUT):
        assert lamp(-3.0).see("PJU-01", minutes=60, **values) == []


def test_a_cycling_lamp_is_no_failed_lamp() -> None:
    watching = lamp()
    told = [
        word
        for n in range(8)
        for word in watching.see("PJU-01", minutes=4, **(OUT if n % 2 else GOOD))
    ]
    assert told == ["+cyclingFailure PJU-01"]


def test_without_mains_there_is_one_event_and_it_is_not_the_lamps() -> None:
    dark = {"voltage": 0.0, "current": 0.0, "active_power": 0.0, "power_factor": 0.0}
    assert lamp().see("PJU-01", minutes=60, **dark) == ["+supplyLoss PJU-01"]


def test_a_bad_power_factor_counts_only_while_the_lamp_burns() -> None:
    assert lamp().see("PJU-01", minutes=12, **(GOOD | {"power_factor": 0.6})) == [
        "+powerFactorTooLow PJU-01"
    ]
    assert lamp(DAY).see("PJU-01", minutes=60, **OUT) == []


def test_a_value_that_cannot_be_is_no_evidence() -> None:
    assert lamp().see("PJU-01", minutes=60, **(OUT | {"voltage": 9_000.0})) == [
        "+lampFailure PJU-01"
    ]
    assert lamp().see("PJU-01", minutes=60, **(GOOD | {"voltage": 9_000.0})) == []


FEEDER = device("FDR-01", Kind.CABINET, fed_by="PANEL-01", feeder=Feeder(lamps=20, lamp_w=90))
PANEL = device("PANEL-01", Kind.CABINET)
POLE = device("PJU-01", Kind.STREETLIGHT, fed_by="FDR-01", lamp=Lamp(rated_w=90))
CLOSED = {"contactor_command": 1.0, "contactor_closed": 1.0}


def fed(lamps: float, volts: float = 222.0) -> dict[str, float]:
    watts = lamps * 90
    return {"voltage": volts, "current": watts / 222 / 0.95, "active_power": watts,
            "power_factor": 0.95}  # fmt: skip


def test_two_dark_lamps_of_a_feeder_are_counted_by_the_missing_power() -> None:
    watching = Watching(FEEDER, POLE, PANEL)
    watching.see("PANEL-01", **CLOSED)
    assert watching.see("FDR-01", minutes=17, **fed(20)) == []
    assert watching.see("FDR-01", minutes=11, **fed(17.5)) == ["+lampsOut FDR-01"]
    assert watching.told[0].detail == "2 of 20 lamps"


def test_more_dark_lamps_are_told_anew_with_their_count() -> None:
    watching = Watching(FEEDER)
    watching.see("FDR-01", minutes=17, **fed(20))
    watching.see("FDR-01", minutes=11, **fed(17))
    assert watching.see("FDR-01", minutes=11, **fed(15)) == [
        "-lampsOut FDR-01",
        "+lampsOut FDR-01",
    ]
    assert [event.detail for event in watching.told] == [
        "3 of 20 lamps", "now 5 of 20 lamps", "5 of 20 lamps",
    ]  # fmt: skip


def test_a_cut_cable_is_told_once_and_explains_its_dark_lamps() -> None:
    watching = Watching(FEEDER, POLE)
    watching.see("FDR-01", minutes=17, **fed(20))
    told = []
    for _ in range(40):
        told += watching.see("PJU-01", **OUT)
        told += watching.see("FDR-01", **fed(6))
    assert told == ["+openCircuit FDR-01"]


def test_a_feeder_that_is_switched_off_is_no_theft() -> None:
    watching = Watching(FEEDER, PANEL)
    watching.see("PANEL-01", **CLOSED)
    watching.see("FDR-01", minutes=17, **fed(20))
    opened = {"contactor_command": 0.0, "contactor_closed": 0.0}
    assert watching.see("FDR-01", **fed(0)) == []
    assert watching.see("PANEL-01", **opened) == []
    assert watching.see("FDR-01", minutes=9, **fed(0)) == []


def test_a_contactor_that_ignores_its_command_explains_the_lamps() -> None:
    watching = Watching(FEEDER, POLE, PANEL, sun_deg=DAY)
    told = []
    for _ in range(30):
        told += watching.see("PJU-01", **GOOD)
        told += watching.see("FDR-01", **fed(20))
        told += watching.see("PANEL-01", contactor_command=0.0, contactor_closed=1.0)
    assert told == ["+contactorError PANEL-01"]
