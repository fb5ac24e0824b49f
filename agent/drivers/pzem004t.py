"""A PZEM-004T v3 or PZEM-016 meter, read in one block (Peacefair PZEM-004T V3.0 manual, 2.3)."""

from agent.drivers.driver import Driver, Observation
from agent.drivers.modbus import Question
from agent.drivers.modbus_rtu import RtuMaster, explain_failure, find_answer
from agent.drivers.place import SerialPlace
from contract.serial_devices import Pzem004t

FIRST_REGISTER, REGISTER_COUNT = 0x0000, 10


class Pzem004tDriver:
    """One meter by its address."""

    def __init__(self, master: RtuMaster, *, address: int, timeout_ms: int) -> None:
        self._master = master
        self._question = question(address)
        self._timeout_ms = timeout_ms

    async def read(self) -> tuple[Observation, ...]:
        """Seven quantities of one instant; raises DeviceError or LineGone."""
        return scale(await self._master.ask(self._question, timeout_ms=self._timeout_ms))


def build(settings: Pzem004t, place: SerialPlace) -> Driver:
    """The driver of one meter on the line."""
    return Pzem004tDriver(place.master, address=settings.address, timeout_ms=settings.timeout_ms)


def question(address: int) -> Question:
    """All input registers at once: values of one instant, and a reply no other question has."""
    return Question(unit=address, first=FIRST_REGISTER, count=REGISTER_COUNT)


def parse(reply: bytes, *, address: int) -> tuple[Observation, ...]:
    """The values in the bytes heard after a question; raises DeviceError."""
    asked = question(address)
    registers = find_answer(reply, asked)
    if registers is None:
        raise explain_failure(reply, asked, timeout_ms=0)
    return scale(registers)


def scale(registers: tuple[int, ...]) -> tuple[Observation, ...]:
    """Ten registers in units; of a 32-bit value the low word comes first."""
    voltage, amps_lo, amps_hi, watts_lo, watts_hi, energy_lo, energy_hi, hertz, factor, alarm = (
        registers
    )
    return (
        Observation(quantity="voltage", value=voltage / 10),
        Observation(quantity="current", value=(amps_hi << 16 | amps_lo) / 1_000),
        Observation(quantity="active_power", value=(watts_hi << 16 | watts_lo) / 10),
        Observation(quantity="active_energy", value=float(energy_hi << 16 | energy_lo)),
        Observation(quantity="frequency", value=hertz / 10),
        Observation(quantity="power_factor", value=factor / 100),
        Observation(quantity="power_alarm", value=1.0 if alarm == 0xFFFF else 0.0),
    )
