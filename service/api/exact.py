"""JSON as every reader of it takes it alike."""

from typing import Any, Final

import msgspec

from schema import json_text

EXACT_MAX: Final = 2**53
"""Beyond it, a number is not the same to every reader of JSON; we send it as a string."""


def encoded(value: Any) -> bytes:
    """*value* as JSON that every reader takes alike."""
    return json_text.encode(exact(msgspec.to_builtins(value)), "answer").encode()


def exact(value: Any) -> Any:
    """*value* with the integers that doubles cannot hold as strings."""
    if isinstance(value, bool):
        return value
    if isinstance(value, int):
        return str(value) if abs(value) > EXACT_MAX else value
    if isinstance(value, dict):
        return {key: exact(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [exact(inner) for inner in value]
    return value
