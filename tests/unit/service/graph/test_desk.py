"""What a worker gives back fits into a frame, or the question is refused."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast

import pytest

from schema.errors import Broken, PayloadTooLarge
from service.graph.picture import Graph
from service.graph.worker import desk
from service.graph.worker.frames import packed, unpacked
from service.graph.worker.interrupts import SIGNAL, Interrupts
from service.graph.worker.kept import Kept
from service.graph.worker.words import Ask, Failure, Place
from tests.graph_model import graph_of, linked


@contextmanager
def sigusr1_kept() -> Iterator[None]:
    """Give the signal back to whoever had it."""
    former = signal.getsignal(SIGNAL)
    try:
        yield
    finally:
        signal.signal(SIGNAL, former)


def test_an_answer_that_is_too_large_is_refused_with_what_to_do(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(desk, "RESULT_BYTES_MAX", 20)
    assert desk._fitting(["a"]) == b'["a"]'
    with pytest.raises(PayloadTooLarge, match="ask for less"):
        desk._fitting(["a" * 20])


async def test_whatever_a_question_breaks_on_is_told_but_not_in_its_own_words(
    monkeypatch: pytest.MonkeyPatch,
):
    def break_down(*_: object) -> None:
        raise ZeroDivisionError("ana@example.org")

    class KeptOne:
        loads = 0

        async def graph(self, _place: Place) -> Graph:
            return Graph()

    monkeypatch.setattr(desk, "answer", break_down)
    place = Place(partition=0, stream="graph-a", version=0, projected=0, erased=0, head=0, now=True)
    asked = packed(Ask(place=place, query={"op": "degree"}))

    with sigusr1_kept():
        frame = await desk.Desk(cast(Kept, KeptOne()), Interrupts()).reply(asked)

    head = unpacked(frame[8:], Failure)
    assert isinstance(head.error(), Broken)
    assert head.said.startswith("a question broke: ZeroDivisionError in test_desk.py:")
    assert "ana" not in str(head)


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
