"""Locks on files, which the kernel frees when their holder dies, however it dies."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from schema.errors import DatabaseUnavailable

LOCK_POLL_S: Final = 0.02


@contextmanager
def opened(path: Path) -> Iterator[int]:
    """A descriptor of the lock file *path*, made if missing; closing it frees its lock."""
    # Readable by all: whoever may enter the folder may take part, also after a run as root.
    descriptor = os.open(path, os.O_RDONLY | os.O_CREAT, 0o644)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def locked(path: Path, timeout_s: float) -> Iterator[None]:
    """Hold *path* alone; `DatabaseUnavailable` when others keep it for *timeout_s*."""
    deadline = time.monotonic() + timeout_s
    with opened(path) as descriptor:
        while not took_alone(descriptor):
            if time.monotonic() > deadline:
                raise DatabaseUnavailable(
                    f"another process has been starting or stopping the server for {timeout_s:g} s"
                )
            time.sleep(LOCK_POLL_S)
        yield


def took_alone(descriptor: int) -> bool:
    """Whether the lock could be had at once with nobody else holding it."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def take_shared(descriptor: int) -> None:
    """Hold the lock beside others that share it; only where nobody can be holding it alone."""
    fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)


def release(descriptor: int) -> None:
    """Let the lock go; holding none is fine."""
    fcntl.flock(descriptor, fcntl.LOCK_UN)
