"""Where the entities of a picture stand."""

import math
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.cli.drawing.layout import Link, Place, Size, placed

sizes = st.builds(Size, st.floats(10, 120), st.floats(20, 60))


@st.composite
def graphs(draw: st.DrawFn) -> tuple[dict[str, Size], list[Link]]:
    everybody = [f"e{number}" for number in range(draw(st.integers(0, 25)))]
    own = {id_: draw(sizes) for id_ in everybody}
    if not everybody:
        return own, []
    ends = st.sampled_from(everybody)
    return own, draw(st.lists(st.builds(Link, ends, ends, st.floats(40, 200)), max_size=40))


def overlapping(own: dict[str, Size], places: dict[str, Place]) -> list[tuple[str, str]]:
    return [
        (one, other)
        for one in own
        for other in own
        if one < other
        and abs(places[one].x - places[other].x) < (own[one].width + own[other].width) / 2 - 0.2
        and abs(places[one].y - places[other].y) < (own[one].height + own[other].height) / 2 - 0.2
    ]


@settings(max_examples=60, deadline=None)
@given(graphs())
def test_nobody_lies_on_another(graph: tuple[dict[str, Size], list[Link]]):
    own, links = graph

    places = placed(own, links)

    assert places.keys() == own.keys()
    assert all(math.isfinite(place.x) and math.isfinite(place.y) for place in places.values())
    assert overlapping(own, places) == []


def test_nor_does_anybody_around_somebody_with_many_relationships():
    own = {f"e{number}": Size(70, 40) for number in range(150)}
    links = [Link("e0", id_, 80) for id_ in own if id_ != "e0"]

    assert overlapping(own, placed(own, links)) == []


def test_places_do_not_hang_on_the_order_in_which_things_are_told():
    own = {f"e{number}": Size(50, 30) for number in range(12)}
    links = [Link(f"e{number}", f"e{number * 5 % 12}", 80) for number in range(12)]

    turned = dict(reversed(own.items()))

    assert placed(own, links) == placed(turned, links[::-1])


def test_what_is_linked_stands_nearer_than_what_is_not():
    own = {id_: Size(20, 20) for id_ in "abcde"}
    places = placed(own, [Link(one, other, 80) for one, other in ("ab", "bc", "cd", "de")])

    assert math.dist(places["a"], places["b"]) < math.dist(places["a"], places["e"]) / 2


@pytest.mark.parametrize("way", ["abcde", "edcba", "caebd"])
def test_a_chain_is_read_from_left_to_right(way: str):
    own = {id_: Size(20, 20) for id_ in way}

    places = placed(own, [Link(one, other, 80) for one, other in pairwise(way)])

    assert sorted(own, key=lambda id_: places[id_].x) == list(way)
    rows = [place.y for place in places.values()]
    assert max(rows) - min(rows) < 80
