"""The text protocol, read: what a model wrote becomes a thought and an action or an answer.

The grammar is said to the model by `prompt`; here we are as forgiving as we can be without
guessing. Every pattern is bounded and every text is scanned a fixed number of times.
"""

import json
import math
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, Final, NoReturn

from msgspec import Struct

from schema import json_text
from schema.errors import Invalid


class Action(Struct, frozen=True):
    """A tool the model asks for."""

    tool: str
    arguments: Any
    """Parsed; a string where the model wrote no JSON."""


class Parsed(Struct, frozen=True, kw_only=True):
    """What counts of a text: an action, or an answer, or the problem with it."""

    thought: str
    counted: int
    """Characters of the text, from its start, that count; the rest was never said."""
    action: Action | None = None
    answer: str | None = None
    problem: str | None = None
    """Why the text can't be read, in words for the model."""
    open_ended: bool = False
    """What counts runs to the end of the text, so a cut there would have gone unseen."""


def parse(text: str) -> Parsed:
    """What *text* says; the first action or answer in it counts."""
    return _parse_short(text) if len(text) <= _SHORT else _parse(text)


def _parse(text: str) -> Parsed:
    sections = list(_sections(text))
    end = len(text)
    if sections and sections[-1].label == "observation":  # hallucinated: dropped with all behind
        end = sections.pop().start
    for n, section in enumerate(sections):
        if section.label in _DECISIVE:
            return _decided(text, sections, n, end)
    return _without_label(text[:end])


_SHORT: Final = 16_384
"""Characters; what is decided upon is soon read again for the prompt, and few texts are longer."""

_parse_short: Final = lru_cache(maxsize=256)(_parse)


def render(thought: str, action: Action) -> str:
    """The text that a model of the text protocol would write for *action*; `parse` undoes it."""
    arguments = json_text.encode(action.arguments)
    return f"Thought: {thought}\nAction: {action.tool} {arguments}\n"


class _Section(Struct, frozen=True):
    label: str
    start: int
    """Where the line of the label begins."""
    body: int
    """Where what it labels begins."""


_LABEL: Final = re.compile(
    r"^[ \t*#>]{0,16}(thought|action[ _]input|action|observation|final[ _]?answer)"
    r"(?:[ \t]{1,2}\d{1,3})?[ \t*]{0,16}:[ \t*]{0,16}",
    re.IGNORECASE | re.MULTILINE,
)
_INLINE_ANSWER: Final = re.compile(r"final_answer[ \t*]{0,16}:[ \t*]{0,16}", re.IGNORECASE)
_ANSWER_AS_ACTION: Final = re.compile(r"final[ _]?answer\b[ \t*]{0,16}:?", re.IGNORECASE)
_TOOL: Final = re.compile(
    r"[`'\"*\s]{0,16}([A-Za-z0-9_][A-Za-z0-9_.-]{0,127})[`'\"*]{0,4}[ \t]{0,16}"
)
_FENCE: Final = re.compile(r"\s{0,16}```[a-z]{0,16}\s{0,16}", re.IGNORECASE)
_SPACE: Final = re.compile(r"\s{0,256}")
_DECISIVE: Final = frozenset({"action", "finalanswer"})


def _sections(text: str) -> Iterator[_Section]:
    """The labelled lines of *text*, up to the first hallucinated observation."""
    for match in _LABEL.finditer(text):
        label = match[1].lower().replace("_", "").replace(" ", "")
        yield _Section(label, match.start(), match.end())
        if label == "observation":
            return


def _decided(text: str, sections: list[_Section], n: int, end: int) -> Parsed:
    """What the decisive section *n* says, with the thoughts before it."""
    section = sections[n]
    bounds = [*(later.start for later in sections[n + 1 :]), end]
    thought = _thought(text, sections[:n], section.start)
    if section.label == "finalanswer":
        return _answered(text, thought, section.body, bounds)
    as_answer = _ANSWER_AS_ACTION.match(text, section.body, bounds[0])
    if as_answer is not None:
        return _answered(text, thought, as_answer.end(), bounds)
    name = _TOOL.match(text, section.body, bounds[0])
    if name is None:
        return Parsed(thought=thought, counted=bounds[0], problem=_NO_TOOL)
    if (
        len(bounds) > 1
        and sections[n + 1].label == "actioninput"
        and _is_blank(text, name.end(), bounds[0])
    ):
        begin, bound = sections[n + 1].body, bounds[1]
        arguments, stop = _value(text, begin, bound)
    else:
        begin, bound = name.end(), bounds[0]
        arguments, stop = _arguments(text, begin, bound)
    return Parsed(
        thought=thought,
        counted=stop,
        action=Action(name[1].rstrip(".-"), arguments),
        open_ended=_is_blank(text, stop, len(text)) and text[stop - 1] not in _CLOSERS,
    )


