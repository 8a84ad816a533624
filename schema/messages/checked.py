"""Turns what a caller sent into a message, or into an error that names the field."""

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from schema.errors import Invalid, NotFinite

M = TypeVar("M", bound=BaseModel)


def checked(message: type[M], values: Mapping[str, Any]) -> M:
    """*values* as a *message*; `Invalid` names the first field that does not hold what it must."""
    try:
        return message.model_validate(values)
    except ValidationError as error:
        refused = _refused(error)
    raise refused  # Outside the block, so that no traceback repeats what the caller sent.


def _refused(error: ValidationError) -> Invalid:
    first = error.errors(include_url=False, include_input=False)[0]
    field = ".".join(str(part) for part in first["loc"]) or "body"
    kind = NotFinite if first["type"] == "finite_number" else Invalid
    said = first["msg"]
    if first["type"] == "value_error":
        return kind(field, said.removeprefix("Value error, "))
    return kind(field, said[:1].lower() + said[1:])  # It follows on the field.
