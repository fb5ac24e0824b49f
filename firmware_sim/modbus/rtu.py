"""Modbus RTU requests found in a stream of bytes, and replies made from their parts.

Framing and CRC-16 after "MODBUS over Serial Line" V1.02, 2.5.1 and 6.2.2.
"""

from firmware_sim.modbus.pdu import (
    CALIBRATE,
    READ_COILS,
    READ_DISCRETE,
    READ_HOLDING,
    READ_INPUT,
    RESET_ENERGY,
    WRITE_COIL,
    WRITE_REGISTER,
)

REQUEST_LEN = {
    READ_COILS: 8,
    READ_DISCRETE: 8,
    READ_HOLDING: 8,
    READ_INPUT: 8,
    WRITE_COIL: 8,
    WRITE_REGISTER: 8,
    CALIBRATE: 6,
    RESET_ENERGY: 4,
}
MIN_LEN, MAX_LEN = 4, 256
BROADCAST = 0x00


def crc(data: bytes) -> bytes:
    """CRC-16/MODBUS of `data`, low byte first."""
    remainder = 0xFFFF
    for byte in data:
        remainder = remainder >> 8 ^ _TABLE[(remainder ^ byte) & 0xFF]
    return remainder.to_bytes(2, "little")


def frame(unit: int, pdu: bytes) -> bytes:
    """One RTU frame with its CRC."""
    body = bytes([unit]) + pdu
    return body + crc(body)


def silence_s(baud: int) -> float:
    """t3.5, the silence that ends a frame: 3.5 characters of 11 bits, 1.75 ms above 19200 baud."""
    return 3.5 * 11 / baud if baud <= 19_200 else 0.00175


class RequestSplitter:
    """Finds whole requests among garbage, by length where the function is known, else by CRC."""

    def __init__(self) -> None:
        self._heard = bytearray()

    def feed(self, data: bytes, *, after_silence: bool) -> list[bytes]:
        """The requests completed by `data`; a silence before it voids what was unfinished."""
        if after_silence:
            self._heard.clear()
        self._heard += data
        requests = []
        while (request := self._next()) is not None:
            requests.append(request)
        del self._heard[:-MAX_LEN]
        return requests

    def _next(self) -> bytes | None:
        for start in range(len(self._heard) - MIN_LEN + 1):
            if request := self._request_at(start):
                del self._heard[: start + len(request)]
                return request
        if MIN_LEN <= len(self._heard) <= MAX_LEN and is_whole(self._heard):
            request = bytes(self._heard)
            self._heard.clear()
            return request
        return None

    def _request_at(self, start: int) -> bytes | None:
        length = REQUEST_LEN.get(self._heard[start + 1])
        if length is None or start + length > len(self._heard):
            return None
        request = bytes(self._heard[start : start + length])
        return request if is_whole(request) else None


def is_whole(candidate: bytes | bytearray) -> bool:
    """Whether the last two bytes are the CRC of the rest."""
    return crc(bytes(candidate[:-2])) == candidate[-2:]


def _remainder(byte: int) -> int:
    for _ in range(8):
        byte = byte >> 1 ^ (0xA001 if byte & 1 else 0)
    return byte


_TABLE = tuple(_remainder(byte) for byte in range(256))
