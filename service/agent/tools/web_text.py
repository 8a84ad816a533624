"""From what a web server sent to text that a model can read; every step is linear in its length."""

import codecs
import html
import re
from email.message import Message
from typing import Final

_TEXTUAL: Final = re.compile(
    r"text/.*|application/([\w.-]+\+)?(json|xml|yaml|x-yaml|x-ndjson|jsonlines|javascript|toml)"
)
_MARKUP: Final = ("text/html", "application/xhtml+xml")

_CHARSETS: Final = re.compile(
    r"ascii|utf-8|utf-16(-le|-be)?|iso8859-\d+|cp125\d|koi8-[ru]|shift_jis|euc_jp|iso2022_jp"
    r"|gb2312|gbk|gb18030|big5|euc_kr"
)
"""Python knows others too, some of which take quadratic time or are no encodings of text."""

# Elements whose content nobody reads, and those that begin a line.
_SILENT: Final = frozenset({"script", "style", "template", "svg"})
_LINES: Final = re.compile(
    r"address|article|aside|blockquote|br|d[dlt]|div|fieldset|figure|footer|form|h[1-6r]|header|li"
    r"|main|nav|ol|option|p|pre|section|table|title|tr|ul"
)
# A tag, a comment or a declaration begins here; any other `<` is text.
_TAG: Final = re.compile(r"<(?:[!?]|/?([A-Za-z][A-Za-z0-9]{0,20}))")
# Bounded, since a number of many digits would take the standard library's decoder long.
_REFERENCE: Final = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")


def is_textual(content_type: str) -> bool:
    """Whether a body of that type can be read as text; one of no type is taken for it."""
    kind = _kind(content_type)
    return not kind or _TEXTUAL.fullmatch(kind) is not None


def text_of(body: bytes, content_type: str) -> str:
    """The text of *body*: of HTML what a reader sees, of everything else all."""
    text = body.decode(_charset(content_type), errors="replace")
    return _readable(text) if _kind(content_type) in _MARKUP else text


def _kind(content_type: str) -> str:
    return content_type.partition(";")[0].strip().lower()


def _charset(content_type: str) -> str:
    header = Message()
    header["Content-Type"] = content_type
    try:
        name = codecs.lookup(str(header.get_param("charset") or "utf-8")).name
    except (LookupError, ValueError):
        return "utf-8"
    return name if _CHARSETS.fullmatch(name) else "utf-8"


def _readable(page: str) -> str:
    text = "".join(_pieces(page))
    text = _REFERENCE.sub(lambda found: html.unescape(found[0]), text)
    lines = (" ".join(line.split()) for line in text.split("\n"))
    return "\n".join(line for line in lines if line)


def _pieces(page: str) -> list[str]:
    """What stands between the tags, and a line break for each that begins a line."""
    pieces: list[str] = []
    at = 0
    while (tag := _TAG.search(page, at)) is not None:
        pieces.append(page[at : tag.start()].replace("\n", " "))
        name = (tag[1] or "").lower()
        if _LINES.fullmatch(name):
            pieces.append("\n")
        at = _behind(page, tag.start(), name)
        if at < 0:  # it never ends: a page cut short
            return pieces
    pieces.append(page[at:].replace("\n", " "))
    return pieces


def _behind(page: str, opening: int, name: str) -> int:
    """Where the tag (or comment, or silent element) that opens there has ended; -1 if it hasn't."""
    if page.startswith("<!--", opening):
        end = page.find("-->", opening + 4)
        return end + 3 if end >= 0 else -1
    if name in _SILENT and not page.startswith("/", opening + 1):
        closing = re.compile(f"</{name}", re.IGNORECASE).search(page, opening)
        opening = closing.start() if closing is not None else len(page)
    end = page.find(">", opening)
    return end + 1 if end >= 0 else -1
