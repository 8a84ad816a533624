"""Text on its way into a row: what PostgreSQL's `text` cannot hold becomes U+FFFD."""

import re
from hashlib import sha256
from typing import Any, Final

from schema import json_text
from schema.errors import Invalid

REPLACEMENT: Final = "\ufffd"
KEY_BYTES_MAX: Final = 2000
"""What is sure to fit into an index beside the longest of stream names."""
ID_BYTES_MAX: Final = 1024
"""Of an id or a label: two such fit into an index, and it is what 256 characters may take."""
_UNFIT: Final = re.compile("[\x00\ud800-\udfff]")


def projected(text: str) -> tuple[str, bool]:
    """*text* fit for a text column, and whether NULs or lone surrogates had to be replaced."""
    if "\x00" not in text and (text.isascii() or _encodes(text)):
        return text, False
    return _UNFIT.sub(REPLACEMENT, text), True


def projected_key(key: str) -> tuple[str, bool]:
    """*key* fit for an indexed column, as `projected` does it; `Invalid` where it is too long."""
    fit, altered = projected(key)
    if len(fit.encode()) > KEY_BYTES_MAX:
        raise Invalid("key", f"a key of more than {KEY_BYTES_MAX} bytes can't be indexed")
    return fit, altered


def projected_id(text: str) -> tuple[str, bool]:
    """*text* fit for an indexed column, as `projected` does it; what is too long is cut short.

    A digest of all of it tells it from others that begin alike. It says nothing that the row
    does not, and goes with the row when the event is erased.
    """
    fit, altered = projected(text)
    if len(fit) <= ID_BYTES_MAX // 4 or len(fit.encode()) <= ID_BYTES_MAX:
        return fit, altered
    mark = f"…{sha256(fit.encode()).hexdigest()}"
    begin = fit.encode()[: ID_BYTES_MAX - len(mark.encode())].decode(errors="ignore")
    return begin + mark, True


def projected_json(value: Any) -> tuple[str, bool]:
    """*value* as JSON text whose every string can be taken out as `text`; and whether that cost."""
    text = json_text.encode(value)
    if "\\u" not in text:  # Whatever is unfit was written as an escape.
        return text, False
    fit = _fit(value)
    return (text, False) if fit == value else (json_text.encode(fit), True)


def _fit(value: Any) -> Any:
    if isinstance(value, str):
        return projected(value)[0]
    if isinstance(value, dict):
        return {_fit(key): _fit(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_fit(inner) for inner in value]
    return value


def _encodes(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
