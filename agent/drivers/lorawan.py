"""A LoRaWAN sensor reports by itself: a read gives what came since the last one."""

from collections.abc import Callable
from dataclasses import replace

from agent.drivers.chirpstack import Uplink
from agent.drivers.driver import Observation
from agent.drivers.place import LorawanPlace
from agent.errors import DeviceSilent, FrameError
from contract.lorawan_devices import LorawanDevice

MISSING_REPORTS = 3

Decode = Callable[[Uplink], tuple[Observation, ...]]


class LorawanDriver:
    """One sensor by its DevEUI."""

    def __init__(self, settings: LorawanDevice, place: LorawanPlace, *, decode: Decode) -> None:
        self._dev_eui = settings.dev_eui
        self._silent_ms = round(settings.report_interval_s * 1_000 * MISSING_REPORTS)
        self._place = place
        self._decode = decode
        self._heard_ms = place.clock.boot_ms()

    async def read(self) -> tuple[Observation, ...]:
        """The newest value of each quantity in the uplinks since the last call, or nothing.

        Each is of the moment when its uplink came.
        Raises DeviceSilent after three missing reports, FrameError, LineGone.
        """
        now_ms = self._place.clock.boot_ms()
        uplinks = await self._place.stack.take(self._dev_eui)
        if not uplinks:
            self._refuse_silence(now_ms)
            return ()
        self._heard_ms = uplinks[-1].at_ms
        return self._newest(uplinks)

    def _newest(self, uplinks: list[Uplink]) -> tuple[Observation, ...]:
        seen: dict[str, Observation] = {}
        errors: list[FrameError] = []
        for uplink in uplinks:
            self._place.traffic.note(uplink.data, sent=False)
            try:
                told = (*_radio(uplink), *self._decode(uplink))
                seen |= {one.quantity: replace(one, at_ms=uplink.at_ms) for one in told}
                self._place.stack.unread.read_again(uplink.dev_eui)
            except FrameError as error:
                self._place.stack.unread.note(uplink, why=str(error), known=True)
                errors.append(error)
        if errors and not seen:
            raise errors[-1]
        return tuple(seen.values())

    def _refuse_silence(self, now_ms: int) -> None:
        silent_ms = now_ms - self._heard_ms
        if silent_ms > self._silent_ms:
            raise DeviceSilent(
                f"no report for {silent_ms // 60_000} minutes",
                hint="look at its battery, and at the LoRaWAN gateway in ChirpStack",
            )


def _radio(uplink: Uplink) -> tuple[Observation, ...]:
    return () if uplink.snr_db is None else (Observation(quantity="snr", value=uplink.snr_db),)
