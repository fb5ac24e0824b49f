"""A Pi's clocks: a crystal, a boot clock that slews bend, a system clock that anyone may set.

True time is the city's; the machine never sees it but through its time service.
"""

from dataclasses import dataclass, field
from random import Random
from typing import Literal

from agent.clock import Sight
from agent.time_service import STA_UNSYNC, TIME_ERROR, Chrony, error_ms, read_kernel

Service = Literal["timesyncd", "ntpd", "chrony"]
STEPS_FROM_MS: dict[Service, float] = {"timesyncd": 400, "ntpd": 128, "chrony": 1_000}
KERNEL_LIMIT_MS = 16_000.0
STA_PLL = 0x0001  # linux/timex.h
KERNEL_PPM, SLEW_PPM, CRYSTAL_PPM = 500, 500, 49
SNTP_MS = 90.0
A_SECOND_MS = 1_000.0


def allowed_ms(service: Service) -> float:
    """A second; what is less than a step is slewed, and an exchange errs in judging which it is."""
    return max(A_SECOND_MS, STEPS_FROM_MS[service] + SNTP_MS)


@dataclass(slots=True)
class Machine:
    """One boot; `true_ms` is when it is now."""

    true_ms: float
    service: Service
    random: Random
    boot_at_ms: float = 0.0
    system_less_boot_ms: float = 0.0
    kernel_error_ms: float = KERNEL_LIMIT_MS
    mark_ms: float | None = None
    chrony: Chrony | None = None
    slew_ms: float = 0.0
    ppm: float = 0.0
    synced_true_ms: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        """The system clock says whatever the card or nobody remembered."""
        wrong_ms = self.random.choice((-2e11, -3e9, -4e4, 0.0, 7e4, 9e8))
        self.system_less_boot_ms = self.true_ms + wrong_ms
        self.ppm = self.random.uniform(-CRYSTAL_PPM, CRYSTAL_PPM)
        self.run(self.random.uniform(200, 9_000))

    def run(self, passing_ms: float) -> None:
        """Time passes; the crystal is as wrong as it may be, and a slew goes on."""
        self.true_ms += passing_ms
        slewed_ms = min(abs(self.slew_ms), passing_ms * SLEW_PPM / 1e6)
        slewed_ms = slewed_ms if self.slew_ms > 0 else -slewed_ms
        self.slew_ms -= slewed_ms
        self.boot_at_ms += passing_ms * (1 + self.ppm / 1e6) + slewed_ms
        grown_ms = self.kernel_error_ms + passing_ms * KERNEL_PPM / 1e6
        self.kernel_error_ms = min(grown_ms, KERNEL_LIMIT_MS)

    def synchronise(self) -> None:
        """One exchange with a server, as this service does it."""
        error = self.random.uniform(-SNTP_MS, SNTP_MS)
        offset_ms = self.true_ms + error - self._system_ms()
        if abs(offset_ms) >= STEPS_FROM_MS[self.service]:
            self.system_less_boot_ms += offset_ms
            self.slew_ms = 0.0
        else:
            self.slew_ms = offset_ms
        self.ppm = self.random.uniform(-CRYSTAL_PPM, CRYSTAL_PPM)
        self.synced_true_ms.append(self.true_ms)
        if self.service == "timesyncd":
            self.kernel_error_ms, self.mark_ms = 0.0, self._system_ms()
        elif self.service == "ntpd":
            self.kernel_error_ms = abs(error) + self.random.uniform(0, 50)
        else:
            stated_ms = abs(self.slew_ms) + abs(error) + self.random.uniform(0, 20)
            self.chrony = Chrony(error_ms=stated_ms, at_ms=self.boot_ms())

    def set_by_hand(self) -> None:
        """Somebody runs `date --set`: the kernel knows, and timesyncd's mark does not."""
        self.system_less_boot_ms += self.random.choice((-8e7, -5e3, 5e3, 6e5, 9e7))
        self.kernel_error_ms, self.slew_ms, self.chrony = KERNEL_LIMIT_MS, 0.0, None

    def boot_ms(self) -> int:
        """Milliseconds of CLOCK_BOOTTIME."""
        return int(self.boot_at_ms)

    def sight(self) -> Sight | None:
        """As `KernelClock` sees it, by the production rules."""
        synchronised = self.kernel_error_ms < KERNEL_LIMIT_MS
        kernel = read_kernel(
            0 if synchronised else TIME_ERROR,
            STA_PLL if synchronised else STA_UNSYNC,
            max_error_us=round(self.kernel_error_ms * 1_000),
            offset=round(self.slew_ms * 1_000),
        )
        age_ms = None if self.mark_ms is None else int(self._system_ms() - self.mark_ms)
        error = error_ms(
            kernel,
            timesyncd_age_ms=age_ms if age_ms is not None and age_ms >= 0 else None,
            chrony=self.chrony,
            now_ms=self.boot_ms(),
        )
        if error is None:
            return None
        return Sight(origin_ms=int(self.system_less_boot_ms), uncertainty_ms=error)

    def _system_ms(self) -> float:
        return self.boot_at_ms + self.system_less_boot_ms
