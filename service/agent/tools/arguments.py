"""From what a model gave for a tool to what its function takes."""

from typing import Any, Final

from pydantic import ValidationError

from schema import json_text
from schema.errors import Invalid
from service.agent.given import object_given
from service.agent.tools.observation import ToolError
from service.agent.tools.signature import Signature

_FAULTS_MAX: Final = 8
"""How many faults a refusal tells of."""


def read_arguments(signature: Signature, given: object) -> dict[str, Any]:
    """Keyword arguments that fit *signature*; `ToolError` (permanent) says what does not fit.

    An object, its JSON text, or plain text (or a number) for the one string that it can only
    mean; nothing where nothing is required. Strict: `"5"` is no integer. But 5.0 is one, as in
    JSON Schema.
    """
    arguments = _object(signature, given)
    try:
        return _validated(signature, arguments)
    except ValidationError as error:
        faults = error
    try:
        return _validated(signature, _whole_numbers(arguments))
    except ValidationError:
        raise _unfit(signature, _faults(faults)) from faults


def _object(signature: Signature, given: object) -> dict[str, Any]:
    try:
        meant = object_given(signature.parameters, given)
    except (ValueError, RecursionError) as error:
        raise _unfit(signature, f"they are no JSON object: {error}") from error
    if not isinstance(meant, dict):
        raise _unfit(signature, "they are no JSON object")
    return meant


def _validated(signature: Signature, arguments: dict[str, Any]) -> dict[str, Any]:
    # By way of JSON text, because strict validation of Python values would demand instances
    # of dataclasses and enums, where JSON has objects and strings.
    try:
        text = json_text.encode(arguments, "arguments").encode()
    except (Invalid, TypeError, ValueError) as error:
        raise _unfit(signature, str(error)) from error
    validated = signature.adapter.validate_json(text)
    return {signature.names[key]: value for key, value in validated.items()}


def _whole_numbers(value: Any) -> Any:
    """*value* with 5.0 as 5, everywhere."""
    match value:
        case dict():
            return {key: _whole_numbers(inner) for key, inner in value.items()}
        case list():
            return [_whole_numbers(inner) for inner in value]
        case float() if value.is_integer():
            return int(value)
        case _:
            return value


def _faults(error: ValidationError) -> str:
    details = error.errors(include_url=False, include_context=False, include_input=False)
    told = [f"{_path(fault['loc'])}: {fault['msg']}" for fault in details[:_FAULTS_MAX]]
    more = len(details) - len(told)
    return "; ".join(told) + (f"; and {more} more" if more else "")


def _path(location: tuple[int | str, ...]) -> str:
    return ".".join(str(part) for part in location) or "arguments"


def _unfit(signature: Signature, faults: str) -> ToolError:
    expected = f"expected {signature.expected}"
    return ToolError("permanent", f"the arguments do not fit: {faults}; {expected}")
