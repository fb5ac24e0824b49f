"""Every device is asked at its line's fixed times, and no line ever waits for another."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass

from agent.clock import Clock
from agent.deadline import Deadline
from agent.drivers.driver import Driver, Observation
from agent.errors import AgentError, DeviceError, DeviceSilent, LineGone, StoodStill
from agent.events.line_watch import LineWatch
from agent.events.watch import Watch
from agent.lasting import until
from agent.lines import Line, WatchedDevice
from agent.reachability import Reachability
from agent.round import Round
from agent.standstill import Pulse
from agent.tap import Note, Piece
from contract.document import nearest
from contract.identity import AssetId, Kind
from contract.quantities import is_plausible
from contract.readings import Reading

MAX_FAULTS = 100
READ_LIMIT_S = 90.0  # the longest timeout a device may have is 60 s; its driver keeps it

_log = logging.getLogger("nadi.sampler")

WaitUntil = Callable[[int], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveAnswer:
    """What one device said just now, with the bytes on its line, or the fault in words."""

    asset: AssetId
    kind: Kind
    line: str
    observations: tuple[Observation, ...]
    traffic: tuple[Piece, ...]
    notes: tuple[Note, ...]
    fault: str


class Sampler:
    """Reads `lines` into `round`, and tells `watch` what was said and what was not."""

    def __init__(
        self,
        lines: list[Line],
        *,
        clock: Clock,
        round: Round,  # noqa: A002 the glossary's word
        watch: Watch,
        wait_until: WaitUntil | None = None,
        now_s: Callable[[], float] | None = None,  # the event loop's
    ) -> None:
        self._lines = lines
        self._clock = clock
        self._round = round
        self._watch = watch
        self._judges = {
            line.name: LineWatch(line.name, [one.reachability for one in line.devices], watch)
            for line in lines
        }
        self._wait_until = wait_until or sleep_on(clock)
        self._now_s = now_s

    async def run(self) -> None:
        """Read until cancelled; closes the ports then."""
        async with asyncio.TaskGroup() as group:
            lasting = [
                group.create_task(self._run_line(line), name=f"line {line.name}")
                for line in self._lines
            ]
            await until(asyncio.Event(), lasting)  # nobody sets it

    def faults(self) -> list[str]:
        """What is gone now, a sentence each, lines before devices; at most 100."""
        lines = [fault for line in self._lines for fault in line.faults()]
        devices = [
            f"{device.reachability.asset}: {device.reachability.why}"
            for line in self._lines
            for device in line.devices
            if device.reachability.unreachable and not line.gone
        ]
        return (lines + devices)[:MAX_FAULTS]

    async def read_now(self, asset: str, *, keep: bool = False) -> LiveAnswer:
        """Ask one device between its rounds, for a person; only with `keep` it enters the round.

        Raises AgentError if no device has that asset.
        """
        found = [(line, one) for line in self._lines for one in line.devices]
        for line, device in found:
            if device.reachability.asset == asset:
                return await self._read_now(line, device, keep=keep)
        known = [str(device.reachability.asset) for _, device in found]
        raise AgentError(f"no device here has the asset {asset}", hint=nearest(asset, known))

    async def close(self) -> None:
        """Give the ports back."""
        for line in self._lines:
            await line.close()

    async def _read_now(self, line: Line, device: WatchedDevice, *, keep: bool) -> LiveAnswer:
        fault, observations = "", tuple[Observation, ...]()
        async with device.turn:
            with device.traffic.listen() as traffic:
                try:
                    observations = await self._read(device.driver)
                except (DeviceError, LineGone, StoodStill) as error:
                    fault = in_words(error)
        if keep and not fault:
            self._take(line, device, observations)
        return LiveAnswer(
            asset=device.reachability.asset,
            kind=device.reachability.kind,
            line=line.name,
            observations=observations,
            traffic=tuple(traffic),
            notes=tuple(device.traffic.notes),
            fault=fault,
        )

    async def _run_line(self, line: Line) -> None:
        tick_ms = self._clock.boot_ms()
        try:
            while True:
                await self._wait_until(tick_ms)
                await self._read_line(line, tick_ms)
                tick_ms = next_tick_ms(tick_ms, line.interval_ms, now_ms=self._clock.boot_ms())
        finally:
            await line.close()

    async def _read_line(self, line: Line, tick_ms: int) -> None:
        due = iter(line.due(tick_ms))
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(line.workers):
                    group.create_task(self._work(line, due, tick_ms))
        except* LineGone as errors:
            self._line_gone(line, errors.exceptions[0], tick_ms)
        self._judges[line.name].round_ended(self._clock.boot_ms(), gone=line.gone)

    async def _work(self, line: Line, due: Iterator[WatchedDevice], tick_ms: int) -> None:
        """Takes devices from `due`; those that do not answer may use half of the interval only."""
        probes_until_ms = tick_ms + line.interval_ms // 2
        probed = False
        for device in due:
            if device.reachability.unreachable:
                if probed and self._clock.boot_ms() >= probes_until_ms:
                    return
                probed = True
            await self._read_device(line, device, tick_ms)

    async def _read_device(self, line: Line, device: WatchedDevice, tick_ms: int) -> None:
        line.tried += 1
        try:
            async with device.turn:
                observations = await self._read(device.driver)
        except StoodStill as error:
            _log.warning("%s", error)
            return
        except DeviceError as error:
            line.failed += 1
            self._line_works(line)
            device.reachability.failed(error, in_words(error), tick_ms=tick_ms)
            return
        self._take(line, device, observations)

    async def _read(self, driver: Driver) -> tuple[Observation, ...]:
        """Raises StoodStill whatever the device said, or did not say, if its time is unknown."""
        with Pulse(self._now_s) as pulse:
            try:
                observations = await _read_in_time(driver)
            except DeviceError:
                if not pulse.stood_still:
                    raise
            else:
                if not pulse.stood_still:
                    return observations
        raise StoodStill("the agent stood still; what it was reading meanwhile is left out")

    def _take(
        self, line: Line, device: WatchedDevice, observations: tuple[Observation, ...]
    ) -> None:
        told_ms = [seen.at_ms for seen in observations if seen.at_ms is not None]
        at_ms = max(told_ms, default=self._clock.boot_ms())
        self._line_works(line)
        if observations or device.reachability.heard:  # nothing new is no sign of life
            device.reachability.answered()
        derived = self._watch.saw(device.reachability.asset, observations, at_ms)
        self._round.add(_readings(device.reachability, observations + derived, at_ms))

    def _line_works(self, line: Line) -> None:
        if line.gone:
            line.gone = ""
            _log.info("the line is back line=%s", line.name)

    def _line_gone(self, line: Line, error: BaseException, tick_ms: int) -> None:
        why = in_words(error)
        if not line.gone:
            _log.warning("the line is gone line=%s reason=%s", line.name, why)
        line.gone = why
        for device in line.devices:
            device.reachability.failed(LineGone(why), why, tick_ms=tick_ms)
            device.reachability.retry_soon()


def next_tick_ms(tick_ms: int, interval_ms: int, *, now_ms: int) -> int:
    """The next time of the schedule that is not past; those that were missed are not made up."""
    missed = (now_ms - tick_ms + interval_ms - 1) // interval_ms
    return tick_ms + interval_ms * max(1, missed)


def sleep_on(clock: Clock) -> WaitUntil:
    """Waits on the event loop until the boot clock shows a time."""

    async def wait_until(boot_ms: int) -> None:
        await asyncio.sleep(max(0, boot_ms - clock.boot_ms()) / 1_000)

    return wait_until


def in_words(error: BaseException) -> str:
    """The error's sentence, and what to do next."""
    hint = error.hint if isinstance(error, AgentError) else ""
    return f"{error}; {hint}" if hint else str(error)


async def _read_in_time(driver: Driver) -> tuple[Observation, ...]:
    try:
        async with Deadline(READ_LIMIT_S):
            return await driver.read()
    except TimeoutError:
        raise DeviceSilent(f"no answer within {READ_LIMIT_S:.0f} s") from None
    except AgentError:
        raise
    except Exception as error:  # a driver's own mistake must not stop the other devices
        _log.debug("a driver failed", exc_info=True)
        raise DeviceError(f"the driver failed with {type(error).__name__}") from error


def _readings(
    watch: Reachability, observations: tuple[Observation, ...], at_ms: int
) -> Iterator[Reading]:
    for seen in observations:
        yield Reading(
            asset=watch.asset,
            kind=watch.kind,
            quantity=seen.quantity,
            at_ms=at_ms if seen.at_ms is None else seen.at_ms,
            value=seen.value,
            suspect=seen.suspect or not is_plausible(seen.quantity, seen.value),
        )
