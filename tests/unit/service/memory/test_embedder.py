"""What vectors have in common."""

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schema.messages.base import DIMENSIONS_MAX
from service.memory.embedder import GIVEN, Space, slug, unit

NUMBERS = st.lists(st.floats(-1e15, 1e15), min_size=1, max_size=8).filter(
    lambda numbers: max(map(abs, numbers)) > 1e-15
)


@given(NUMBERS)
def test_a_vector_is_brought_to_length_one_and_keeps_its_direction(numbers: list[float]):
    vector = unit(numbers)
    assert vector.dtype == np.float32
    assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-6)
    assert vector @ np.asarray(numbers) == pytest.approx(np.linalg.norm(numbers), rel=1e-5)


@pytest.mark.parametrize(
    "numbers", [[0.0, 0.0], [float("nan"), 1.0], [float("inf"), 1.0], [1e308, 1e308], []]
)
def test_numbers_without_a_direction_are_no_vector(numbers: list[float]):
    with pytest.raises(ValueError, match="finite"):
        unit(numbers)


@pytest.mark.parametrize(
    ("name", "dimensions"),
    [("", 3), ("Upper", 3), ("a-b", 3), ("a\n", 3), ("a" * 41, 3), ("a", 0), ("a", 1 << 20)],
)
def test_a_space_that_rows_could_not_hold_is_refused_where_it_is_read(name: str, dimensions: int):
    raw = {"name": name, "model": "m", "dimensions": dimensions}
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(raw, Space)


def test_the_space_of_callers_vectors_has_a_name_like_any_other():
    space = msgspec.convert({"name": GIVEN, "model": "", "dimensions": DIMENSIONS_MAX}, Space)
    assert space.name == GIVEN


def test_a_slug_holds_small_letters_and_digits():
    assert slug("Nomic-Embed: v1.5/ä") == "nomic_embed_v1_5"
