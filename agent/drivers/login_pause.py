"""A refused user and password are tried once an hour, because devices lock those who guess."""

import hashlib
import json
import logging
from pathlib import Path

from agent.clock import Clock
from agent.errors import LoginRefused
from contract.identity import BootId

LOG = logging.getLogger("nadi.login")
# Hikvision and Dahua lock an account after a few wrong passwords; RouterOS and others follow suit.
RETRY_LOGIN_MS = 3_600_000
MAX_KEPT = 1_000


class LoginPauses:
    """Every pause of this gateway; with a file they outlive the agent, which may restart often.

    The file says no password: a pause of another password is told by 16 bits of a hash. After a
    reboot nobody knows how long it was, so a pause begins anew.
    """

    def __init__(
        self, clock: Clock, *, path: Path | None = None, boot: BootId | None = None
    ) -> None:
        self.clock = clock
        self._path = path
        self._boot = boot
        self._until_ms = self._load()

    def of(self, device: str, user: str, password: str, *, who: str) -> "LoginPause":
        """The pause of one user on one device or service."""
        secret = hashlib.sha256(password.encode()).hexdigest()[:4]
        key = hashlib.sha256(f"{device} {user}".encode()).hexdigest()[:16]
        return LoginPause(self, f"{key}-{secret}", who=who)

    def until_ms(self, key: str) -> int:
        """When that one may be tried again, of the boot clock."""
        return self._until_ms.get(key, 0)

    def begin(self, key: str) -> None:
        """An hour from now; on the card at once, if it lets us."""
        now_ms = self.clock.boot_ms()
        running = {one: until for one, until in self._until_ms.items() if until > now_ms}
        self._until_ms = dict(list(running.items())[1 - MAX_KEPT :])
        self._until_ms[key] = now_ms + RETRY_LOGIN_MS
        if self._path is None:
            return
        said = json.dumps({"boot": self._boot, "until_ms": self._until_ms})
        new = self._path.with_name(f"{self._path.name}.new")
        try:
            new.write_text(said, encoding="utf-8")
            new.replace(self._path)
        except OSError as error:
            LOG.warning("login pauses not kept file=%s reason=%s", self._path, error.strerror)

    def _load(self) -> dict[str, int]:
        if self._path is None:
            return {}
        until_ms = self.clock.boot_ms() + RETRY_LOGIN_MS
        try:
            said = json.loads(self._path.read_text(encoding="utf-8"))
            kept = {str(key): int(until) for key, until in said["until_ms"].items()}
            same_boot = said["boot"] == self._boot
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            return {}
        return {key: min(kept[key], until_ms) if same_boot else until_ms for key in kept}


class LoginPause:
    """One user's pause on one device, whatever services of it are asked."""

    def __init__(self, pauses: LoginPauses, key: str, *, who: str) -> None:
        self._pauses = pauses
        self._key = key
        self._who = who

    def check(self) -> None:
        """Raises LoginRefused while the device must not be asked."""
        if self._pauses.clock.boot_ms() < self._pauses.until_ms(self._key):
            raise self._in_words()

    def begin(self) -> LoginRefused:
        """The device refused them just now; the error to raise."""
        self._pauses.begin(self._key)
        return self._in_words()

    def _in_words(self) -> LoginRefused:
        return LoginRefused(
            f"{self._who} refuses the user and password; it is asked once an hour,"
            " or it might lock them",
            hint="correct user and password in the settings and restart the agent",
        )
