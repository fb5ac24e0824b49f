"""What a unit said is noted with a time that nobody who heard it can be before."""

import asyncio

from firmware_sim.answers import AnswerList
from firmware_sim.clock import ManualClock
from firmware_sim.modbus.bus import ModbusBus
from firmware_sim.serial.wire import Pace
from tests.firmware_sim.test_modbus_units import read, sdm120


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
    bus = ModbusBus(
        port, [sdm120()], pace=Pace(baud=9_600, paced=False), clock=clock, record=record
    )
    running = asyncio.create_task(bus.run())
    await port.heard.wait()
    running.cancel()
    (answer,) = record.answers
    assert answer.given_at_ms == port.heard_ms
