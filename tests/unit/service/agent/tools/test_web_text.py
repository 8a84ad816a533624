import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.agent.tools.web_text import is_textual, text_of

HTML = "text/html; charset=utf-8"


def test_a_page_becomes_what_a_reader_sees():
    page = """<!doctype html><html><head><title>Tea</title><style>p { color: red }</style>
    <script>if (a < b) document.write("<p>no</p>")</script></head>
    <body><!-- <p>hidden</p> --><h1>Green&nbsp;tea</h1><p>Hot &amp; <b>good</b>,
    2 < 3</p><ul><li>one<li>two</ul></body></html>"""
    assert text_of(page.encode(), HTML) == "Tea\nGreen tea\nHot & good, 2 < 3\none\ntwo"


def test_other_text_is_left_alone():
    assert text_of(b'{"a": "<b>"}', "application/json") == '{"a": "<b>"}'


@pytest.mark.parametrize(
    ("body", "content_type", "text"),
    [
        ("é".encode("latin-1"), "text/plain; charset=ISO-8859-1", "é"),
        ("日本".encode("shift_jis"), 'text/plain; charset="Shift_JIS"', "日本"),
        ("é".encode(), "text/plain", "é"),
        ("é".encode(), "text/plain; charset=nonsense", "é"),
        ("é".encode(), "text/plain; charset=punycode", "é"),
        ("é".encode(), "text/plain; charset=hex", "é"),
        ("é".encode(), "text/plain; charset=a\0b", "é"),
        (b"\xff", "text/plain", "�"),
    ],
)
def test_the_charset_is_believed_where_it_is_one(body: bytes, content_type: str, text: str):
    assert text_of(body, content_type) == text


@pytest.mark.parametrize(
    ("content_type", "textual"),
    [
        ("text/plain", True),
        ("TEXT/HTML; charset=x", True),
        ("application/json", True),
        ("application/ld+json", True),
        ("application/rss+xml", True),
        ("", True),
        ("image/png", False),
        ("application/octet-stream", False),
        ("application/pdf", False),
    ],
)
def test_only_text_is_taken_for_text(content_type: str, *, textual: bool):
    assert is_textual(content_type) is textual


@pytest.mark.parametrize(
    "piece",
    ["<", "<!--", "<script", "<p ", "&#9999", "&a", "</", " \n", "<script><", "\r", "<![CDATA["],
)
def test_a_hostile_page_takes_no_longer_than_its_length(piece: str):
    page = (piece * (1_000_000 // len(piece))).encode()
    started = time.perf_counter()
    text_of(page, HTML)
    assert time.perf_counter() - started < 5


@given(st.text(st.sampled_from("<>/!-&#;xscriptp \n09")))
def test_any_page_gives_text(page: str):
    assert isinstance(text_of(page.encode(), HTML), str)
