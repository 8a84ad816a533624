"""What stands around an entity, as a tree."""

from io import StringIO

import pytest
from rich.console import Console

from schema.errors import NotFound
from service.cli.graph_tree import tree_of
from service.graph.picture import Graph

FAMILY = Graph.of(
    9,
    [
        ("ana", "person", {"name": "Ana"}),
        ("bob", "person", {}),
        ("carla", "person", {}),
        ("graz", "city", {}),
    ],
    [
        ("ana", "bob", "knows", 0.5),
        ("bob", "ana", "knows", 1),
        ("ana", "graz", "lives in", 3),
        ("carla", "graz", "lives in", 1),
        ("bob", "carla", "knows", 1),
        ("ana", "ana", "doubts", 1),
    ],
)


def lines(graph: Graph, root: str, **console: int) -> list[str]:
    out = StringIO()
    Console(file=out, **{"width": 200} | console).print(tree_of(graph, root))  # type: ignore[arg-type]
    return out.getvalue().splitlines()


def test_each_relationship_stands_once_the_heaviest_first():
    told = lines(FAMILY, "ana")

    assert told[0] == 'ana  person  {"name":"Ana"}'
    assert [line.strip("│├└─ ") for line in told[1:]] == [
        "lives in → graz (3)  city",
        "← lives in — carla  person",
        "doubts → ana",
        "← knows — bob  person",
        "knows → carla",
        "knows → bob (0.5)",
    ]


def test_a_line_is_as_wide_as_the_terminal():
    graph = Graph.of(1, [("a", "x", {"text": "long " * 50}), ("b", "y", {})], [("a", "b", "k", 1)])

    assert all(len(line) <= 40 for line in lines(graph, "a", width=40))
    assert len(lines(graph, "a", width=40)) == 2


def test_what_would_steer_a_terminal_is_spelt():
    (told,) = lines(Graph.of(1, [("a\x1b[31m", "[red]", {})], []), "a\x1b[31m")

    assert "\x1b" not in told
    assert "[red]" in told


def test_an_entity_that_is_not_there_is_named():
    with pytest.raises(NotFound, match="'nobody'"):
        tree_of(FAMILY, "nobody")
