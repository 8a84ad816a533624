"""`agent-runtime export` and `import`: events in one file that proves itself."""

import hashlib
from contextlib import nullcontext
from pathlib import Path
from typing import Final

from service.audit.importing import import_bundle
from service.cli.console import counted, err
from service.cli.exits import Exit
from service.cli.output import print_json, print_note, print_text
from service.config import Settings
from service.replay import bundle
from service.replay.bundle import Manifest
from service.replay.exporting import export_agent, export_all, export_session
from service.sessions import find_session
from service.store import open_store

PART_BYTES: Final = 1 << 20


async def export_bundle(
    settings: Settings, *, session: str | None, agent: str | None, path: Path, as_json: bool
) -> Exit:
    """A session, all of an agent's, or the whole log; told with the file's own SHA-256."""
    async with open_store(settings) as log:
        if session is not None:
            manifest = await export_session(log, await find_session(log, session), path)
        elif agent is not None:
            manifest = await export_agent(log, agent, path)
        else:
            manifest = await export_all(log, path)
    _tell(manifest, path, as_json=as_json)
    return Exit.DONE


async def import_file(settings: Settings, *, path: Path, as_json: bool) -> Exit:
    """Everything in the bundle, into a log that is empty."""
    console = err()
    with bundle.opened(path) as opened:
        async with open_store(settings) as log:
            waiting = console.status("Importing …") if console.is_terminal else nullcontext()
            with waiting:
                done = await import_bundle(log.database, log.partitions, opened)
    if as_json:
        print_json(done)
    else:
        print_text(f"{counted(done.events, 'event')} in {counted(done.streams, 'stream')}")
        print_note("Vectors are not in a bundle: `agent-runtime memory AGENT reembed` makes them.")
    return Exit.DONE


def _tell(manifest: Manifest, path: Path, *, as_json: bool) -> None:
    sha256 = _sha256(path)
    if as_json:
        print_json(
            {
                "file": str(path),
                "sha256": sha256,
                "scope": manifest.scope,
                "events": manifest.events,
                "streams": len(manifest.streams),
            }
        )
        return
    held = f"{counted(manifest.events, 'event')} in {counted(len(manifest.streams), 'stream')}"
    print_text(f"{path}: {manifest.scope}, {held}")
    print_text(f"sha256 {sha256}")


def _sha256(path: Path) -> str:
    """Of the whole file: who keeps it elsewhere can prove that the file is the same."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while part := file.read(PART_BYTES):
            digest.update(part)
    return digest.hexdigest()
