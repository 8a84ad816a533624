"""Placing texts by their wording."""

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.providers.embedders.hashing import DIMENSIONS, vector_of

ANY_TEXT = st.text(alphabet=st.characters())


@given(ANY_TEXT)
def test_the_same_text_has_the_same_vector(text: str):
    assert vector_of(text).tolist() == vector_of(text).tolist()


def test_a_vector_does_not_depend_on_the_process_that_makes_it():
    program = (
        "from service.providers.embedders.hashing import vector_of;"
        "print(vector_of('Grüße from the cellar').tolist())"
    )
    told = subprocess.run(
        [sys.executable, "-c", program],
        env={"PYTHONHASHSEED": "1", "PYTHONPATH": "."},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert told.stdout.strip() == str(vector_of("Grüße from the cellar").tolist())


def test_texts_of_like_wording_are_closer_than_others():
    asked = vector_of("when does the backup run")
    like = vector_of("The backup runs at noon.")
    other = vector_of("My cat is called Olive.")
    assert asked @ like > 0.3 > asked @ other


@pytest.mark.parametrize("text", ["", " ", "\x00", "!?", "\ud800"])
def test_a_text_without_words_has_a_vector_all_the_same(text: str):
    assert vector_of(text).shape == (DIMENSIONS,)
