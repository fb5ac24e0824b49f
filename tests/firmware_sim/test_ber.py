import pytest

from firmware_sim.snmp import ber


@pytest.mark.parametrize(
    ("value", "encoded"),
    [
        (0, "02 01 00"),
        (127, "02 01 7F"),
        (128, "02 02 00 80"),
        (-1, "02 01 FF"),
        (-128, "02 01 80"),
        (-129, "02 02 FF 7F"),
        (5_000_000_000, "02 05 01 2A 05 F2 00"),
        (2**64 - 1, "02 09 00 FF FF FF FF FF FF FF FF"),
    ],
)
def test_an_integer_takes_as_few_bytes_as_it_can(value: int, encoded: str) -> None:
    assert ber.integer(value) == bytes.fromhex(encoded)
    assert ber.to_int(ber.integer(value)[2:]) == value


def test_an_object_identifier_is_base_128() -> None:
    mikrotik = (1, 3, 6, 1, 4, 1, 14988, 1)
    assert ber.oid(mikrotik) == bytes.fromhex("06 08 2B 06 01 04 01 F5 0C 01")
    assert ber.to_oid(ber.oid(mikrotik)[2:]) == mikrotik
    assert ber.to_oid(ber.oid((2, 999, 3))[2:]) == (2, 999, 3)


def test_a_long_length_is_written_in_bytes_after_its_count() -> None:
    assert ber.tlv(4, b"x" * 127)[:2] == b"\x04\x7f"
    assert ber.tlv(4, b"x" * 200)[:3] == b"\x04\x81\xc8"
    assert ber.tlv(4, b"x" * 300)[:4] == b"\x04\x82\x01\x2c"
    assert list(ber.read(ber.tlv(4, b"x" * 300))) == [(4, b"x" * 300)]


@pytest.mark.parametrize(
    "torn", ["30", "30 05 00", "30 80", "30 85 01 01 01 01 01", "30 82 01", "04 84 FF FF FF FF"]
)
def test_torn_bytes_are_refused(torn: str) -> None:
    with pytest.raises(ber.BerError):
        list(ber.read(bytes.fromhex(torn)))


@pytest.mark.parametrize("torn", ["", "2B 86", "2B FF FF FF FF FF 7F", "2B" + " 01" * 128])
def test_an_object_identifier_that_cannot_be_is_refused(torn: str) -> None:
    with pytest.raises(ber.BerError):
        ber.to_oid(bytes.fromhex(torn))
