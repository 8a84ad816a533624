"""What is typed of an entity, and what a file says of a graph."""

import io
import json
from itertools import chain

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventlog.members import APPEND_BYTES_MAX
from schema.errors import Invalid
from schema.messages.graph import PutEntity, PutRelationship
from service.cli.graph_importing import BATCH_SIZE, LINE_BYTES_MAX, batches_of, lines_of
from service.cli.graph_writing import properties_of


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("age=41", {"age": 41}),
        ("name=Ana", {"name": "Ana"}),
        ("name=Ana Berg", {"name": "Ana Berg"}),
        ('aliases=["Anna", "A."]', {"aliases": ["Anna", "A."]}),
        ("zip='0810'", {"zip": "'0810'"}),
        ('zip="0810"', {"zip": "0810"}),
        ("sum=1+1=2", {"sum": "1+1=2"}),
        ("nothing=", {"nothing": ""}),
        ("known=null", {"known": None}),
    ],
)
def test_a_property_is_json_or_a_text(typed: str, meant: dict[str, object]):
    assert properties_of([typed]) == meant


@pytest.mark.parametrize("typed", ["age", "=41", ""])
def test_what_is_no_property_is_refused(typed: str):
    with pytest.raises(Invalid, match="--property"):
        properties_of([typed])


def test_a_line_is_an_entity_or_a_relationship():
    file = io.BytesIO(
        b'{"id": "a", "label": "x"}\n\n{"from": "a", "to": "a", "kind": "is", "weight": 2}'
    )

    (first, second) = lines_of(file)

    assert (first.number, first.put) == (1, PutEntity(id="a", label="x"))
    said = {"from": "a", "to": "a", "kind": "is", "weight": 2}
    assert (second.number, second.put) == (3, PutRelationship.model_validate(said))


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (b"nonsense", "line 2: is no JSON"),
        (b"\xff", "line 2: is no JSON"),
        (b"[" * 100_000, "line 2: is no JSON"),
        (b"[]", "line 2: is no JSON object"),
        (b'{"id": "x"}', "line 2: label: "),
        (b'{"id": "x", "label": "y", "more": 1}', "line 2: more: "),
        (b'{"from": "a", "to": "b", "kind": "k", "weight": NaN}', "line 2"),
        (b" " * (LINE_BYTES_MAX + 1), "line 2: is longer"),
    ],
)
def test_a_line_that_cannot_be_is_named(line: bytes, said: str):
    with pytest.raises(Invalid) as refused:
        list(lines_of(io.BytesIO(b'{"id": "a", "label": "x"}\n' + line + b"\n")))
    assert str(refused.value).startswith(said)


@given(st.integers(0, 3 * BATCH_SIZE))
def test_batches_are_all_of_it_in_its_order(count: int):
    line = next(lines_of(io.BytesIO(b'{"id": "a", "label": "x"}')))
    lines = [line._replace(number=number) for number in range(count)]

    batches = list(batches_of(iter(lines)))

    assert list(chain.from_iterable(batches)) == lines
    assert all(0 < len(batch) <= BATCH_SIZE for batch in batches)


def test_no_batch_is_larger_than_an_append_may_be():
    said = {"id": "a", "label": "x", "properties": {"text": "." * 60_000}}
    (line,) = lines_of(io.BytesIO(json.dumps(said).encode()))

    batches = list(batches_of(iter([line] * BATCH_SIZE)))

    assert sum(map(len, batches)) == BATCH_SIZE
    assert max(map(len, batches)) * 60_000 < APPEND_BYTES_MAX
