"""What a worker gives back fits into a frame, or the question is refused."""

import pytest

from schema.errors import PayloadTooLarge
from service.graph.picture import Graph
from service.graph.worker import desk
from service.graph.worker.frames import unpacked
from tests.graph_model import graph_of, linked


def test_an_answer_that_is_too_large_is_refused_with_what_to_do(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(desk, "RESULT_BYTES_MAX", 20)
    assert desk._fitting(["a"]) == b'["a"]'
    with pytest.raises(PayloadTooLarge, match="ask for less"):
        desk._fitting(["a" * 20])


def test_what_a_graph_lacks_comes_in_pieces_that_tell_what_is_left(
    monkeypatch: pytest.MonkeyPatch,
):
    other = graph_of(linked("ab", "bc"))
    some = unpacked(desk._lacking(Graph(), other, 2), dict)
    assert (some["left"], len(some["events"])) == (5, 2)
    monkeypatch.setattr(desk, "COMPARED_BYTES_MAX", 1)
    one = unpacked(desk._lacking(Graph(), other, 2), dict)
    assert (one["left"], len(one["events"])) == (5, 1)
    assert unpacked(desk._lacking(other, other, 2), dict) == {"left": 0, "events": []}
