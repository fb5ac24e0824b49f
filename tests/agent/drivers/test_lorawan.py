import random
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from agent.clock import FakeClock
from agent.drivers import dragino, milesight
from agent.drivers.chirpstack import Inbox, Uplink, parse_uplink
from agent.drivers.driver import Driver, Observation
from agent.drivers.place import LorawanPlace
from agent.drivers.unread import Unread
from agent.errors import DeviceSilent, FrameError, LineGone
from agent.tap import Traffic
from contract.identity import AssetId
from contract.lorawan_devices import DraginoLdds, Em400
from tests.soup.spoil import SPOILS

FRAMES = Path(__file__).parents[2] / "fixtures" / "frames"
EUI = "24e124713b123456"
DRAGINO = DraginoLdds(asset=AssetId("TPS-1"), dev_eui=EUI)
EM400 = Em400(asset=AssetId("TPS-1"), dev_eui=EUI.upper(), report_interval_s=1_200)
DECODE: dict[str, Callable[[Uplink], tuple[Observation, ...]]] = {
    "em310_udl": lambda uplink: milesight.decode(uplink, milesight.EM310),
    "em400": lambda uplink: milesight.decode(uplink, milesight.EM400),
    "dragino_ldds": lambda uplink: dragino.decode(uplink, DRAGINO),
}
# ChirpStack v4 documentation, "Event types": an uplink with what proto3 leaves out left out.
UP = b"""{"deduplicationId": "3ac7e3c4-4401-4b8d-9386-a5c902f9202d",
 "time": "2026-11-20T09:34:15.775023242+00:00",
 "deviceInfo": {"tenantId": "52f14cd4-c6f1-4fbd-8f87-4025e1d49242", "tenantName": "Diskominfo",
  "applicationId": "17c82e96-be03-4f38-aef3-f83d48582d97", "applicationName": "sampah",
  "deviceProfileId": "14855bf7-d10d-4aee-b618-ebfcb64dc7ad", "deviceProfileName": "EM400",
  "deviceName": "tps-1", "devEui": "24e124713b123456", "tags": {}},
 "devAddr": "00189440", "dr": 1, "fPort": 85, "data": "AXVcA2cBAQSCRAgFAAE=",
 "rxInfo": [{"gatewayId": "0016c001f153a14c", "uplinkId": 4217106255, "rssi": -36, "snr": 10.5,
  "context": "E3OWOQ=="}, {"gatewayId": "0016c001f153a14d", "rssi": -110, "snr": -3}],
 "txInfo": {"frequency": 921400000}}"""


def uplink(
    payload: str, *, port: int = 85, count: int = 0, eui: str = EUI, at_ms: int = 1_000
) -> Uplink:
    data, message = bytes.fromhex(payload), f"{eui}-{count}"
    return Uplink(at_ms=at_ms, dev_eui=eui, port=port, count=count, data=data, message=message)


def vectors(kind: str) -> list[tuple[str, dict[str, object]]]:
    return [
        (driver, vector)
        for driver in DECODE
        for vector in tomllib.loads((FRAMES / f"{driver}.toml").read_text())[kind]
    ]


def of(vector: dict[str, object]) -> Uplink:
    return uplink(str(vector["payload"]), port=int(str(vector.get("port", 85))))


@pytest.mark.parametrize(("driver", "vector"), vectors("good"))
def test_a_recorded_payload_gives_its_values(driver: str, vector: dict[str, object]) -> None:
    seen = {one.quantity: one.value for one in DECODE[driver](of(vector))}
    assert seen == vector["values"]


@pytest.mark.parametrize(("driver", "vector"), vectors("bad"))
def test_a_recorded_bad_payload_is_refused(driver: str, vector: dict[str, object]) -> None:
    with pytest.raises(FrameError):
        DECODE[driver](of(vector))


def test_a_thermometer_and_invalid_distances_are_what_the_settings_say() -> None:
    plugged = DRAGINO.model_copy(update={"ds18b20": True, "invalid_mm": [20]})
    seen = dragino.decode(uplink("0B D6 0A 3C 00 01 05 01", port=2), plugged)
    assert [(one.quantity, one.value) for one in seen] == [
        ("battery_voltage", 3.03), ("distance", 2620.0), ("temperature", 26.1),
    ]  # fmt: skip
    blind = dragino.decode(uplink("0B D6 00 14 00 01 05 01", port=2), plugged)
    assert "distance" not in {one.quantity for one in blind}


def test_what_a_ds18b20_says_before_it_measured_is_no_fire() -> None:
    plugged = DRAGINO.model_copy(update={"ds18b20": True})
    (*_, seen) = dragino.decode(uplink("0B D6 0A 3C 00 03 52 01", port=2), plugged)
    assert (seen.quantity, seen.value, seen.suspect) == ("temperature", 85.0, True)


def test_what_a_dragino_says_of_itself_is_no_reading() -> None:
    assert dragino.decode(uplink("29 01 00 01 FF 0D 4A", port=5), DRAGINO) == ()


def test_an_uplink_is_read_as_chirpstack_documents_it() -> None:
    assert parse_uplink(UP, at_ms=7_000) == Uplink(
        at_ms=7_000, dev_eui=EUI, port=85, count=0,
        data=bytes.fromhex("01755C 03670101 04824408 050001"),
        message="3ac7e3c4-4401-4b8d-9386-a5c902f9202d", snr_db=10.5,
    )  # fmt: skip


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"{",
        b"[]",
        b"{}",
        b'{"deviceInfo": {}}',
        b'{"deviceInfo": {"devEui": "24e124713b12345"}}',
        UP.replace(b"AXVcA2cB", b"AXVc*2cB"),
        UP.replace(b"AXVcA2cB", b"AXVcA2cB" * 50),
        UP + b" " * 70_000,
        b"\xff\xfe" + UP,
    ],
)
def test_what_is_no_uplink_is_refused_in_words(payload: bytes) -> None:
    with pytest.raises(FrameError):
        parse_uplink(payload, at_ms=0)


