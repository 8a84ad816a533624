"""As which user of this machine the server runs: PostgreSQL refuses to run as root."""

import os
import pwd
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import structlog

from schema.errors import NotReady

SERVER_USER: Final = "pgserver"
SEARCHABLE: Final = 0o001
COMMAND_TIMEOUT_S: Final = 30.0

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Account:
    """The server's user; *name* is None where it is the user of this very process."""

    name: str | None

    def process_options(self) -> dict[str, Any]:
        """What `subprocess` needs to start a program as this user."""
        if self.name is None:
            return {}
        user = pwd.getpwnam(self.name)
        return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}

    def own(self, folder: Path) -> None:
        """Hand *folder* to this user, and see that it can be reached."""
        if self.name is None:
            return
        user = pwd.getpwnam(self.name)
        os.chown(folder, user.pw_uid, user.pw_gid)
        self.reach(folder)

    def reach(self, path: Path) -> None:
        """Let this user pass through every folder above *path*; pass, not list."""
        if self.name is None:
            return
        uid = pwd.getpwnam(self.name).pw_uid
        for folder in path.resolve().parents:
            status = folder.stat()
            if status.st_uid != uid and not status.st_mode & SEARCHABLE:
                folder.chmod(status.st_mode & 0o7777 | SEARCHABLE)
                log.warning("postgres.folder_made_searchable", folder=str(folder))


def account_for(data: Path) -> Account:
    """The owner of an existing *data* folder, else the user that a new server would get."""
    if os.geteuid() != 0:
        return Account(None)
    owner = data.stat().st_uid if data.exists() else 0
    if owner != 0:
        return Account(pwd.getpwuid(owner).pw_name)
    return Account(_server_user())


def _server_user() -> str:
    try:
        pwd.getpwnam(SERVER_USER)
    except KeyError:
        _create_server_user()
    return SERVER_USER


def _create_server_user() -> None:
    command = ["useradd", "--system", "--no-create-home", "--user-group", SERVER_USER]
    try:
        subprocess.run(command, check=True, capture_output=True, timeout=COMMAND_TIMEOUT_S)  # noqa: S603
    except (OSError, subprocess.SubprocessError) as error:
        raise NotReady(
            "PostgreSQL does not run as root, and no user could be made for it "
            f"({' '.join(command)}): run as another user, or create {SERVER_USER!r} yourself"
        ) from error
    log.info("postgres.user_created", user=SERVER_USER)
