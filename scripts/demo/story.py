"""What happens to the district, in order: a cut fibre, kills, a wiped broker, and every return."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from scripts.district.district import District
from scripts.district.trial import Stops


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """At `at`, a fraction of the story's length, `words` are shown and `act` is done."""

    at: float
    words: str
    act: Callable[[], None]


class Story:
    """The steps of one demonstration, and when agents were not reading."""

    def __init__(self, district: District) -> None:
        self._district = district
        self.stops = Stops(district)

    def steps(self) -> Sequence[Step]:
        """In the order of their times; everything is mended at the end."""
        return tuple(self._steps())

    def _steps(self) -> Iterator[Step]:
        cut, killed, *_ = self._district.gateways
        lamp = self._district.plan.places[-1].lamps[0]
        yield Step(at=0.10, words=f"the fibre of {cut.id} is cut", act=cut.fibre.cut)
        yield Step(
            at=0.18,
            words=f"streetlight {lamp} falls silent",
            act=lambda: self._district.silence(lamp),
        )
        yield Step(
            at=0.24, words=f"the agent of {killed.id} is killed (SIGKILL)",
            act=lambda: self.stops.kill(killed),
        )  # fmt: skip
        yield Step(
            at=0.30, words=f"the agent of {killed.id} starts again",
            act=lambda: self.stops.restart(killed),
        )  # fmt: skip
        yield Step(
            at=0.38, words="the broker is killed, and all its files are deleted",
            act=self._wipe_broker,
        )  # fmt: skip
        yield Step(at=0.44, words="an empty broker starts", act=self._district.broker.start)
        yield Step(at=0.50, words=f"the fibre of {cut.id} is mended", act=cut.fibre.mend)
        yield Step(
            at=0.56, words=f"streetlight {lamp} answers again",
            act=lambda: self._district.speak(lamp),
        )  # fmt: skip
        yield Step(at=0.64, words="the bridge is killed (SIGKILL)", act=self._district.bridge.kill)
        yield Step(at=0.74, words="the bridge starts again", act=self._district.start_bridge)

    def mend(self) -> None:
        """Whatever is still broken when the story is ended early."""
        for gateway in self._district.gateways:
            if not gateway.fibre.whole:
                gateway.fibre.mend()
        self.stops.restart_all()
        if not self._district.broker.program.running:
            self._district.broker.start()
        if not self._district.bridge.running:
            self._district.start_bridge()

    @property
    def round_s(self) -> float:
        """How long a gateway collects before it seals."""
        return self._district.plan.seal_interval_s

    def _wipe_broker(self) -> None:
        self._district.broker.kill()
        self._district.broker.wipe()
