"""The reference pages say what the code says."""

import re
from pathlib import Path

import pytest

from tests.reference import pages

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("page", "text"), pages().items(), ids=lambda value: getattr(value, "name", "")
)
def test_a_reference_page_is_as_the_code_is(page: Path, text: str):
    assert page.read_text() == text, "run `make docs`"


PAGES = [ROOT / "README.md", ROOT / "ARCHITECTURE.md", *(ROOT / "docs").rglob("*.md")]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_to_a_file_of_ours_leads_somewhere(page: Path):
    links = re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text())
    assert [link for link in links if not (page.parent / link).exists()] == []
