"""A line is searched by questions that only read, and what answers is named by what it says."""

from collections.abc import Iterable

from agent.clock import FakeClock
from agent.discovery.line_search import LISTEN_MS, Finding, Search, search_line
from agent.discovery.naming import Namer
from agent.discovery.proposing import propose_line
from agent.discovery.words import in_words
from agent.drivers.modbus_rtu import crc16
from agent.line import FakePort
from contract.discovery import FoundDevice, LineReport

PZEM_REPLY = bytes.fromhex("04 14 08 FD 01 B3 00 00 03 DB 00 00 30 39 00 00 01 F4 00 62 00 00")
READS = (3, 4)
ADDRESSES = tuple(range(1, 15))


def report_of(found: list[FoundDevice]) -> LineReport:
    return LineReport(
        port="/dev/ttyUSB0", bauds=[9600, 2400], addresses=list(ADDRESSES), found=found
    )


def framed(unit: int, rest: bytes) -> bytes:
    body = bytes((unit,)) + rest
    return body + crc16(body)


class Wire:
    """Devices by their address; each answers (function, first, count) with words, or refuses."""

    def __init__(self, devices: dict[int, dict[int, dict[int, int]]], *, baud: int = 9_600) -> None:
        self.clock = FakeClock()
        self.ports: list[FakePort] = []
        self.progress: list[tuple[int, int]] = []
        self.garble = 0
        self.silent_from = 1 << 16
        self.lost: set[int] = set()  # first registers of which one answer is lost
        self._devices = devices
        self._baud = baud

    def open(self, baud: int) -> FakePort:
        right = baud == self._baud
        port = FakePort(self.clock, self._answer if right else lambda _: [])
        self.ports.append(port)
        return port

    async def search(self, search: Search) -> list[FoundDevice]:
        return (await self.look(search)).found

    async def look(self, search: Search) -> Finding:
        return await search_line(self.open, search, clock=self.clock, progress=self._told)

    def asked(self) -> list[bytes]:
        return [data for port in self.ports for _, data in port.written]

    def _told(self, done: int, of: int, _: str) -> None:
        self.progress.append((done, of))

    def _answer(self, frame: bytes) -> Iterable[tuple[int, bytes]]:
        answers = list(self._whole_answer(frame))
        if self.garble in (frame[0], -1):
            return [(at, bytes(one ^ 0x5A for one in data)) for at, data in answers]
        return answers

    def _whole_answer(self, frame: bytes) -> Iterable[tuple[int, bytes]]:
        unit, function = frame[0], frame[1]
        if unit not in self._devices:
            return []
        tables = self._devices[unit]
        if function not in tables:
            return [(30, framed(unit, bytes((function | 0x80, 1))))]
        first, count = int.from_bytes(frame[2:4]), int.from_bytes(frame[4:6])
        if first >= self.silent_from:
            return []
        if first in self.lost:
            self.lost.remove(first)
            return []
        wanted = range(first, first + count)
        if not all(address in tables[function] for address in wanted):
            return [(30, framed(unit, bytes((function | 0x80, 2))))]
        data = b"".join(tables[function][address].to_bytes(2) for address in wanted)
        return [(30, framed(unit, bytes((function, len(data))) + data))]


def words(*values: int) -> dict[int, int]:
    return dict(enumerate(values))


PZEM = {4: words(2301, 435, 0, 987, 0, 12345, 0, 500, 98, 0), 3: words(0, 2300, 5)}
# 229.4 V, and 50.02 Hz at 0x46, as IEEE 754 singles
SDM120 = {4: words(0x4365, 0x6666, *[0] * 30) | {0x46: 0x4248, 0x47: 0x147B}}
SDM630 = {4: words(0x4365, 0x6666, 0x4365, 0x6666, 0x4365, 0x6666) | SDM120[4] | {
    2: 0x4365, 3: 0x6666, 4: 0x4365, 5: 0x6666}}  # fmt: skip
URM13 = {3: words(0x0034, 0x3343, 11, 3, 0, 120, 254)}
# Intesis INMBSDAL064: status, level and device type of short addresses 0 and 3; 7000 registers
DALI = {3: dict.fromkeys(range(7_000), 0) | {5: 4, 6: 80, 7: 6, 305: 2, 306: 0, 307: 6}}
SEN0492 = {3: {0x34: 1803}}
OTHER = {3: words(7, 7, 7, 7, 7, 7, 7)}


async def test_each_type_is_named_by_what_it_says() -> None:
    wire = Wire({3: PZEM, 5: SDM120, 7: SDM630, 11: URM13, 12: OTHER})
    found = await wire.search(Search(addresses=ADDRESSES))
    assert [(one.address, one.driver, one.map) for one in found] == [
        (3, "pzem004t", ""),
        (5, "modbus_map", "eastron-sdm120.toml"),
        (7, "modbus_map", "eastron-sdm630.toml"),
        (11, "modbus_map", "dfrobot-sen0310.toml"),
        (12, "", ""),
    ]


async def test_a_search_only_reads() -> None:
    wire = Wire({3: PZEM, 5: SDM120, 11: URM13, 12: OTHER})
    await wire.search(Search(addresses=ADDRESSES))
    assert {frame[1] for frame in wire.asked()} <= set(READS)
    assert {frame[0] for frame in wire.asked()} == set(ADDRESSES)


