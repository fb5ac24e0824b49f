"""A refused user and password are tried once an hour, because devices lock those who guess."""

from agent.clock import Clock
from agent.errors import LoginRefused

# Hikvision and Dahua lock an account after a few wrong passwords; RouterOS and others follow suit.
RETRY_LOGIN_MS = 3_600_000


class LoginPause:
    """One user's pause on one device, whatever services of it are asked."""

    def __init__(self, clock: Clock, *, who: str) -> None:
        self._clock = clock
        self._who = who
        self._no_login_before_ms = 0

    def check(self) -> None:
        """Raises LoginRefused while the device must not be asked."""
        if self._clock.boot_ms() < self._no_login_before_ms:
            raise self._in_words()

    def begin(self) -> LoginRefused:
        """The device refused them just now; the error to raise."""
        self._no_login_before_ms = self._clock.boot_ms() + RETRY_LOGIN_MS
        return self._in_words()

    def _in_words(self) -> LoginRefused:
        return LoginRefused(
            f"{self._who} refuses the user and password; it is asked once an hour,"
            " or it might lock them",
            hint="correct user and password in the settings and restart the agent",
        )
