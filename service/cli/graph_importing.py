"""`agent-runtime graph AGENT import FILE`: entities and relationships, one JSON object a line."""

import re
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any, BinaryIO, Final, NamedTuple, TypeAlias

from msgspec import Struct

from schema import json_text
from schema.errors import Invalid, NotFound
from schema.ids import checked_agent_id
from schema.messages.checked import checked
from schema.messages.graph import PutEntity, PutRelationship
from service.cli.catching_up import bars
from service.cli.console import counted
from service.cli.exits import Exit
from service.cli.graph_writing import CLI
from service.cli.output import print_json, print_note
from service.config import Settings
from service.graph.graphs import Graphs
from service.graph.puts import PUTS_MAX, in_appends
from service.memories import open_memories

BATCH_SIZE: Final = PUTS_MAX
"""Lines in one append, or fewer where they are long: all of them, or none."""
LINE_BYTES_MAX: Final = 1_048_576
REFUSED: Final = re.compile(r"puts\.([0-9]+): (.*)", re.DOTALL)
"""How a refusal names which one of a batch it is about."""

Put: TypeAlias = PutEntity | PutRelationship


class Line(NamedTuple):
    """What a line of the file says."""

    number: int
    put: Put


class Imported(Struct, kw_only=True):
    """What an import has come to."""

    lines: int
    since: int
    """The version that the graph had before."""
    version: int
    """The one that it has by it."""


async def import_graph(settings: Settings, *, agent_id: str, file: Path, as_json: bool) -> Exit:
    """Put what *file* says, `-` being standard input; what is there alike is passed by.

    So an import that was refused at a line can be run again once that line is mended.
    """
    checked_agent_id(agent_id)
    async with open_memories(settings) as opened:
        since = (await opened.graphs.mind(agent_id).near([])).version
        imported = Imported(lines=0, since=since, version=since)
        with _reading(file) as (source, advance):
            for batch in batches_of(lines_of(source)):
                imported.version = await _append(opened.graphs, agent_id, batch)
                imported.lines += len(batch)
                advance()
    if as_json:
        print_json(imported)
    else:
        _tell(agent_id, imported)
    return Exit.DONE


def _tell(agent_id: str, imported: Imported) -> None:
    if imported.version == imported.since:
        what = f"is as they say already, at version {imported.version}"
    else:
        what = f"has gone from version {imported.since} to {imported.version}"
    print_note(f"{counted(imported.lines, 'line')}: the graph of {agent_id} {what}.")


async def _append(graphs: Graphs, agent_id: str, batch: Sequence[Line]) -> int:
    """All of *batch* or nothing; the version of the graph that holds it."""
    try:
        return (await graphs.put_all(agent_id, [line.put for line in batch], CLI)).version
    except NotFound as error:
        named = REFUSED.fullmatch(str(error))
        if named is None:
            raise
        place, detail = named.groups()
        raise NotFound(f"line {batch[int(place)].number}: {detail}") from None


def batches_of(lines: Iterator[Line]) -> Iterator[list[Line]]:
    """All of them in their order, so many at a time as one append takes."""
    return in_appends(lines, lambda line: line.put.as_event())


def lines_of(source: BinaryIO) -> Iterator[Line]:
    """Every line that says something."""
    number = 0
    while line := source.readline(LINE_BYTES_MAX + 1):
        number += 1
        if len(line) > LINE_BYTES_MAX:
            raise Invalid(f"line {number}", f"is longer than {LINE_BYTES_MAX} bytes")
        if line.strip():
            yield Line(number, _said(number, line))


def _said(number: int, line: bytes) -> Put:
    try:
        said: Any = json_text.decode(line)
    except (ValueError, RecursionError):
        raise Invalid(f"line {number}", "is no JSON") from None
    if not isinstance(said, dict):
        raise Invalid(f"line {number}", "is no JSON object")
    try:
        if "from" in said:
            return checked(PutRelationship, said)
        return checked(PutEntity, said)
    except Invalid as error:
        raise Invalid(f"line {number}: {error.field}", error.detail) from None


@contextmanager
def _reading(file: Path) -> Iterator[tuple[BinaryIO, Callable[[], None]]]:
    """The file, and what is to be called whenever some of it is done; a pipe has no bar."""
    with _opened(file) as source, bars() as shown:
        size = file.stat().st_size if source is not sys.stdin.buffer and source.seekable() else None

        def advance() -> None:
            if size is not None:
                shown.move("import", 0, source.tell(), size)

        yield source, advance


def _opened(file: Path) -> AbstractContextManager[BinaryIO]:
    if str(file) == "-":
        return nullcontext(sys.stdin.buffer)
    try:
        return file.open("rb")
    except OSError as error:
        raise Invalid("FILE", f"{file} cannot be read: {error.strerror}") from None
