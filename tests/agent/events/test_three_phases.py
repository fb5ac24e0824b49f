"""A feeder's faults by a meter of three phases, named as in the map of an Eastron SDM630."""

from contract.identity import Kind
from contract.limits import Feeder
from tests.agent.events.watching import Watching, device

METER = device("PANEL-03", Kind.CABINET, feeder=Feeder(lamps=30, lamp_w=90))
LAMP_A = 0.43
WIRE_LAMPS = 10


def said(
    *lamps: int, volts: tuple[float, float, float] = (228.0, 227.0, 229.0)
) -> dict[str, float]:
    values = {f"voltage_l{n}": one for n, one in enumerate(volts, start=1)}
    values |= {f"current_l{n}": round(one * LAMP_A, 2) for n, one in enumerate(lamps, start=1)}
    return values | {"total_active_power": 90.0 * sum(lamps)}


ALL = (WIRE_LAMPS, WIRE_LAMPS, WIRE_LAMPS)


def burning() -> Watching:
    watching = Watching(METER)
    assert watching.see("PANEL-03", minutes=20, **said(*ALL)) == []
    return watching


def test_a_stolen_cable_of_one_phase_is_told_with_its_wire() -> None:
    watching = burning()
    assert watching.see("PANEL-03", minutes=2, **said(10, 0, 10)) == ["+openCircuit PANEL-03"]
    assert "L2 fell from 4.30 A to 0.00 A at 227 V" in watching.told[-1].detail


def test_it_ends_when_that_phase_draws_its_current_again() -> None:
    watching = burning()
    watching.see("PANEL-03", minutes=2, **said(10, 0, 10))
    assert watching.see("PANEL-03", minutes=3, **said(*ALL)) == ["-openCircuit PANEL-03"]


def test_a_phase_without_voltage_is_a_loss_of_supply_and_no_theft() -> None:
    watching = burning()
    lost = said(10, 0, 10, volts=(228.0, 3.0, 229.0))
    assert watching.see("PANEL-03", minutes=3, **lost) == ["+supplyLoss PANEL-03"]


def test_lamps_out_are_counted_over_all_phases() -> None:
    watching = burning()
    told = watching.see("PANEL-03", minutes=20, **said(8, 9, 8))
    assert told == ["+lampsOut PANEL-03"]
    assert "5 of 30 lamps" in watching.told[-1].detail


def test_one_phase_that_burns_by_day_is_told() -> None:
    watching = Watching(METER, sun_deg=30.0)
    told = watching.see("PANEL-03", minutes=20, **said(0, 0, 10))
    assert told == ["+lampUnexpectedOn PANEL-03"]
