"""What a unit said is noted with a time that nobody who heard it can be before."""

import asyncio

from firmware_sim import FaultSettings
from firmware_sim.answers import AnswerList
from firmware_sim.clock import ManualClock
from firmware_sim.faults import Voice
from firmware_sim.modbus.bus import ModbusBus
from firmware_sim.modbus.eastron import build_sdm120
from firmware_sim.modbus.settings import Sdm120Settings
from firmware_sim.serial.wire import Pace
from firmware_sim.world.lamp import LampState
from tests.firmware_sim.test_modbus_units import read

STATE = LampState(
    voltage_v=230.5, current_a=0.5, power_w=115.25, energy_wh=12_500, frequency_hz=50,
    power_factor=1.0,
)  # fmt: skip


class SlowPort:
    """One question comes; whoever writes the answer goes on only when it was long heard."""

    def __init__(self, question: bytes, clock: ManualClock) -> None:
        self.heard = asyncio.Event()
        self.heard_ms = 0
        self._questions = [question]
        self._clock = clock

    async def read(self) -> bytes:
        if not self._questions:
            self.heard.set()
            await asyncio.Event().wait()
        return self._questions.pop()

    def write(self, data: bytes) -> bool:
        self.heard_ms = self._clock.boot_ms()
        self._clock.pass_ms(144)
        return True


async def test_an_answer_is_noted_as_given_before_it_was_heard() -> None:
    clock, record = ManualClock(), AnswerList()
    port = SlowPort(bytes.fromhex(read(1, 4, 0, 2)), clock)
    unit = build_sdm120(
        Sdm120Settings(asset="PJU-1", address=1), lambda _: [STATE], Voice(FaultSettings(), seed="")
    )
    bus = ModbusBus(port, [unit], pace=Pace(baud=9_600, paced=False), clock=clock, record=record)
    running = asyncio.create_task(bus.run())
    await port.heard.wait()
    running.cancel()
    (answer,) = record.answers
    assert answer.given_at_ms == port.heard_ms
