"""The files of our own server: where they are, how they come to be, what a crash left of them."""

import hashlib
import os
import shutil
import stat
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from eventlog.embedded.account import Account
from eventlog.embedded.programs import run_program
from schema.errors import NotReady

PORT: Final = 5432
"""No port is opened; the number is part of the socket's name."""

SOCKET_PATH_MAX: Final = 103
"""Bytes that every system allows in a socket's path (macOS 103, Linux 107)."""

OWNER: Final = "postgres"

SETTINGS: Final[Mapping[str, str]] = {
    "max_connections": "200",
    "shared_buffers": "128MB",
    "huge_pages": "off",
    "wal_buffers": "16MB",
    "min_wal_size": "256MB",
    "max_wal_size": "2GB",
    "checkpoint_timeout": "15min",
    "autovacuum_naptime": "20s",
    "autovacuum_vacuum_insert_scale_factor": "0.05",
    "autovacuum_analyze_scale_factor": "0.02",
    "log_line_prefix": "%m [%p] ",
    "timezone": "UTC",
    "log_timezone": "UTC",
}
"""Written into `postgresql.conf` when the files are made; from then on that file is its owner's."""

NOBODY_PID: Final = 2**31 - 1
"""A process number that no system gives out."""

_INITDB: Final = (
    f"--username={OWNER}",
    "--auth=trust",  # The socket's folder is closed to other users; there is no port.
    "--encoding=UTF8",
    "--locale=C",
    "--locale-provider=builtin",  # Its order never changes with the operating system's.
    "--builtin-locale=C.UTF-8",
    "--no-instructions",
)


@dataclass(frozen=True)
class Cluster:
    """One server's files, all in one folder."""

    folder: Path
    account: Account

    @property
    def data(self) -> Path:
        """PostgreSQL's data directory."""
        return self.folder / "data"

    @property
    def log(self) -> Path:
        """What the server has to say."""
        return self.folder / "server.log"

    @property
    def pidfile(self) -> Path:
        """Which process runs on these files, in PostgreSQL's own words."""
        return self.data / "postmaster.pid"

    def create(self, settings: Mapping[str, str]) -> None:
        """Make the data directory if there is none; a half-made one is made anew."""
        if self.data.exists():
            return
        unfinished = self.folder / "data.unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        chosen = [f"--set={name}={value}" for name, value in {**SETTINGS, **settings}.items()]
        hurry = ["--no-sync"] if settings.get("fsync") == "off" else []
        run_program(
            "initdb", *_INITDB, *hurry, *chosen, f"--pgdata={unfinished}", as_user=self.account
        )
        unfinished.rename(self.data)

    def socket_folder(self) -> Path:
        """A folder, closed to others, in which the server's socket has a name short enough."""
        folder = self.folder / "socket"
        if len(os.fsencode(folder / f".s.PGSQL.{PORT}")) > SOCKET_PATH_MAX:
            digest = hashlib.sha256(os.fsencode(self.folder)).hexdigest()[:16]
            folder = Path(tempfile.gettempdir()) / f"agent-runtime-{digest}"
        try:
            folder.mkdir(mode=0o700)
        except FileExistsError:
            self._refuse_strangers(folder)  # Before we touch it: the name can be guessed.
        else:
            self.account.own(folder)
        return folder

    def running_socket_folder(self) -> Path | None:
        """Where the server that wrote the pid file listens, if one did."""
        lines = self._pidfile_lines()
        return Path(lines[4]) if len(lines) > 4 and lines[4] else None  # noqa: PLR2004

    def running_pid(self) -> int | None:
        """The number of the process that wrote the pid file; it may have died since."""
        lines = self._pidfile_lines()
        return int(lines[0]) if lines else None

    def forget_dead_server(self) -> None:
        """Make a pid file that a crash left harmless; call only when its server is surely gone.

        PostgreSQL would take any living process with that number for its own server. The rest of
        the file stays: by it PostgreSQL finds out whether old shared memory is still in use.
        """
        lines = self._pidfile_lines()
        if lines:
            self.pidfile.write_text("\n".join([str(NOBODY_PID), *lines[1:]]) + "\n")
        elif self.pidfile.exists():  # Cut short by a full disk or a power cut: it says nothing.
            self.pidfile.unlink()
        if (folder := self.running_socket_folder()) is not None:
            for name in (f".s.PGSQL.{PORT}", f".s.PGSQL.{PORT}.lock"):
                (folder / name).unlink(missing_ok=True)

    def _pidfile_lines(self) -> list[str]:
        try:
            return self.pidfile.read_text().splitlines()
        except FileNotFoundError:
            return []

    def _refuse_strangers(self, folder: Path) -> None:
        status = folder.lstat()
        owner = self.data.stat().st_uid
        if not stat.S_ISDIR(status.st_mode) or status.st_uid != owner or status.st_mode & 0o077:
            raise NotReady(
                f"{folder} belongs to somebody else or is open to others: remove it, or set "
                "AGENT_RUNTIME_HOME to a folder with a shorter path"
            )
