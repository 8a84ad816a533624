"""The whole mind as a step of a session had it: what it was told, and all that there was."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

import msgspec
from msgspec import Struct
from rich.console import Console

from schema.envelope import RecordedEvent
from schema.events import MemoryRecalled, RecalledItem, WorkingEntry
from service.agent.session import SessionState
from service.cli.console import clock, counted, one_line, plain, print_heading
from service.cli.graph_tables import things
from service.cli.recalls import ID_CHARACTERS, graph_text
from service.graph.answers import Seen as SeenGraph
from service.memories import Memories
from service.memory.reading import Seen as SeenMemory
from service.replay.mind_read import MindRead, mind_read, working_of

SHOWN_MAX: Final = 5
"""Episodes, facts, entities and relationships of each that are shown of all that there was."""


class WholeMind(Struct, frozen=True, kw_only=True):
    """What an agent held at the places that a session had read."""

    memory: SeenMemory
    graph: SeenGraph


async def whole_mind(opened: Memories, agent_id: str, read: MindRead) -> WholeMind:
    """Memory and graph as they were where *read* says that they were read."""
    return WholeMind(
        memory=await opened.memory.look(agent_id, read.memory_as_of, SHOWN_MAX),
        graph=await opened.graphs.look(agent_id, as_of=read.graph_as_of, limit=SHOWN_MAX),
    )


def mind_message(
    seen: Sequence[RecordedEvent], state: SessionState, mind: WholeMind | None
) -> dict[str, Any]:
    """What a session had read of its mind, and what that held, for machines."""
    read = mind_read(seen)
    said: dict[str, Any] = {
        "recalled": msgspec.to_builtins(read.memory),
        "known": msgspec.to_builtins(read.graph),
        "working": msgspec.to_builtins(working_of(state)),
    }
    if mind is not None:
        said["mind"] = {
            "memory": {
                "version": mind.memory.version,
                "at": mind.memory.at,
                **msgspec.to_builtins(mind.memory.counts),
            },
            "graph": {
                "version": mind.graph.version,
                **msgspec.to_builtins(mind.graph.sizes),
            },
        }
    return said


def print_mind(
    console: Console, seen: Sequence[RecordedEvent], state: SessionState, mind: WholeMind
) -> None:
    """What it was told with its scores, its working memory, and what it could have been told."""
    read = mind_read(seen)
    if read.memory is not None:
        _print_recalled(console, read.memory)
    if working := working_of(state):
        print_heading(console, "working memory")
        for entry in working:
            console.print(one_line(_entry(entry)))
    if read.graph is not None and (text := graph_text(read.graph)):
        print_heading(console, "graph, around what was asked for")
        console.print(plain(text))
    _print_all(console, seen[0].agent_id, mind)


def _print_recalled(console: Console, recalled: MemoryRecalled) -> None:
    print_heading(
        console,
        f"recalled from memory at version {recalled.version}, {clock(recalled.at)}, "
        f"for {one_line(recalled.query).plain!r}",
    )
    for item in recalled.items:
        console.print(plain(_recalled(item)))


def _recalled(item: RecalledItem) -> str:
    """One memory: its score, what that is made of, and what it says."""
    parts = " ".join(f"{name}={part:.3f}" for name, part in item.parts.items())
    untold = "" if item.told else "  (not told)"
    text = one_line(item.content).plain
    return f"…{item.id[-ID_CHARACTERS:]}  {item.score:.3f}  [{parts}]{untold}  {text}"


def _entry(entry: WorkingEntry) -> str:
    return f"{entry.key}: {entry.value}"


def _print_all(console: Console, agent_id: str, mind: WholeMind) -> None:
    memory, graph = mind.memory, mind.graph
    print_heading(console, f"the whole mind of {agent_id} there")
    held = f"{counted(memory.counts.episodes, 'episode')}, {counted(memory.counts.facts, 'fact')}"
    console.print(plain(f"memory at version {memory.version}: {held}"))
    for line in _memories(memory):
        console.print(one_line(line))
    sizes = graph.sizes
    known = f"{things(sizes.entities, 'entity')}, {counted(sizes.relationships, 'relationship')}"
    console.print(plain(f"graph at version {graph.version}: {known}"))
    for line in _known(graph):
        console.print(one_line(line))
    console.print(
        plain(
            f"all of it: agent-runtime memory {agent_id} --as-of {memory.version}, "
            f"agent-runtime graph {agent_id} --as-of {graph.version}",
            "dim",
        )
    )


def _memories(memory: SeenMemory) -> Iterator[str]:
    for episode in memory.episodes:
        yield f"- {episode.content}"
    for fact in memory.facts:
        yield f"- {fact.key}: {fact.value}"


def _known(graph: SeenGraph) -> Iterator[str]:
    for entity in graph.entities:
        yield f"- {entity.id} ({entity.label})"
    for one in graph.relationships:
        yield f"- {one.source} — {one.kind} → {one.target}"
