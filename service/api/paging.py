"""Lists in parts: a cursor is where a part ended, opaque, and refused when it is none of ours."""

import base64
import binascii
from collections.abc import Mapping, Sequence
from typing import Any

from schema import json_text
from service.api.refusals import Misfit


def page(data: Sequence[Any], limit: int, cursor_of: Any) -> dict[str, Any]:
    """At most *limit* of *data*, which holds one more where there is a next part."""
    shown = list(data[:limit])
    more = len(data) > limit
    return {"data": shown, "next_cursor": to_cursor(cursor_of(shown[-1])) if more else None}


def to_cursor(place: Mapping[str, Any]) -> str:
    """*place* as the outside sees it."""
    return base64.urlsafe_b64encode(json_text.encode(place).encode()).decode().rstrip("=")


def from_cursor(cursor: str, **kinds: type) -> dict[str, Any]:
    """The place that *cursor* stands for: exactly the fields *kinds*, each of its type."""
    try:
        said = json_text.decode(base64.b64decode(_padded(cursor), b"-_", validate=True))
    except (ValueError, binascii.Error):
        raise _refused() from None
    if not isinstance(said, dict) or set(said) != set(kinds):
        raise _refused()
    if not all(type(said[name]) is kind for name, kind in kinds.items()):
        raise _refused()
    if any(isinstance(value, int) and not 0 <= value < 1 << 63 for value in said.values()):
        raise _refused()
    return said


def _padded(cursor: str) -> str:
    return cursor + "=" * (-len(cursor) % 4)


def _refused() -> Misfit:
    detail = "is no cursor of this list: pass `next_cursor` on as you got it"
    return Misfit([{"parameter": "cursor", "detail": detail}])
