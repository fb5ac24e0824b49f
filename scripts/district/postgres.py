"""A private PostgreSQL in a folder of its own that no system cluster ever notices."""

import os
import pwd
import secrets
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

import psycopg
from psycopg import sql

from scripts.district.process import Program, ProgramError

INSTALLED = Path("/usr/lib/postgresql")
OLDEST_VERSION = 15
USER = "nadi"
DATABASE = "nadi"
INITDB_S = 60.0
READY_S = 30.0
STOP_S = 120.0
TOOL_S = 120.0

# Durable as a city's must be, and sized for a machine that runs other things too.
SETTINGS = {
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "shared_buffers": "256MB",
    "max_wal_size": "2GB",
    "max_connections": "40",
    "log_checkpoints": "off",
}


class Postgres:
    """One cluster; it can be stopped, killed and started again on the same port and files.

    PostgreSQL refuses to run as root, so root starts it as the account `postgres`, or `nobody`,
    which is given the folder, and passage through those temporary folders that lead to it.
    """

    def __init__(
        self, folder: Path, *, port: int, settings: Mapping[str, str] | None = None
    ) -> None:
        """Makes a new cluster in `folder`; `settings` are added to postgresql.conf."""
        self.port = port
        self._data = folder / "data"
        self._bin = _newest_programs()
        self._account = _unprivileged() if os.getuid() == 0 else None
        self._password = secrets.token_hex(16)
        folder.mkdir(parents=True, exist_ok=True)
        if self._account:
            _hand_over(folder, self._account)
        self._initialise(folder)
        self._configure({**SETTINGS, **(settings or {})})
        command = [*self._as_account(), str(self._bin / "postgres"), "-D", str(self._data)]
        self.program = Program("postgresql", command, folder=folder)

    def start(self) -> None:
        """Returns when it accepts connections; raises ProgramError."""
        self.program.start()
        self.program.wait_until(self._accepts, what="accepting clients", deadline_s=READY_S)

    def stop(self) -> None:
        """A fast shutdown: clients are cut off, all that is committed is written."""
        if self.program.running:
            os.kill(self.program.pid, signal.SIGINT)
            self.program.wait(deadline_s=STOP_S)

    def discard(self) -> None:
        """An immediate shutdown, for files that nobody opens again: no checkpoint is waited for."""
        if self.program.running:
            os.kill(self.program.pid, signal.SIGQUIT)
            self.program.wait(deadline_s=STOP_S)

    def kill(self) -> None:
        """SIGKILL to the server and every process of it, as a power cut does it."""
        if not self.program.running:
            return
        backends = _children(self.program.pid)
        self.program.kill()
        for backend in backends:
            _signal(backend, signal.SIGKILL)

    def freeze(self) -> None:
        """SIGSTOP to the server and every process of it: each client waits."""
        self.program.freeze()
        for backend in _children(self.program.pid):
            _signal(backend, signal.SIGSTOP)

    def thaw(self) -> None:
        """All of it goes on."""
        for backend in _children(self.program.pid):
            _signal(backend, signal.SIGCONT)
        self.program.thaw()

    def restart(self) -> None:
        """Stops it and starts it again."""
        self.stop()
        self.start()

    def conninfo(self, database: str = DATABASE) -> str:
        """How a client reaches it."""
        return (
            f"postgresql://{USER}:{self._password}@127.0.0.1:{self.port}/{database}"
            "?connect_timeout=5"
        )

    def empty(self) -> None:
        """The database has nothing in it; clients are cut off."""
        with psycopg.connect(self.conninfo("postgres"), autocommit=True) as connection:
            connection.execute(f"DROP DATABASE {DATABASE} WITH (FORCE)")
            connection.execute(f"CREATE DATABASE {DATABASE}")

    def create_database(self, name: str) -> str:
        """An empty database, and how to reach it."""
        with psycopg.connect(self.conninfo("postgres"), autocommit=True) as connection:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        return self.conninfo(name)

    def _initialise(self, folder: Path) -> None:
        password_file = folder / "password"
        password_file.write_text(self._password)
        password_file.chmod(0o600)
        if self._account:
            os.chown(password_file, self._account.pw_uid, self._account.pw_gid)
        command = [
            *self._as_account(),
            str(self._bin / "initdb"),
            *("--pgdata", str(self._data), "--username", USER, "--pwfile", str(password_file)),
            *("--auth", "scram-sha-256", "--encoding", "UTF8", "--locale", "C.UTF-8"),
            "--no-sync",
        ]
        made = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, timeout=INITDB_S, check=False
        )
        password_file.unlink()
        if made.returncode:
            raise ProgramError(f"initdb failed: {made.stderr.strip()[-300:]}")

    def _configure(self, settings: Mapping[str, str]) -> None:
        own = {
            "listen_addresses": "127.0.0.1",
            "port": str(self.port),
            "unix_socket_directories": "",
            **settings,
        }
        with (self._data / "postgresql.conf").open("a") as conf:
            conf.writelines(f"{name} = '{value}'\n" for name, value in own.items())

    def _as_account(self) -> list[str]:
        """Changing the account drops the parent-death signal, so it is set once more."""
        if not self._account:
            return []
        ids = ["--reuid", str(self._account.pw_uid), "--regid", str(self._account.pw_gid)]
        return ["setpriv", *ids, "--clear-groups", "--pdeathsig", "KILL", "--"]

    def _accepts(self) -> bool:
        try:
            with psycopg.connect(self.conninfo("postgres"), autocommit=True) as connection:
                known = connection.execute(
                    "SELECT 1 FROM pg_database WHERE datname = %s", (DATABASE,)
                )
                if not known.fetchone():
                    connection.execute(f"CREATE DATABASE {DATABASE}")
                return True
        except psycopg.OperationalError:
            return False


def _newest_programs() -> Path:
    """The folder of `initdb` and `postgres`; Debian keeps it off the path."""
    versions = [path for path in INSTALLED.glob("*/bin/initdb") if path.parts[-3].isdigit()]
    versions = [path for path in versions if int(path.parts[-3]) >= OLDEST_VERSION]
    if versions:
        return max(versions, key=lambda path: int(path.parts[-3])).parent
    on_path = shutil.which("initdb")
    if on_path is None:
        raise ProgramError("PostgreSQL 15 or newer is not installed; run scripts/install")
    return Path(on_path).resolve().parent


def _unprivileged() -> pwd.struct_passwd:
    names = {account.pw_name: account for account in pwd.getpwall()}
    return names.get("postgres") or names["nobody"]


def _hand_over(folder: Path, account: pwd.struct_passwd) -> None:
    os.chown(folder, account.pw_uid, account.pw_gid)
    temporary = Path(tempfile.gettempdir()).resolve()
    for parent in folder.resolve().parents:
        if temporary in parent.parents:
            parent.chmod(parent.stat().st_mode | 0o001)


def _children(pid: int) -> list[int]:
    tasks = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(child) for child in tasks.split()]


def _signal(pid: int, number: signal.Signals) -> None:
    """A backend may already be gone with its server."""
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return
