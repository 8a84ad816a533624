"""The reference pages say what the code says."""

from pathlib import Path

import pytest

from tests.reference import pages


@pytest.mark.parametrize(
    ("page", "text"), pages().items(), ids=lambda value: getattr(value, "name", "")
)
def test_a_reference_page_is_as_the_code_is(page: Path, text: str):
    assert page.read_text() == text, "run `make docs`"
