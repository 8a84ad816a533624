"""A graph as a picture."""

import subprocess
import sys
from collections.abc import Sequence
from random import Random
from typing import Any, TypeAlias
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schema.events import Event
from service.cli.drawing.picture import picture
from service.graph.picture import Graph
from tests.graph_model import histories

Entities: TypeAlias = list[tuple[str, str, dict[str, Any]]]
Relationships: TypeAlias = list[tuple[str, str, str, float]]

HOUSE: tuple[Entities, Relationships] = (
    [("ana", "person", {}), ("bob", "person", {}), ("graz", "city", {})],
    [
        ("ana", "bob", "knows", 1.0),
        ("ana", "graz", "lives in", 3.0),
        ("bob", "bob", "doubts", -1.0),
    ],
)


def texts(svg: bytes) -> list[str]:
    root = ET.fromstring(svg)  # noqa: S314 - we have just drawn it.
    return [element.text or "" for element in root.iter("{http://www.w3.org/2000/svg}text")]


def drawn(*entities: tuple[str, str]) -> list[str]:
    return texts(picture(Graph.of(1, [(*entity, {}) for entity in entities], []), "title", "note"))


def test_every_entity_kind_and_label_is_written_as_text():
    said = texts(picture(Graph.of(6, *HOUSE), "graph of ana", "3 entities"))

    assert said[:2] != []
    assert {"ana", "bob", "graz", "knows", "lives in", "doubts"} <= {*said}
    assert {"person (2)", "city (1)", "graph of ana", "3 entities"} <= {*said}
    assert any("Dashed: below 0." in line for line in said)


@pytest.mark.parametrize(
    "name", ["$x_1$", "a$b", "_hidden", "<b>&amp;", "100 %", "\\frac", "東京", "🦆", "ä\u0301"]
)
def test_a_name_is_shown_as_it_is(name: str):
    assert name in drawn((name, name))
    assert f"{name} (1)" in drawn((name, name))


@pytest.mark.parametrize("name", ["\x00", "a\x1b[31m", "\ud800", "\u202e", "\n", " ", "\x0b"])
def test_no_name_breaks_the_picture(name: str):
    assert drawn((name, name), ("after", "it"))


def test_a_long_name_is_broken_where_it_may_be_and_cut_where_it_must():
    assert {"a rather long", "name of a thing"} <= {*drawn(("a rather long name of a thing", "x"))}
    assert "…" in "".join(drawn(("x" * 200, "x")))


def test_an_empty_graph_is_a_picture_too():
    assert "title" in texts(picture(Graph(), "title", ""))


def test_of_many_labels_the_rarest_share_a_colour():
    said = drawn(*((f"e{number}", f"label {number % 20}") for number in range(21)))

    assert "label 0 (2)" in said
    assert "other labels (12)" in said


def test_where_there_are_many_relationships_their_kinds_are_left_out_and_that_is_said():
    entities: Entities = [(f"e{number}", "thing", {}) for number in range(70)]
    relationships = [(f"e{number}", "e0", "knows", 1.0) for number in range(1, 70)]

    said = texts(picture(Graph.of(1, entities, relationships), "title", ""))

    assert "knows" not in said
    assert any("Kinds are written" in line for line in said)


@settings(max_examples=15, deadline=None)
@given(histories(), st.randoms(use_true_random=False))
def test_the_same_graph_gives_the_same_picture_however_it_came_about(
    history: Sequence[Event], random: Random
):
    grown = Graph()
    for version, event in enumerate(history, start=1):
        grown.fold(version, event)
    entities = [(one.id, one.label, one.properties) for one in grown.entities.values()]
    relationships = list(grown.all_relationships())
    random.shuffle(entities)
    random.shuffle(relationships)

    fresh = Graph.of(grown.version, entities, relationships)

    assert picture(grown, "title", "") == picture(fresh, "title", "")


def test_two_processes_draw_the_same_picture():
    program = (
        "import hashlib\n"
        "from service.cli.drawing.picture import picture\n"
        "from service.graph.picture import Graph\n"
        "ids = [f'e{n}' for n in range(30)]\n"
        "pairs = [(one, ids[n * 7 % 30], 'knows', n) for n, one in enumerate(ids)]\n"
        "graph = Graph.of(1, [(id_, id_[-1], {}) for id_ in ids], pairs)\n"
        "print(hashlib.sha256(picture(graph, 'title', '')).hexdigest())\n"
    )
    digests = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={"PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(digests) == 1


def test_settings_of_other_drawings_are_neither_used_nor_changed():
    import matplotlib as mpl  # noqa: PLC0415 - as we do: only where a picture is wanted.

    before = picture(Graph.of(6, *HOUSE), "title", "")
    with mpl.rc_context({"font.size": 40, "svg.fonttype": "path", "axes.facecolor": "black"}):
        assert picture(Graph.of(6, *HOUSE), "title", "") == before
        assert mpl.rcParams["font.size"] == 40
