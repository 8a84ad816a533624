"""How PostgreSQL's own programs are run."""

import os
import subprocess
from collections.abc import Sequence
from typing import Final

from eventlog.embedded.account import Account
from eventlog.embedded.binaries import binaries
from schema.errors import DatabaseUnavailable

PROGRAM_TIMEOUT_S: Final = 120.0


def run_program(
    name: str,
    *arguments: str,
    as_user: Account,
    timeout_s: float = PROGRAM_TIMEOUT_S,
    keep_open: Sequence[int] = (),
) -> None:
    """Run one of PostgreSQL's programs to its end; `DatabaseUnavailable` with what it said."""
    try:
        done = subprocess.run(  # noqa: S603
            [str(binaries() / name), *arguments],
            stdin=subprocess.DEVNULL,
            # A pipe would stay open in the server that pg_ctl leaves behind; it logs to a file.
            stdout=subprocess.DEVNULL if keep_open else subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            check=False,
            timeout=timeout_s,
            env=clean_environment(),
            cwd="/",
            pass_fds=keep_open,
            **as_user.process_options(),
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise DatabaseUnavailable(f"{name} could not be run: {error}") from error
    if done.returncode != 0:
        raise DatabaseUnavailable(f"{name} failed: {(done.stdout or '').strip()[-2000:]}")


def clean_environment() -> dict[str, str]:
    """Our environment without what PostgreSQL's programs would obey behind our back."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PG")}
