"""The object that a model means by what it gave for a tool."""

from collections.abc import Mapping
from typing import Any

from schema import json_text


def object_given(parameters: Mapping[str, Any], given: object) -> Any:
    """An object, its JSON text, or plain text (or a number) for the one string it can only mean.

    *parameters* is the tool's JSON Schema. What is neither comes back as it is, for the caller to
    refuse; ValueError or RecursionError where text that begins like an object is no JSON.
    """
    text = text_parameter(parameters)
    if given is None or given == "":
        return {}
    if isinstance(given, str) and (text is None or given.lstrip().startswith("{")):
        given = json_text.decode(given)
    if text is not None and _is_plain(given):
        return {text: str(given)}
    return given


def text_parameter(parameters: Mapping[str, Any]) -> str | None:
    """The one that plain text stands for: the one that is required, or else the only one."""
    properties = parameters.get("properties", {})
    match parameters.get("required") or list(properties):
        case [str() as key] if properties.get(key, {}).get("type") == "string":
            return key
        case _:
            return None


def _is_plain(given: object) -> bool:
    """Whether somebody who writes `tool: text` may have meant text: 391 is text, too."""
    return isinstance(given, str | int | float) and not isinstance(given, bool)