def test_an_uplink_that_is_told_twice_counts_once() -> None:
    inbox = Inbox(frozenset({EUI}))
    first, second = uplink("01 75 5C", count=7), uplink("01 75 5B", count=8)
    for one in (first, first, second, second, first):
        inbox.add(one)
    assert inbox.take(EUI) == [first, second]
    assert inbox.take(EUI) == []


def test_of_strangers_the_last_payloads_are_kept_bounded_and_counted() -> None:
    inbox = Inbox(frozenset({EUI}))
    for number in range(100):
        for count in range(6):
            inbox.add(uplink(f"0{count}", eui=f"{number:016x}", count=count))
    kept = inbox.unread.devices()
    assert [one.dev_eui for one in kept] == [f"{number:016x}" for number in range(68, 100)]
    assert {one.count for one in kept} == {6}
    assert [one.uplink.data[0] for one in kept[-1].last] == [2, 3, 4, 5]


class FakeStack:
    """Uplinks put in by hand."""

    def __init__(self) -> None:
        self.inbox = Inbox(frozenset({EUI}))
        self.gone = False

    @property
    def unread(self) -> Unread:
        return self.inbox.unread

    async def take(self, dev_eui: str) -> list[Uplink]:
        if self.gone:
            raise LineGone("the broker is gone")
        return self.inbox.take(dev_eui)

    async def close(self) -> None:
        pass


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def stack() -> FakeStack:
    return FakeStack()


@pytest.fixture
def sensor(clock: FakeClock, stack: FakeStack) -> Driver:
    return milesight.build(EM400, LorawanPlace(clock=clock, stack=stack, traffic=Traffic()))


async def test_a_read_gives_what_came_since_the_last_one(sensor: Driver, stack: FakeStack) -> None:
    stack.inbox.add(uplink("01 75 5C 04 82 44 08", count=1))
    stack.inbox.add(uplink("04 82 E8 03", count=2))
    seen = {one.quantity: one.value for one in await sensor.read()}
    assert seen == {"battery_level": 92.0, "distance": 1000.0}
    assert await sensor.read() == ()


async def test_what_came_is_of_the_moment_when_it_came(
    sensor: Driver, stack: FakeStack, clock: FakeClock
) -> None:
    stack.inbox.add(uplink("01 75 5C 04 82 44 08", count=1, at_ms=61_000))
    stack.inbox.add(uplink("04 82 E8 03", count=2, at_ms=64_500))
    clock.now_ms = 65_000
    seen = {one.quantity: one.at_ms for one in await sensor.read()}
    assert seen == {"battery_level": 61_000, "distance": 64_500}


async def test_three_missing_reports_are_silence(
    sensor: Driver, stack: FakeStack, clock: FakeClock
) -> None:
    clock.now_ms += 3_600_000
    assert await sensor.read() == ()
    clock.now_ms += 60_000
    with pytest.raises(DeviceSilent, match="no report for 61 minutes"):
        await sensor.read()
    stack.inbox.add(uplink("01 75 5C"))
    assert len(await sensor.read()) == 1


async def test_a_payload_of_another_device_is_shown(sensor: Driver, stack: FakeStack) -> None:
    stack.inbox.add(uplink("0D 4A 04 B0 00 00 00 01"))
    with pytest.raises(FrameError, match="no field known here in 8 bytes: 0d 4a 04 b0"):
        await sensor.read()


async def test_an_unknown_payload_is_a_fault_in_words_until_one_is_understood(
    sensor: Driver, stack: FakeStack
) -> None:
    stack.inbox.add(uplink("0D 4A 04 B0 00 00 00 01", port=2, count=1))
    stack.inbox.add(uplink("", port=7, count=2))
    with pytest.raises(FrameError):
        await sensor.read()
    assert list(stack.unread.faults({EUI: "TPS-1"})) == [
        "TPS-1: unknown payloads (2), the last on port 7: empty"
    ]
    stack.inbox.add(uplink("01 75 5C", count=3))
    await sensor.read()
    assert list(stack.unread.faults({EUI: "TPS-1"})) == []
    assert [one.uplink.port for one in stack.unread.devices()[0].last] == [2, 7]


def test_strangers_are_one_fault_that_says_where_to_look() -> None:
    inbox = Inbox(frozenset({EUI}))
    for number in range(5):
        inbox.add(uplink("01", eui=f"{number:016x}"))
    (fault,) = inbox.unread.faults({})
    assert fault.startswith("LoRaWAN devices that no setting names (5): 0000000000000004, ")
    assert fault.endswith(", …; nadi-agent discover --lorawan shows them")
    assert len(fault) <= 200


@pytest.mark.parametrize("count", [20_000, pytest.param(1_000_000, marks=pytest.mark.nightly)])
def test_no_payload_makes_a_decoder_crash(count: int) -> None:
    chance = random.Random(7472)
    good = [of(vector) for _, vector in vectors("good")]
    for _ in range(count):
        one = chance.choice(good)
        spoiled = chance.choice(SPOILS)(one.data, chance)[:255]
        for decode in DECODE.values():
            try:
                decode(uplink(spoiled.hex(), port=chance.choice((one.port, 2, 85))))
            except FrameError:
                continue
