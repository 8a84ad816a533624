from hypothesis import given
from hypothesis import strategies as st

from service.printable import printable


@given(st.text(st.characters(codec=None)))
def test_nothing_is_left_that_steers_a_terminal(text: str):
    assert all(char.isprintable() or char == "\n" for char in printable(text))


def test_control_characters_are_spelt_and_tabs_are_spaces():
    assert printable("a\x1b[31mb\x07\tc") == "a\\x1b[31mb\\x07    c"
