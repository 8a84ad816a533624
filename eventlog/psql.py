"""How to hand a database to `psql`."""

import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from eventlog.database import Database
from eventlog.embedded.binaries import binaries
from schema.errors import NotReady

LOOK_ONLY: Final = "-c default_transaction_read_only=on"


@dataclass(frozen=True)
class PsqlCommand:
    """What to execute; the password, if there is one, stands in the environment only."""

    argv: Sequence[str]
    environment: Mapping[str, str] = field(repr=False)


def psql_command(database: Database, arguments: Sequence[str]) -> PsqlCommand:
    """`psql` as the owner of *database*, for looking: a session that writes must say so itself."""
    environment = {
        **os.environ,
        **database.address.psql_environment,
        "PGAPPNAME": "agent-runtime psql",
        "PGOPTIONS": LOOK_ONLY,
    }
    argv = [_program(database), *database.address.psql_arguments, *arguments]
    return PsqlCommand(argv, environment)


def _program(database: Database) -> str:
    """Our own server's `psql`; for another server the machine's own, if it has one."""
    installed = None if database.embedded else shutil.which("psql")
    if installed is not None:
        return installed
    program = binaries() / "psql"
    if not program.exists():
        raise NotReady("there is no `psql` on this machine: install PostgreSQL's client programs")
    return str(program)
