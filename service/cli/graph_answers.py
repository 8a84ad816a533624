"""What questions about a graph are answered, as a person reads it."""

from collections.abc import Callable, Sequence
from typing import Any, Final

from rich.console import Console
from rich.text import Text

from schema.messages import graph as asked
from service.cli.console import counted, one_line, out, plain, print_heading
from service.cli.graph_rows import ID, WORD, print_entities, print_relationships, weight_text
from service.cli.graph_tables import things
from service.cli.output import print_json, print_note
from service.cli.table import Column, print_table
from service.graph.answers import Answered

NEIGHBOURS: Final = (
    Column("way"),
    Column("kind", width_max=WORD),
    Column("entity", width_max=ID),
    Column("label", width_max=WORD),
    Column("weight", right=True),
)
SCORES: Final = (Column("score", right=True), Column("entity", rest=True))
GROUPS: Final = (
    Column("community", right=True),
    Column("entities", right=True),
    Column("members", rest=True),
)


def print_answer(query: asked.Query, answered: Answered, *, as_json: bool) -> None:
    """The answer, and the version that it is true of."""
    if as_json:
        print_json({"result": answered.result, "version": answered.version})
        return
    _printer(query)(out(), answered.result)
    print_note(f"at version {answered.version}")


def _printer(query: asked.Query) -> Callable[[Console, Any], None]:
    match query:
        case asked.ShortestPath():
            return _print_path
        case asked.PathExists() | asked.HasCycle():
            return _print_truth
        case asked.Degree() | asked.Betweenness():
            return _print_scores
        case asked.Communities():
            return _print_communities
        case asked.Cycles():
            return _print_cycles
        case asked.Neighbours():
            return _print_neighbours
        case asked.Subgraph():
            return _print_subgraph
        case asked.Closure(start=None):
            return _print_closures
        case _:
            return _print_ids


def _print_path(console: Console, found: dict[str, Any] | None) -> None:
    if found is None:
        print_note("No way leads there.")
        return
    said = one_line(found["path"][0], "bold")
    for step in found["relationships"]:
        said = Text.assemble(
            said, _arrow(step["kind"]), one_line(step["to"], "bold"), _weight(step, found)
        )
    console.print(said)
    total = f", {found['total']:g} in all" if "total" in found else ""
    print_note(f"{counted(found['hops'], 'hop')}{total}")


def _arrow(kind: str) -> Text:
    return Text.assemble(" — ", one_line(kind, "dim"), " → ")


def _weight(step: dict[str, Any], found: dict[str, Any]) -> Text:
    return plain(f" ({step['weight']:g})" if "total" in found else "", "dim")


def _print_truth(console: Console, found: bool) -> None:  # noqa: FBT001 - it is the answer.
    console.print("yes" if found else "no")


def _print_scores(console: Console, found: dict[str, Any]) -> None:
    rows = [(plain(f"{row['score']:.6f}"), one_line(row["id"])) for row in found["scores"]]
    print_table(console, SCORES, rows)
    if not found.get("exact", True):
        print_note(f"estimated from {found['samples']} entities, seed {found['seed']}")
    _tell_rest(found)


def _print_communities(console: Console, found: dict[str, Any]) -> None:
    rows = [
        (plain(str(number)), plain(str(len(group))), one_line(", ".join(group)))
        for number, group in enumerate(found["communities"])
    ]
    print_table(console, GROUPS, rows)


def _print_cycles(console: Console, found: dict[str, Any]) -> None:
    for cycle in found["cycles"]:
        console.print(_way([*cycle, cycle[0]]))
    if not found["cycles"]:
        print_note("Nothing goes round in a circle." if found["complete"] else "None is found.")
    _tell_rest(found)


def _way(ids: Sequence[str]) -> Text:
    return Text(" → ").join(one_line(id_) for id_ in ids)


def _print_neighbours(console: Console, found: dict[str, Any]) -> None:
    rows = [
        (
            plain("→" if row["direction"] == "out" else "←"),
            one_line(row["kind"]),
            one_line(row["id"]),
            one_line(row["label"]),
            weight_text(row["weight"]),
        )
        for row in found["neighbours"]
    ]
    if rows:
        print_table(console, NEIGHBOURS, rows)
    else:
        print_note("It relates to nothing, and nothing to it.")
    _tell_rest(found)


def _print_subgraph(console: Console, found: dict[str, Any]) -> None:
    print_heading(console, things(len(found["entities"]), "entity"))
    print_entities(console, found["entities"])
    print_heading(console, counted(len(found["relationships"]), "relationship"))
    print_relationships(console, found["relationships"])


def _print_closures(console: Console, found: dict[str, list[str]]) -> None:
    for start, reached in found.items():
        console.print(one_line(start, "bold"), one_line(", ".join(reached)))


def _print_ids(console: Console, found: dict[str, Any]) -> None:
    for id_ in found["entities"]:
        console.print(one_line(id_))
    _tell_rest(found)


def _tell_rest(found: dict[str, Any]) -> None:
    if not found.get("complete", True):
        print_note("There is more: raise the limit.")