def _answered(text: str, thought: str, begin: int, bounds: list[int]) -> Parsed:
    """All that follows is the answer, lines that begin like labels too, if it begins at once."""
    if _is_blank(text, begin, bounds[0]):
        return Parsed(thought=thought, counted=bounds[0], problem=_NO_ANSWER)
    end = bounds[-1]
    answer = text[begin:end].strip()
    counted = begin + len(text[begin:end].rstrip())
    return Parsed(thought=thought, counted=counted, answer=answer, open_ended=end == len(text))


def _thought(text: str, sections: list[_Section], end: int) -> str:
    """All that was said before *end*, labels left out; a prompt may have written the first."""
    starts = [(0, 0), *((section.start, section.body) for section in sections)]
    stops = [*(start for start, _ in starts[1:]), end]
    parts = (text[body:stop].strip() for (_, body), stop in zip(starts, stops, strict=True))
    return "\n".join(part for part in parts if part)


def _without_label(text: str) -> Parsed:
    """A text without a decisive line: perhaps its answer stands within one."""
    inline = _INLINE_ANSWER.search(text)
    if inline is not None:
        return _answered(text, _thought(text, [], inline.start()), inline.end(), [len(text)])
    return Parsed(
        thought=text.strip(),
        counted=len(text),
        problem=_NO_LABEL if text.strip() else _NOTHING,
        open_ended=True,
    )


def _arguments(text: str, begin: int, end: int) -> tuple[Any, int]:
    """The arguments behind a tool's name, and where they end."""
    opening = text[begin : begin + 1] if begin < end else ""
    if opening in _CLOSING:
        bracketed = _bracketed(text, begin, end)
        if bracketed is not None:
            return bracketed
    if opening == ":":
        begin += 1
    return _value(text, begin, end)


def _bracketed(text: str, begin: int, end: int) -> tuple[Any, int] | None:
    """The value within `tool[…]` or `tool(…)`; None when nothing closes it."""
    closing = _CLOSING[text[begin]]
    found = _json(text, begin + 1)
    if found is not None:
        after = _past_space(text, found[1])
        if text[after : after + 1] == closing:
            return found[0], after + 1
    last = text.rfind(closing, begin, end)
    if last < 0:
        return None
    inner = text[begin + 1 : last].strip()
    if closing == "]" and inner:
        whole = _json(text, begin)
        if whole is not None:
            return whole
    return inner or {}, last + 1


def _value(text: str, begin: int, end: int) -> tuple[Any, int]:
    """JSON at *begin*, else all text up to *end* as a string; `{}` where there is none."""
    fence = _FENCE.match(text, begin, end)
    found = _json(text, begin if fence is None else fence.end())
    if found is not None and (found[1] > end or isinstance(found[0], dict | list)):
        return found
    stripped = text[begin:end].strip()
    if found is not None and not text[found[1] : end].strip():
        return found
    return stripped or {}, begin + len(text[begin:end].rstrip())


def _json(text: str, begin: int) -> tuple[Any, int] | None:
    """The JSON value that begins at *begin* (or behind spaces), and where it ends."""
    begin = _past_space(text, begin)
    try:
        value, end = _DECODER.raw_decode(text, begin)
        if text.count("{", begin, end) + text.count("[", begin, end) >= json_text.DEPTH_MAX:
            json_text.encode({"arguments": value})
    except (ValueError, RecursionError, Invalid):
        return None
    return value, end


def _past_space(text: str, begin: int) -> int:
    match = _SPACE.match(text, begin)
    return begin if match is None else match.end()


def _is_blank(text: str, begin: int, end: int) -> bool:
    return not text[begin:end].strip()


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError(digits)
    return number


def _refuse(constant: str) -> NoReturn:
    raise ValueError(constant)


_DECODER: Final = json.JSONDecoder(strict=False, parse_float=_finite, parse_constant=_refuse)
_CLOSING: Final = {"[": "]", "(": ")"}
_CLOSERS: Final = frozenset("])}")
_NO_LABEL: Final = (
    "No line begins with `Action:` or `FINAL_ANSWER:`. "
    "Write a line `Action: <tool> <arguments>` or a line `FINAL_ANSWER: <answer>`."
)
_NOTHING: Final = "Nothing was written. Write a thought, then an action or FINAL_ANSWER."
_NO_TOOL: Final = "`Action:` names no tool. Write `Action: <tool> <arguments>`."
_NO_ANSWER: Final = "`FINAL_ANSWER:` stands there without an answer. Write the answer behind it."
