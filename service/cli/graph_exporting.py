"""`agent-runtime graph AGENT export FILE`: all that a graph holds, as `import` reads it."""

import sys
from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import BinaryIO

from msgspec import Struct

from schema import json_text
from schema.errors import Invalid
from service.cli.console import counted
from service.cli.exits import Exit
from service.cli.graph_opening import opened_graphs
from service.cli.graph_tables import things
from service.cli.options import as_typed
from service.cli.output import print_json_note, print_note
from service.cli.places import place_of
from service.config import Settings
from service.graph.picture import Entity, Relationship


class Exported(Struct, kw_only=True):
    """What an export has come to."""

    version: int
    """Of the graph, that the file is true of."""
    entities: int = 0
    relationships: int = 0


async def export_graph(
    settings: Settings, *, agent_id: str, file: Path, as_of: str | None, as_json: bool
) -> Exit:
    """Write into *file*, `-` being standard output, what the graph holds at one version."""
    async with opened_graphs(settings, agent_id) as (log, graphs):
        with as_typed():
            place = None if as_of is None else await place_of(log, as_of)
            whole = await graphs.whole(agent_id, as_of=place)
        exported = Exported(version=whole.version)
        with _opened(file) as target:
            async for entities in whole.entities:
                exported.entities += len(entities)
                _write(target, entities)
            async for relationships in whole.relationships:
                exported.relationships += len(relationships)
                _write(target, relationships)
            target.flush()
    _tell(agent_id, file, exported, as_json=as_json)
    return Exit.DONE


def _write(target: BinaryIO, page: Iterable[Entity] | Iterable[Relationship]) -> None:
    target.writelines(json_text.encode(one.as_json()).encode() + b"\n" for one in page)


def _tell(agent_id: str, file: Path, exported: Exported, *, as_json: bool) -> None:
    """Beside the output, which may be the graph itself."""
    if as_json:
        print_json_note(exported)
        return
    what = f"{things(exported.entities, 'entity')}, "
    what += counted(exported.relationships, "relationship")
    print_note(f"{file}: graph of {agent_id} at version {exported.version}; {what}.")


def _opened(file: Path) -> AbstractContextManager[BinaryIO]:
    if str(file) == "-":
        return nullcontext(sys.stdout.buffer)
    try:
        return file.open("wb")
    except OSError as error:
        raise Invalid("FILE", f"{file} cannot be written: {error.strerror}") from None
