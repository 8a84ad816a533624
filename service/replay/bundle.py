"""A bundle: events as the log has them, byte for byte, in one file that proves itself.

It is a zip of `events.jsonl` (an event a line, with salt and digest), `schemas.json` (what the data
of each type must look like) and `manifest.json` (what is in it, with the SHA-256 of both).
"""

import hashlib
import json
import zipfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from importlib.metadata import version as version_of
from pathlib import Path
from typing import IO, Any, Final
from uuid import UUID

import msgspec
from msgspec import Raw, Struct

from eventlog.digests import digest
from eventlog.rows import recorded
from schema.envelope import RecordedEvent
from schema.errors import Broken, Invalid
from schema.events import EVENT_TYPES

FORMAT: Final = "agent-runtime bundle 1"
EVENTS: Final = "events.jsonl"
SCHEMAS: Final = "schemas.json"
MANIFEST: Final = "manifest.json"
LONE_SURROGATE: Final = "\\ud"
"""As an escape; where it is half of a pair, the text does no harm."""
LINE_BYTES_MAX: Final = 8 << 20
"""Of one event: its data has 1 MiB at most, and what is around it is small."""
PART_BYTES: Final = 1 << 20
SMALL_BYTES_MAX: Final = 16 << 20
"""Of the manifest and the schemas."""


