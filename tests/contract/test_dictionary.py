"""Bodies are sealed against a dictionary that no later version may change."""

import hashlib
import zlib

from contract.codec import encode_body, inflate
from contract.dictionary import DICTIONARY
from contract.identity import AssetId, BootId, Kind
from contract.messages import Counts
from contract.readings import Reading

BODY = encode_body(
    [
        Reading(
            asset=AssetId("TPS-0001"),
            kind=Kind.WASTE_BIN,
            quantity="distance",
            at_ms=1_000,
            value=812.0,
        )
    ],
    (),
    boot=BootId("00000000000000b1"),
    sealed_before=Counts(),
)


def test_the_dictionary_of_version_1_stays_as_it_is() -> None:
    digest = hashlib.sha256(DICTIONARY).hexdigest()
    assert digest == "9a31c01b6486026d12881c2d5e296c4472515fe8c85891efdd470774e6b44481"


def test_a_body_names_the_dictionary_it_was_sealed_against() -> None:
    # RFC 1950, 2.2: FDICT is bit 5 of the second byte, then comes the dictionary's Adler-32
    assert BODY[1] & 0x20
    assert int.from_bytes(BODY[2:6]) == zlib.adler32(DICTIONARY)


def test_a_body_of_one_reading_is_read_back_as_its_json() -> None:
    assert inflate(BODY).startswith(
        b'{"v":1,"boot":"00000000000000b1","base_ms":1000,"assets":[["TPS-0001","waste_bin"]]'
    )


def test_a_body_sealed_without_a_dictionary_is_read_too() -> None:
    assert inflate(zlib.compress(b'{"v":1}')) == b'{"v":1}'
