"""JSON as the log keeps it: any text survives, and what JSON cannot say is refused by name."""

import json
import math
from typing import Any, Final

import msgspec

from schema.errors import Invalid, NestedTooDeep, NotFinite

DEPTH_MAX: Final = 200
"""How deep arrays and objects may be nested in an event's data."""

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode


def encode(value: object, field: str = "data") -> str:
    """*value* (events, shapes, and what JSON knows) as JSON text.

    NUL and lone surrogates become escapes. Raises `NotFinite` or `NestedTooDeep`, naming the
    place by its dotted path under *field*.
    """
    try:
        text = _encode(value).decode()
    except (UnicodeEncodeError, OverflowError):  # lone surrogates, integers beyond 64 bits
        text = json.dumps(builtins(value, field), separators=(",", ":"))
    except RecursionError:
        raise _too_deep(field) from None
    if "null" in text:  # the fast encoder writes NaN as null
        _refuse_not_finite(msgspec.to_builtins(value), field)
    if text.count("[") + text.count("{") > DEPTH_MAX and _depth(text) > DEPTH_MAX:
        raise _too_deep(field)
    return text


def decode(text: str | bytes) -> Any:
    """The value that *text* says; the standard library reads what the fast decoder refuses."""
    try:
        return _decode(text)
    except (msgspec.DecodeError, UnicodeEncodeError):  # lone surrogates, numbers out of range
        return json.loads(text)


def builtins(value: object, field: str) -> Any:
    """*value* as dicts, lists, strings and numbers, refused where a number is not finite."""
    plain = msgspec.to_builtins(value)
    _refuse_not_finite(plain, field)
    return plain


def _refuse_not_finite(value: Any, field: str) -> None:
    pending = [(field, value, 0)]
    while pending:
        path, item, depth = pending.pop()
        if depth > DEPTH_MAX:
            raise _too_deep(field)
        if isinstance(item, float) and not math.isfinite(item):
            raise NotFinite(path, f"{item} is no JSON number: leave it out or send a string")
        if isinstance(item, dict):
            pending.extend((f"{path}.{key}", inner, depth + 1) for key, inner in item.items())
        elif isinstance(item, list | tuple):
            pending.extend((f"{path}.{n}", inner, depth + 1) for n, inner in enumerate(item))


def _depth(text: str) -> int:
    """The deepest nesting in JSON *text*, brackets within strings left out."""
    deepest = depth = 0
    inside = escaped = False
    for char in text:
        if inside:
            inside = escaped or char != '"'
            escaped = char == "\\" and not escaped
        elif char == '"':
            inside = True
        elif char in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif char in "]}":
            depth -= 1
    return deepest


def _too_deep(field: str) -> Invalid:
    return NestedTooDeep(field, f"nested deeper than {DEPTH_MAX} levels: flatten it or send text")