class Line(Struct, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """An event as it is stored; `data` and `metadata` are the very bytes that were digested."""

    partition: int
    position: int
    agent_id: str
    stream: str
    version: int
    event_id: UUID
    type: str
    schema_version: int
    recorded_at: datetime
    metadata: Raw
    data: Raw
    """`null` where it was erased, or stands in `data_text`."""
    data_text: str | None = None
    """The data as a text, where it holds what strict readers of JSON refuse: lone surrogates."""
    salt: str | None
    """Hexadecimal, as the digest."""
    digest: str

    @property
    def is_erased(self) -> bool:
        """Whether the data is gone, and with it what the digest could be compared with."""
        return self.salt is None

    @property
    def stored(self) -> str:
        """The data as it is stored."""
        return bytes(self.data).decode() if self.data_text is None else self.data_text

    def is_true(self) -> bool:
        """Whether the digest is that of what stands here."""
        if self.salt is None:
            return self.stored == "null"
        made = digest(
            salt=bytes.fromhex(self.salt),
            stream=self.stream,
            version=self.version,
            event_id=self.event_id,
            type=self.type,
            schema_version=self.schema_version,
            recorded_at=self.recorded_at,
            metadata=bytes(self.metadata).decode(),
            data=self.stored,
        )
        return made.hex() == self.digest

    def fact(self) -> RecordedEvent:
        """The event, lifted to today's shape; raises `UnknownEvent` as reading the log does."""
        data = None if self.is_erased else self.stored
        row = (
            *(self.position, self.agent_id, self.stream, self.version, self.event_id, self.type),
            *(self.schema_version, data, bytes(self.metadata).decode(), self.recorded_at),
        )
        return recorded(self.partition, row)


class Contained(Struct, frozen=True, kw_only=True):
    """A stream of a bundle."""

    stream: str
    agent_id: str
    first: int
    head: int
    """The version of its last event here."""
    epoch: int = 0
    """Of its lease."""


class File(Struct, frozen=True, kw_only=True):
    """A file of a bundle."""

    size_bytes: int
    sha256: str


class Manifest(Struct, frozen=True, kw_only=True):
    """What a bundle holds."""

    format: str
    made_by: str
    made_at: datetime
    scope: str
    """What was asked for: a session, an agent, or the whole log."""
    partitions: int
    """Of the log that it comes from."""
    events: int
    streams: tuple[Contained, ...]
    files: dict[str, File]


class Writer:
    """Writes a bundle, event by event, in constant memory but for the names of streams."""

    def __init__(self, file: zipfile.ZipFile, out: IO[bytes], scope: str, partitions: int) -> None:
        self._file = file
        self._out = out
        self._scope = scope
        self._partitions = partitions
        self._sha256 = hashlib.sha256()
        self._size_bytes = 0
        self.events = 0
        self.streams: dict[str, Contained] = {}
        self._types: set[str] = set()

    def add(self, row: Any) -> None:
        """The next event, as the database gives it."""
        line = _encoded(row) + b"\n"
        if b"\n" in line[:-1]:
            raise Broken(f"{row['stream']} version {row['version']} has a line break in its JSON")
        self._out.write(line)
        self._sha256.update(line)
        self._size_bytes += len(line)
        self.events += 1
        self._types.add(row["type"])
        there = self.streams.get(row["stream"])
        self.streams[row["stream"]] = Contained(
            stream=row["stream"],
            agent_id=row["agent_id"],
            first=row["version"] if there is None else there.first,
            head=row["version"],
        )

    def finish(self, made_at: datetime, epochs: dict[str, int]) -> Manifest:
        """Close the events; write their schemas and the manifest."""
        self._out.close()
        schemas = json.dumps(_schemas(self._types), indent=1, sort_keys=True).encode()
        self._file.writestr(SCHEMAS, schemas)
        manifest = Manifest(
            format=FORMAT,
            made_by=f"agent-runtime {version_of('agent-runtime')}",
            made_at=made_at,
            scope=self._scope,
            partitions=self._partitions,
            events=self.events,
            streams=tuple(
                msgspec.structs.replace(one, epoch=epochs.get(one.stream, 0))
                for one in self.streams.values()
            ),
            files={
                EVENTS: File(size_bytes=self._size_bytes, sha256=self._sha256.hexdigest()),
                SCHEMAS: File(size_bytes=len(schemas), sha256=hashlib.sha256(schemas).hexdigest()),
            },
        )
        self._file.writestr(MANIFEST, msgspec.json.format(msgspec.json.encode(manifest), indent=1))
        return manifest


@contextmanager
def writing(path: Path, scope: str, partitions: int) -> Iterator[Writer]:
    """A new bundle at *path*, where nothing may be yet; taken away where it was not finished."""
    try:
        file = zipfile.ZipFile(path, "x", compression=zipfile.ZIP_DEFLATED)
    except OSError as error:
        raise Invalid("FILE", f"{path} can't be written: {error.strerror or error}") from None
    try:
        with file, closing(file.open(EVENTS, "w", force_zip64=True)) as events:
            yield Writer(file, events, scope, partitions)
    except BaseException:
        path.unlink(missing_ok=True)
        raise


class Bundle:
    """A bundle that was opened; its files are what its manifest says that they are."""

    def __init__(self, file: zipfile.ZipFile, manifest: Manifest) -> None:
        self._file = file
        self.manifest = manifest

    def lines(self) -> Iterator[Line]:
        """Every event, in the order in which they stand there."""
        with self._opened() as events:
            while text := events.readline(LINE_BYTES_MAX + 1):
                if len(text) > LINE_BYTES_MAX:
                    raise Invalid("bundle", f"a line has more than {LINE_BYTES_MAX} bytes")
                yield _decoded(text)

    def _opened(self) -> IO[bytes]:
        return self._file.open(EVENTS)


@contextmanager
def opened(path: Path) -> Iterator[Bundle]:
    """The bundle at *path*; `Invalid` where it is none, or holds else than its manifest says."""
    try:
        with zipfile.ZipFile(path) as file:
            manifest = _manifest(file)
            for name, told in manifest.files.items():
                _see_true(file, name, told)
            yield Bundle(file, manifest)
    except (zipfile.BadZipFile, zipfile.LargeZipFile, KeyError, OSError) as error:
        raise Invalid("bundle", f"{path} can't be read as a bundle: {error}") from None


def _manifest(file: zipfile.ZipFile) -> Manifest:
    if file.getinfo(MANIFEST).file_size > SMALL_BYTES_MAX:
        raise Invalid("bundle", f"its manifest has more than {SMALL_BYTES_MAX} bytes")
    try:
        manifest = msgspec.json.decode(file.read(MANIFEST), type=Manifest)
    except msgspec.DecodeError as error:
        raise Invalid("bundle", f"its manifest is none: {error}") from None
    if manifest.format != FORMAT:
        raise Invalid("bundle", f"it is {manifest.format!r}, this program reads {FORMAT!r}")
    if EVENTS not in manifest.files:
        raise Invalid("bundle", f"its manifest names no {EVENTS}")
    return manifest


def _see_true(file: zipfile.ZipFile, name: str, told: File) -> None:
    """See that the file *name* has the bytes that the manifest tells of."""
    sha256, size_bytes = hashlib.sha256(), 0
    with file.open(name) as part:
        while size_bytes <= told.size_bytes and (some := part.read(PART_BYTES)):
            sha256.update(some)
            size_bytes += len(some)
    if size_bytes != told.size_bytes or sha256.hexdigest() != told.sha256:
        raise Invalid("bundle", f"{name} is not what the manifest says that it is: it was changed")


def _encoded(row: Any) -> bytes:
    salt, data = row["salt"], "null" if row["data"] is None else row["data"]
    is_odd = LONE_SURROGATE in data.lower()
    line = Line(
        **{name: row[name] for name in _AS_THEY_ARE},
        metadata=Raw(row["metadata"].encode()),
        data=Raw(b"null" if is_odd else data.encode()),
        data_text=data if is_odd else None,
        salt=None if salt is None else bytes(salt).hex(),
        digest=bytes(row["digest"]).hex(),
    )
    return msgspec.json.encode(line)


_AS_THEY_ARE: Final = (
    *("partition", "position", "agent_id", "stream", "version", "event_id", "type"),
    *("schema_version", "recorded_at"),
)

_decode: Final = msgspec.json.Decoder(Line).decode


def _decoded(text: bytes) -> Line:
    try:
        return _decode(text)
    except msgspec.DecodeError as error:
        raise Invalid("bundle", f"{EVENTS} holds a line that is no event: {error}") from None


def _schemas(types: set[str]) -> dict[str, Any]:
    """JSON Schemas of the data of *types*, as this program writes them today."""
    known = [EVENT_TYPES[name] for name in sorted(types & EVENT_TYPES.keys())]
    schemas, shapes = msgspec.json.schema_components(known, ref_template="#/$defs/{name}")
    told = {
        event.type: {"schema_version": event.schema_version, "data": schema}
        for event, schema in zip(known, schemas, strict=True)
    }
    return {"events": told, "$defs": shapes}
