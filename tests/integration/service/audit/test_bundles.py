"""Bundles: what was taken away proves itself, is replayed without a log, and comes back whole."""

import hashlib
import json
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from eventlog.bell import BellSettings
from eventlog.database import Database
from eventlog.log import EventLog, open_log
from schema.errors import Invalid, Refused
from schema.messages.forks import ForkSession
from service.audit.forking import fork_session
from service.audit.importing import import_bundle
from service.replay import bundle
from service.replay.bundled import found_session, past_of
from service.replay.exporting import export_agent, export_all, export_session
from service.replay.past import Past, read_past, verified
from tests.auditing import Script, answers, calls, finish, runtime_of, session

EVERY = """
    select agent_id, stream, version, event_id, type, schema_version, data::text, metadata::text,
      salt, digest, recorded_at
    from eventlog.events order by stream, version"""


class Lived:
    """A log in which ada has lived a little."""

    def __init__(self, database: Database, log: EventLog, last: Any) -> None:
        self.database, self.log, self.last = database, log, last


@pytest.fixture
async def lived(database: Database) -> AsyncIterator[Lived]:
    says = [
        calls("remember", '{"content": "Ana\\u0000 likes \\ud800 tea."}'),
        calls("relate", '{"from": "Ana", "kind": "likes", "to": "tea"}'),
        answers("tea"),
        answers("more tea"),
    ]
    async with runtime_of(database, x=Script(says)) as runtime:
        first = await session(runtime)
        lease = await fork_session(runtime, first, ForkSession(at=8), actor="test")
        await finish(runtime, lease)
        yield Lived(database, runtime.log, lease.session_id)


async def test_a_session_and_what_it_shares_verify_out_of_a_bundle(lived: Lived, tmp_path: Path):
    manifest = await export_session(lived.log, lived.last, tmp_path / "s")

    with bundle.opened(tmp_path / "s") as opened:
        past = past_of(opened, found_session(opened, "last"))
    assert isinstance(past, Past)
    report = verified(past, len(past.facts))
    there = await read_past(lived.log, lived.last)
    assert isinstance(there, Past)
    assert (len(manifest.streams), report.difference) == (2, None)
    assert list(past.facts) == list(there.facts)


async def test_what_is_imported_is_what_was_exported(
    lived: Lived, postgres: Any, partitions: int, tmp_path: Path
):
    manifest = await export_all(lived.log, tmp_path / "all")

    async with postgres.database(5 - partitions) as other:
        with bundle.opened(tmp_path / "all") as opened:
            done = await import_bundle(other, 5 - partitions, opened)
        async with open_log(other, BellSettings(notify=False, poll_s=1.0)) as log:
            past = await read_past(log, lived.last)
            assert isinstance(past, Past)
            assert verified(past, len(past.facts)).difference is None
            assert log.epoch == lived.log.epoch + 1
        assert (done.events, done.streams) == (manifest.events, len(manifest.streams))
        assert await rows(other) == await rows(lived.database)
        with bundle.opened(tmp_path / "all") as opened, pytest.raises(Refused, match="empty one"):
            await import_bundle(other, 5 - partitions, opened)


async def test_what_was_changed_in_a_bundle_is_refused_or_found(
    lived: Lived, postgres: Any, tmp_path: Path
):
    await export_agent(lived.log, "ada", tmp_path / "a")
    changed, proved = tmp_path / "changed", tmp_path / "proved"

    copy(tmp_path / "a", changed, with_manifest=False)
    copy(tmp_path / "a", proved, with_manifest=True)

    with pytest.raises(Invalid, match="not what the manifest says"), bundle.opened(changed):
        pass
    with bundle.opened(proved) as opened:
        past = past_of(opened, lived.last)
        assert isinstance(past, Past)
        difference = verified(past, len(past.facts)).difference
        async with postgres.database(1) as other:
            with pytest.raises(Invalid, match="not what its digest says"):
                await import_bundle(other, 1, opened)
            assert await rows(other) == []
    assert difference is not None
    assert difference.kind == "data"


def copy(source: Path, target: Path, *, with_manifest: bool) -> None:
    """*source* with other words in an answer; the manifest told of it, or not."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
        lines = old.read(bundle.EVENTS).replace(b"more tea", b"less tea")
        manifest = json.loads(old.read(bundle.MANIFEST))
        if with_manifest:
            manifest["files"][bundle.EVENTS]["sha256"] = hashlib.sha256(lines).hexdigest()
        new.writestr(bundle.EVENTS, lines)
        new.writestr(bundle.SCHEMAS, old.read(bundle.SCHEMAS))
        new.writestr(bundle.MANIFEST, json.dumps(manifest))


async def rows(database: Database) -> list[tuple[object, ...]]:
    async with database.acquire() as conn:
        return [tuple(row) for row in await conn.fetch(EVERY)]


@pytest.mark.parametrize("content", [b"", b"no zip at all", b"PK\x05\x06" + b"\0" * 18])
def test_what_is_no_bundle_is_refused(tmp_path: Path, content: bytes):
    (tmp_path / "x").write_bytes(content)

    with pytest.raises(Invalid, match="bundle"), bundle.opened(tmp_path / "x"):
        pass