async def test_the_other_baud_is_tried_when_nothing_answers() -> None:
    wire = Wire({3: PZEM}, baud=2_400)
    found = await wire.search(Search(addresses=(1, 2, 3, 4)))
    assert [(one.baud, one.address) for one in found] == [(2_400, 3)]


async def test_the_first_baud_with_an_answer_is_the_lines() -> None:
    wire = Wire({3: PZEM})
    await wire.search(Search(addresses=(1, 2, 3, 4)))
    assert len(wire.ports) == 1


async def test_thirty_two_addresses_at_two_bauds_take_less_than_a_minute() -> None:
    wire = Wire({})
    began_ms = wire.clock.boot_ms()
    assert await wire.search(Search()) == []
    assert wire.clock.boot_ms() - began_ms < 60_000
    assert wire.progress[-1] == (66, 66)


async def test_a_sensor_that_speaks_by_itself_is_heard_and_nobody_is_asked() -> None:
    wire = Wire({})
    port = wire.open(9_600)
    for at_ms in range(50, LISTEN_MS, 100):
        port.speak(at_ms, bytes.fromhex("FF 07 A1 A7"))
    heard = await search_line(lambda _: port, Search(), clock=wire.clock, progress=lambda *_: None)
    assert [(one.driver, one.address) for one in heard.found] == [("a02yyuw", None)]
    assert not port.written


async def test_what_was_found_is_shown_as_settings_to_paste() -> None:
    wire = Wire({3: PZEM, 5: SDM120, 12: OTHER})
    found = await wire.search(Search(addresses=ADDRESSES))
    report = report_of(found)
    said = in_words(report, propose_line(report, None, Namer({}, ask=None)))
    assert "✓ 9600 baud, address 3: a PZEM-004T v3 or PZEM-016 meter at 230.1 V" in said
    assert "? 9600 baud, address 12: a Modbus device of a type not known here" in said
    assert 'map = "/etc/nadi/modbus/eastron-sdm120.toml"\naddress = 5' in said


def test_a_silent_line_says_what_to_look_at() -> None:
    assert in_words(report_of([]), []).splitlines() == [
        "✗ nothing answers on /dev/ttyUSB0 at 9600, 2400 baud, addresses 1 to 14",
        "  → check power, A and B (swap them), the adapter; then try --baud and --addresses",
    ]


async def test_a_maxbotix_that_speaks_by_itself_is_told_from_other_sensors() -> None:
    wire = Wire({})
    port = wire.open(9_600)
    for at_ms in range(50, LISTEN_MS, 750):
        port.speak(at_ms, b"R0480\r")
    heard = await search_line(lambda _: port, Search(), clock=wire.clock, progress=lambda *_: None)
    assert [one.driver for one in heard.found] == ["maxbotix"]


async def test_each_lamp_behind_a_dali_gateway_is_found_with_its_base() -> None:
    wire = Wire({2: DALI})
    found = await wire.search(Search(addresses=(1, 2, 3)))
    assert [(one.map, one.address, one.base) for one in found] == [
        ("intesis-dali.toml", 2, 0),
        ("intesis-dali.toml", 2, 300),
    ]
    assert found[0].what.endswith("short address 0 of channel 0, 80 %")


async def test_one_answer_that_is_lost_hides_no_lamps() -> None:
    wire = Wire({2: DALI})
    wire.lost = {305}
    found = await wire.search(Search(addresses=(2,)))
    assert wire.lost == set()
    assert [one.base for one in found] == [0, 300]


async def test_a_silent_register_ends_the_look_for_lamps() -> None:
    few = {3: dict.fromkeys(range(9), 1)}
    wire = Wire({2: few})
    wire.silent_from = 100
    found = await wire.search(Search(addresses=(2,)))
    assert [one.map for one in found] == [""]
    assert len(wire.asked()) < 12


async def test_a_laser_at_its_factory_address_is_found_by_default() -> None:
    wire = Wire({0x50: SEN0492})
    found = await wire.search(Search())
    assert [(one.map, one.address) for one in found] == [("dfrobot-sen0492.toml", 0x50)]


async def test_two_devices_with_one_address_are_said_in_words() -> None:
    wire = Wire({3: PZEM, 7: PZEM})
    wire.garble = 7
    looked = await wire.look(Search(addresses=ADDRESSES))
    assert [one.address for one in looked.found] == [3]
    assert len(looked.trouble) == 1
    assert looked.trouble[0].startswith("9600 baud, address 7: no whole answer of unit 7")
    assert "two devices with the same address" in looked.trouble[0]


async def test_noise_at_most_addresses_is_the_wiring() -> None:
    wire = Wire(dict.fromkeys(ADDRESSES, PZEM))
    wire.garble = -1
    looked = await wire.look(Search(addresses=ADDRESSES, bauds=(9_600,)))
    assert looked.found == []
    assert "noise instead of answers at 14 addresses; swap A and B" in looked.trouble[0]


async def test_what_babbles_unasked_is_said_in_words() -> None:
    wire = Wire({})
    port = wire.open(9_600)
    port.speak(100, bytes.fromhex("01 03 00 00"))
    looked = await search_line(
        lambda _: port, Search(addresses=(1,)), clock=wire.clock, progress=lambda *_: None
    )
    assert "4 bytes came before anything was asked: 01 03 00 00" in looked.trouble[0]
