"""What an agent's graph holds, what has changed in it, and what a change has come to."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec
from rich.console import Console
from rich.text import Text

from service.cli.console import counted, one_line, out, plain, print_heading
from service.cli.graph_rows import print_entities, print_relationships
from service.cli.output import print_json, print_note
from service.graph.answers import Changes, Seen
from service.graph.looking import Difference
from service.mind.writing import Written

SIGNS: Final = {"added": "+", "gone": "-", "changed": "~"}
COLOURS: Final = {"added": "green", "gone": "red", "changed": "yellow"}


def print_graph(agent_id: str, seen: Seen, said: Mapping[str, Any], *, as_json: bool) -> None:
    """All that was held, as far as *said* asks for it."""
    entities = [entity.as_json() for entity in seen.entities]
    relationships = [one.as_json() for one in seen.relationships]
    if as_json:
        print_json(
            {
                "agent": agent_id,
                "version": seen.version,
                "head": seen.head,
                "sizes": msgspec.to_builtins(seen.sizes),
                "entities": entities,
                "relationships": relationships,
            }
        )
        return
    if not seen.sizes.entities:
        where = "yet" if seen.version == seen.head else f"at version {seen.version}"
        print_note(f"The graph of {agent_id} holds nothing {where}.")
        return
    console = out()
    console.print(plain(f"graph of {agent_id} at version {seen.version} of {seen.head}", "bold"))
    print_heading(console, things(seen.sizes.entities, "entity"))
    print_entities(console, entities)
    _print_more(console, len(entities), seen.sizes.entities, said, "labels")
    print_heading(console, counted(seen.sizes.relationships, "relationship"))
    print_relationships(console, relationships)
    _print_more(console, len(relationships), seen.sizes.relationships, said, "kinds")


def _print_more(
    console: Console, shown: int, all_: int, said: Mapping[str, Any], chosen_by: str
) -> None:
    """What is not shown: of those that were chosen nobody counted how many there are."""
    if not said.get(chosen_by):
        print_rest(console, all_ - shown)
    elif not shown:
        console.print(plain(f"none has {_either(said[chosen_by])}", "dim"))
    elif shown == said.get("limit"):
        console.print(plain("there may be more: see --limit", "dim"))


def _either(names: Sequence[str]) -> str:
    return " or ".join(repr(name) for name in names)


def print_rest(console: Console, left: int) -> None:
    """How many there are besides those that are shown, if any."""
    if left > 0:
        console.print(plain(f"and {left} more: see --limit", "dim"))


def print_differences(agent_id: str, changes: Changes, *, as_json: bool) -> None:
    """What was added, what went and why, and what changed."""
    if as_json:
        for change in changes.differences:
            print_json(change)
        return
    if not changes.differences:
        print_note(
            f"The graph of {agent_id} is the same at versions {changes.since} and "
            f"{changes.version}."
        )
        return
    console = out()
    title = f"graph of {agent_id} from version {changes.since} to {changes.version}"
    console.print(plain(title, "bold"))
    for change in changes.differences:
        _print_difference(console, change)


def print_written(written: Written, *, as_json: bool) -> None:
    """Where a change went."""
    if as_json:
        print_json(written)
        return
    print_note(f"The graph is at version {written.version}.")


def things(number: int, thing: str) -> str:
    """As `counted`, for words in -y."""
    return counted(number, thing) if number == 1 else f"{number} {thing.removesuffix('y')}ies"


def _print_difference(console: Console, change: Difference) -> None:
    said: list[Any] = [text for text in (change.before, change.after) if text]
    shown = Text(" → ").join(one_line(text) for text in said)
    why = f" ({change.why})" if change.why else ""
    head = f"{SIGNS[change.what]} {change.kind:<12} {change.name}{why}"
    console.print(plain(head, COLOURS[change.what]), shown)
