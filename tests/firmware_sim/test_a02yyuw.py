import pytest

from firmware_sim.faults import Voice
from firmware_sim.key import FaultSettings
from firmware_sim.serial.a02yyuw import A02yyuw
from firmware_sim.serial.settings import BinSensorSettings
from tests.firmware_sim.frames import Vector, vectors


@pytest.mark.parametrize("vector", vectors("a02yyuw", "good"), ids=lambda vector: vector.name)
def test_a_frame_is_the_datasheets(vector: Vector) -> None:
    sensor = A02yyuw(
        BinSensorSettings(asset="TPS-0001"),
        distance=lambda now_s: int(vector.values["distance"]),
        voice=Voice(FaultSettings(), seed=""),
    )
    reply = sensor.frame(0)
    assert reply.frame.hex(" ") == vector.reply.hex(" ")
    assert reply.values == vector.values
