"""`agent-runtime keys`: who may call the API, and what they may do."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from rich.text import Text

from schema.messages.base import Message, Moment
from schema.messages.checked import checked
from service.cli.console import clock, out, plain
from service.cli.exits import Exit
from service.cli.output import print_json, print_note, print_text
from service.cli.table import Column, print_table
from service.config import Settings
from service.keys import Key, create_key, list_keys, revoke_key
from service.store import open_store

COLUMNS: Final = (
    Column("key"),
    Column("name", width_max=30),
    Column("scopes", width_max=40),
    Column("agents", width_max=30),
    Column("until"),
)


class _Until(Message):
    """When a key expires."""

    expires: Moment | None = None


async def make_key(
    settings: Settings,
    *,
    name: str,
    scopes: Sequence[str],
    agents: Sequence[str],
    expires: str | None,
    as_json: bool,
) -> Exit:
    """A new key; the only time that it is shown whole."""
    expires_at = checked(_Until, {"expires": expires}).expires
    async with open_store(settings) as log:
        key, text = await create_key(
            log.database, name=name, scopes=scopes, agents=agents, expires_at=expires_at
        )
    if as_json:
        print_json({**_key(key), "key": text})
        return Exit.DONE
    print_text(text)
    print_note(f"Key {key.id} ({name}): keep it now, it is shown this once and kept nowhere.")
    return Exit.DONE


async def show_keys(settings: Settings, *, as_json: bool) -> Exit:
    """Every key, the newest first; the keys themselves nobody has."""
    async with open_store(settings) as log:
        keys = await list_keys(log.database)
    if as_json:
        for key in keys:
            print_json(_key(key))
    elif keys:
        print_table(out(), COLUMNS, [_cells(key) for key in keys])
    else:
        print_note("There is no key. Try: agent-runtime keys create me --scope admin")
    return Exit.DONE


async def end_key(settings: Settings, *, key_id: str, as_json: bool) -> Exit:
    """Nobody gets in by this key any more."""
    async with open_store(settings) as log:
        key = await revoke_key(log.database, key_id)
    if as_json:
        print_json(_key(key))
    else:
        print_note(f"Key {key.id} ({key.name}) is revoked; services notice within a second.")
    return Exit.DONE


def _key(key: Key) -> dict[str, object]:
    return {
        "id": key.id,
        "name": key.name,
        "scopes": list(key.scopes),
        "agents": None if key.agents is None else list(key.agents),
        "created_at": key.created_at,
        "expires_at": key.expires_at,
        "revoked_at": key.revoked_at,
    }


def _cells(key: Key) -> Sequence[Text]:
    agents = "all" if key.agents is None else ", ".join(key.agents)
    return [
        *(plain(text) for text in (key.id, key.name, ", ".join(key.scopes), agents)),
        plain(_until(key.revoked_at, key.expires_at)),
    ]


def _until(revoked_at: datetime | None, expires_at: datetime | None) -> str:
    if revoked_at is not None:
        return f"revoked {clock(revoked_at)}"
    return "–" if expires_at is None else clock(expires_at)
