"""Questions, as callers send them, and their answers."""

import json
import os
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given

from schema.errors import Broken, NotFound
from schema.json_text import encode
from schema.messages.graph import QUERIES, PutEntity, Query, checked_query
from service.graph.algorithms.answering import answer
from service.graph.picture import Graph
from tests.graph_model import graph_of, histories, linked, model_of

QUESTIONS: list[dict[str, Any]] = [
    {"op": "bfs", "start": "a"},
    {"op": "bfs", "start": "a", "direction": "both", "max_depth": 1, "kinds": ["knows"]},
    {"op": "dfs", "start": "a", "max_nodes": 2, "labels": ["letter"]},
    {"op": "closure", "start": "a", "direction": "in"},
    {"op": "closure"},
    {"op": "shortest_path", "from": "a", "to": "d"},
    {"op": "shortest_path", "from": "a", "to": "d", "weighted": True},
    {"op": "path_exists", "from": "d", "to": "a"},
    {"op": "degree", "limit": 2},
    {"op": "betweenness"},
    {"op": "betweenness", "samples": 2, "seed": 3},
    {"op": "communities", "seed": 1},
    {"op": "communities", "method": "label_propagation", "weighted": True},
    {"op": "cycles", "limit": 3, "max_length": 4},
    {"op": "has_cycle"},
    {"op": "subgraph", "ids": ["d", "a"]},
    {"op": "neighbours", "start": "a", "limit": 1},
    {"op": "topological_sort", "kinds": ["nothing"]},
]
SQUARE = graph_of([*linked("ab", "bc", "cd", "da", "ac"), *linked("ab", kind="likes")])

ANSWER_ALL = """
import json
from tests.unit.service.graph.test_answering import told
print(json.dumps(told(), sort_keys=False))
"""


def told() -> list[Any]:
    """Everything that can be asked of a graph of many short ids that relate crosswise."""
    ids = [f"e{number}" for number in range(60)]
    rows = [
        (ids[number * 7 % 60], ids[number * number % 59], f"kind-{number % 3}", number / 7)
        for number in range(240)
    ]
    graph = Graph.of(1, [(id_, f"label-{len(id_)}", {}) for id_ in ids], rows)
    names = {"a": "e0", "d": "e45", "knows": "kind-1", "letter": "label-3"}
    asked = json.loads(encode(QUESTIONS))
    for question in asked:
        for field, value in question.items():
            if field != "op":
                question[field] = _renamed(value, names)
    return [answer(graph, checked_query(question)) for question in asked]


def _renamed(value: Any, names: dict[str, str]) -> Any:
    if isinstance(value, list):
        return [_renamed(item, names) for item in value]
    return names.get(value, value) if isinstance(value, str) else value


@pytest.mark.parametrize("question", QUESTIONS, ids=str)
def test_every_question_has_an_answer_of_json(question: dict[str, Any]):
    found = answer(SQUARE, checked_query(question))

    assert json.loads(encode(found)) == found


def test_no_question_is_forgotten():
    assert {question["op"] for question in QUESTIONS} == set(QUERIES)


def test_answers_are_those_of_the_algorithms_with_what_was_said():
    assert answer(SQUARE, checked_query(QUESTIONS[1])) == {
        "entities": ["b", "c", "d"],
        "complete": True,
    }
    assert answer(SQUARE, checked_query(QUESTIONS[2])) == {
        "entities": ["b", "c"],
        "complete": False,
    }
    assert answer(SQUARE, checked_query(QUESTIONS[7])) is True
    assert answer(SQUARE, checked_query(QUESTIONS[13]))["cycles"] == [
        ["a", "c", "d"],
        ["a", "b", "c", "d"],
    ]


@pytest.mark.parametrize(
    "question",
    [
        {"op": "bfs", "start": "x"},
        {"op": "dfs", "start": "x"},
        {"op": "closure", "start": "x"},
        {"op": "shortest_path", "from": "a", "to": "x"},
        {"op": "shortest_path", "from": "x", "to": "a", "weighted": True},
        {"op": "path_exists", "from": "x", "to": "x"},
        {"op": "neighbours", "start": "x"},
        {"op": "subgraph", "ids": ["x"]},
    ],
    ids=str,
)
def test_who_is_not_there_is_named(question: dict[str, Any]):
    with pytest.raises(NotFound, match="no entity 'x' at version 12 of the graph"):
        answer(SQUARE, checked_query(question))


def test_a_question_without_an_algorithm_is_our_fault():
    class Guess(Query):
        pass

    with pytest.raises(Broken, match="Guess"):
        answer(SQUARE, Guess())


@pytest.mark.timeout(60)
def test_two_processes_say_the_same_in_the_same_order():
    said = [
        subprocess.run(
            [sys.executable, "-c", ANSWER_ALL],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(sys.path)},
            capture_output=True,
            text=True,
            timeout=50,
            check=True,
        ).stdout
        for seed in ("1", "2")
    ]

    assert said[0] == said[1] == json.dumps(told()) + "\n"


@given(histories())
def test_no_answer_depends_on_how_the_graph_came_about(history: list[Any]):
    model = model_of(history)
    rows = [(*key, weight) for key, weight in model.relationships.items()]
    entities = [(id_, *said) for id_, said in model.entities.items()]
    folded, loaded = graph_of(history), Graph.of(len(history), entities[::-1], rows[::-1])
    whole = [one for one in QUESTIONS if not {"start", "from", "ids"} & one.keys()]

    for question in whole:
        if question["op"] == "topological_sort" or model.entities:
            query = checked_query(question)
            assert json.dumps(answer(folded, query)) == json.dumps(answer(loaded, query))


def test_what_was_put_is_what_is_told():
    put = PutEntity(id="a", label="letter", properties={"old": [1, None]}).as_event()

    found = answer(graph_of([put]), checked_query({"op": "subgraph", "ids": ["a"]}))

    assert found["entities"] == [{"id": "a", "label": "letter", "properties": {"old": [1, None]}}]
