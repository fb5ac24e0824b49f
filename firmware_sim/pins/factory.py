"""A gpiozero pin factory whose pins are those of `nadi-sim`, for an agent without hardware.

It is found by gpiozero's entry points under the name `nadi_simulated`, and works only for who gives
it the simulator's socket: nobody can come upon it by chance.
"""

import contextlib
import json
import socket
import threading
from time import monotonic
from typing import Any

from gpiozero import GPIOZeroError, PinFixedPull
from gpiozero.pins.mock import MockFactory, MockPin

PATIENCE_S = 5.0
RETRY_S = 0.5


class SimulatorGone(GPIOZeroError, OSError):  # type: ignore[misc]  # gpiozero has no types
    """The simulator does not answer at its socket; what a pin had last is not true any more."""


class SimulatedPin(MockPin):  # type: ignore[misc]  # gpiozero has no types
    """One pin: its level is the world's, and an output that rises may be a ping."""

    def echo(self, pulse_s: float) -> None:
        """A pulse of exactly this length, however busy this machine is."""
        rise_s = monotonic()
        for level, at_s in ((True, rise_s), (False, rise_s + pulse_s)):
            if self._change_state(level) and self._when_changed is not None:
                self._last_change = at_s
                self._call_when_changed()

    def _get_state(self) -> Any:
        self.factory.require()
        return super()._get_state()

    def _set_state(self, value: Any) -> None:
        super()._set_state(value)
        if value:
            self.factory.trigger(self.info.name)

    def _set_pull(self, value: str) -> None:
        if self.info.pull and value != self.info.pull:
            raise PinFixedPull(f"{self!r} has a fixed pull resistor")
        self._pull = value
        self._state = self.factory.level(self.info.name, otherwise=value == "up")

    def _change_state(self, value: Any) -> bool:
        """As MockPin does it, without keeping every state for ever."""
        if self._state == value:
            return False
        self._state = value
        self._last_change = monotonic()
        return True


class SimulatedFactory(MockFactory):  # type: ignore[misc]  # gpiozero has no types
    """The pins behind one of `nadi-sim`'s sockets; it comes back when the simulator does."""

    def __init__(self, path: str) -> None:
        """Raises SimulatorGone when nobody listens there."""
        super().__init__(pin_class=SimulatedPin)
        self._path = path
        self._levels: dict[str, bool] = {}
        self._told = threading.Event()
        self._closing = threading.Event()
        self._line = self._connected()
        self._reader = threading.Thread(target=self._read_on, name="simulated pins", daemon=True)
        self._reader.start()
        if not self._told.wait(PATIENCE_S):
            self.close()
            raise SimulatorGone(f"the simulator at {path} says nothing")

    def close(self) -> None:
        """Leaves the simulator."""
        self._closing.set()
        with contextlib.suppress(OSError):
            self._line.shutdown(socket.SHUT_RDWR)
        if self._reader.is_alive():
            self._reader.join(PATIENCE_S)
        self._line.close()
        super().close()

    def require(self) -> None:
        """Raises SimulatorGone while the simulator is away."""
        if not self._told.is_set():
            raise SimulatorGone(f"the simulator at {self._path} is gone")

    def level(self, name: str, *, otherwise: bool) -> bool:
        """What the world puts on a pin, or what its pull does where nothing is wired."""
        return self._levels.get(name, otherwise)

    def trigger(self, name: str) -> None:
        """A ping starts here."""
        self.require()
        with contextlib.suppress(OSError):
            self._line.sendall(json.dumps({"trigger": _number(name)}).encode() + b"\n")

    def _connected(self) -> socket.socket:
        line = socket.socket(socket.AF_UNIX)
        try:
            line.connect(self._path)
        except OSError as error:
            line.close()
            raise SimulatorGone(
                f"no simulator at {self._path}: {error.strerror or error}"
            ) from error
        return line

    def _read_on(self) -> None:
        while not self._closing.is_set():
            with contextlib.suppress(OSError, ValueError), self._line.makefile("rb") as said:
                for line in said:
                    self._hear(json.loads(line))
            self._told.clear()
            while not self._closing.wait(RETRY_S):
                with contextlib.suppress(SimulatorGone):
                    self._line.close()
                    self._line = self._connected()
                    break

    def _hear(self, said: dict[str, Any]) -> None:
        if "echo" in said:
            self.pin(said["echo"]).echo(float(said["pulse_s"]))
            return
        self._levels = {f"GPIO{pin}": bool(level) for pin, level in said["levels"].items()}
        self._told.set()
        for pin in tuple(self.pins.values()):
            if pin.function == "input" and pin.info.name in self._levels:
                high = self._levels[pin.info.name]
                pin.drive_high() if high else pin.drive_low()


def _number(name: str) -> int:
    return int(name.removeprefix("GPIO"))
