"""Our own server: started by its first user, joined by the next, stopped when the last one leaves.

Three locks on files say what is true; the kernel frees them when a process dies:
`start.lock` is held alone while somebody starts or stops the server; `users.lock` is shared by
every process that uses it; `server.lock` is inherited by the server's own processes, so whoever
gets it knows that none of them is left, whatever a pid file says.
"""

import os
import shlex
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import structlog

from eventlog.embedded.account import account_for
from eventlog.embedded.binaries import binaries
from eventlog.embedded.cluster import OWNER, PORT, Cluster
from eventlog.embedded.locks import LOCK_POLL_S, locked, opened, release, take_shared, took_alone
from eventlog.embedded.programs import clean_environment, run_program
from schema.errors import DatabaseUnavailable

START_TIMEOUT_S: Final = 60.0
STOP_TIMEOUT_S: Final = 60.0
LOCK_TIMEOUT_S: Final = 90.0
POLL_S: Final = 0.05
LOG_BYTES_MAX: Final = 16 * 1024 * 1024
LOG_LINES_SHOWN: Final = 15

ACCEPTING: Final = 0
REJECTING: Final = 1

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class EmbeddedServer:
    """Where a running server of our own is reached."""

    socket_folder: Path
    port: int = PORT
    owner: str = OWNER


@contextmanager
def running_server(
    home: Path, settings: Mapping[str, str] | None = None
) -> Iterator[EmbeddedServer]:
    """A server on the files under *home*, as long as this block lasts and others use it.

    *settings* are added to `postgresql.conf` when the files are made. Raises
    `DatabaseUnavailable` with the end of the server's log when it cannot start.
    """
    cluster = _cluster(home.expanduser().resolve())
    with opened(cluster.folder / "users.lock") as users:
        with locked(cluster.folder / "start.lock", LOCK_TIMEOUT_S):
            take_shared(users)
            server = _ensure_running(cluster, settings or {})
        try:
            yield server
        finally:
            with locked(cluster.folder / "start.lock", LOCK_TIMEOUT_S):
                _leave(cluster, users)


def _cluster(home: Path) -> Cluster:
    folder = home / "postgres"
    account = account_for(folder / "data")
    folder.mkdir(parents=True, exist_ok=True)
    account.own(folder)
    account.reach(binaries() / "postgres")
    return Cluster(folder, account)


def _ensure_running(cluster: Cluster, settings: Mapping[str, str]) -> EmbeddedServer:
    """Join the server if it runs, start it if nothing of it is left, wait if neither is sure."""
    cluster.create(settings)
    deadline = time.monotonic() + START_TIMEOUT_S
    with opened(cluster.folder / "server.lock") as alive:
        while (answer := _answer(cluster)) != ACCEPTING:
            if answer is None and took_alone(alive):
                cluster.forget_dead_server()
                return _start(cluster, alive)
            if time.monotonic() > deadline:
                raise DatabaseUnavailable(
                    "the embedded PostgreSQL runs but takes no connections; the end of "
                    f"{cluster.log}:\n{_tail(cluster.log)}"
                )
            time.sleep(POLL_S)
    socket_folder = cluster.running_socket_folder()
    if socket_folder is None:
        raise DatabaseUnavailable("somebody else stopped the embedded PostgreSQL just now")
    return EmbeddedServer(socket_folder)


def _start(cluster: Cluster, alive: int) -> EmbeddedServer:
    started = time.monotonic()
    cluster.account.reach(cluster.data)
    socket_folder = cluster.socket_folder()
    _keep_log_short(cluster.log)
    options = [
        "-clisten_addresses=",
        f'-cunix_socket_directories="{socket_folder}"',
        "-cunix_socket_permissions=0700",
        f"-cport={PORT}",
    ]
    try:
        run_program(
            "pg_ctl", "start", "--wait", "--silent", f"--timeout={START_TIMEOUT_S:.0f}",
            f"--pgdata={cluster.data}", f"--log={cluster.log}", f"--options={shlex.join(options)}",
            as_user=cluster.account, keep_open=(alive,),
        )  # fmt: skip
    except DatabaseUnavailable as error:
        raise DatabaseUnavailable(
            "the embedded PostgreSQL did not start; the end of "
            f"{cluster.log}:\n{_tail(cluster.log)}"
        ) from error
    log.info("postgres.started", took_ms=round((time.monotonic() - started) * 1000))
    return EmbeddedServer(socket_folder)


def _leave(cluster: Cluster, users: int) -> None:
    try:
        if took_alone(users):
            _stop(cluster)
    finally:
        release(users)  # While the start lock is held: who comes next must get its share at once.


def _stop(cluster: Cluster) -> None:
    """Stop the server, and wait until none of its processes is left."""
    pid = cluster.running_pid()
    if pid is None or _answer(cluster) not in (ACCEPTING, REJECTING):
        return  # A stale pid file may name anybody's process.
    os.kill(pid, signal.SIGINT)  # PostgreSQL's "fast": transactions are rolled back, files closed.
    deadline = time.monotonic() + STOP_TIMEOUT_S
    with opened(cluster.folder / "server.lock") as alive:
        while not took_alone(alive):
            if time.monotonic() > deadline:
                raise DatabaseUnavailable(f"the embedded PostgreSQL ({pid}) does not stop")
            time.sleep(LOCK_POLL_S)
    log.info("postgres.stopped")


def _answer(cluster: Cluster) -> int | None:
    """What the server says at its socket (`ACCEPTING`, `REJECTING`); None if nobody is there."""
    folder = cluster.running_socket_folder()
    if folder is None:
        return None
    asked = subprocess.run(  # noqa: S603
        [str(binaries() / "pg_isready"), "-q", "-h", str(folder), "-p", str(PORT), "-t", "3"],
        check=False,
        timeout=START_TIMEOUT_S,
        env=clean_environment(),
    )
    return asked.returncode if asked.returncode in (ACCEPTING, REJECTING) else None


def _keep_log_short(path: Path) -> None:
    if path.exists() and path.stat().st_size > LOG_BYTES_MAX:
        path.rename(path.with_name(path.name + ".1"))


def _tail(path: Path) -> str:
    if not path.exists():
        return "(no log was written)"
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - 100 * 1024))
        lines = file.read().decode(errors="replace").splitlines()
    return "\n".join(lines[-LOG_LINES_SHOWN:])
