"""Turns what came in a request into messages, or into all that is wrong with it."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any, Final, get_origin

from multidict import MultiMapping
from pydantic import TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

from schema.messages.base import Message
from service.api.refusals import Misfit

ERRORS_MAX: Final = 20
"""So many of the errors are told."""
_MISPLACED: Final = frozenset({"missing", "extra_forbidden", "union_tag_not_found"})


def read_body(kind: Any, said: Any) -> Any:
    """*said* as what a route takes; `Misfit` tells each field that does not hold what it must."""
    try:
        return _adapter(kind).validate_python({} if said is None else said)
    except ValidationError as error:
        refused = Misfit([*_pointed(error, said)][:ERRORS_MAX])
    raise refused  # Outside the block, so that no traceback repeats what was sent.


def read_query(kind: type[Message], said: MultiMapping[str]) -> Message:
    """What stands behind the `?`; a name that takes several values may be said again."""
    values: dict[str, Any] = {}
    for name in dict.fromkeys(said):
        field = _named(kind, name)
        several = said.getall(name)
        if field is not None and get_origin(field.annotation) is tuple:
            values[name] = several
        elif len(several) > 1:
            raise Misfit([{"parameter": name, "detail": "is said more than once"}])
        else:
            values[name] = several[0]
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False, include_context=False)
        told = [{"parameter": str(one["loc"][0]), "detail": _detail(one)} for one in found]
    raise Misfit(told[:ERRORS_MAX])


def _named(kind: type[Message], name: str) -> FieldInfo | None:
    for own, field in kind.model_fields.items():
        if name in (own, field.alias):
            return field
    return None


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    """Made once: it takes longer than to read a body."""
    return TypeAdapter(kind)


def _pointed(error: ValidationError, said: Any) -> Iterator[Mapping[str, str]]:
    for one in error.errors(include_url=False, include_input=False, include_context=False):
        yield {"pointer": _pointer(one["loc"], said, one["type"]), "detail": _detail(one)}


def _pointer(loc: Sequence[int | str], said: Any, kind: str) -> str:
    """The place in *said*, as RFC 6901 writes it.

    *loc* has the names of types between those of fields: they lead nowhere in *said*.
    """
    steps: list[int | str] = []
    for part in loc:
        if _leads(said, part):
            said = said[part]
            steps.append(part)
    if kind in _MISPLACED and loc and (not steps or steps[-1] != loc[-1]):
        steps.append(loc[-1])
    return "".join(f"/{str(step).replace('~', '~0').replace('/', '~1')}" for step in steps)


def _leads(said: Any, part: int | str) -> bool:
    if isinstance(said, Mapping):
        return part in said
    return isinstance(said, list | tuple) and isinstance(part, int) and part < len(said)


def _detail(error: Mapping[str, Any]) -> str:
    said = str(error["msg"])
    if error["type"] == "value_error":
        return said.removeprefix("Value error, ")
    return said[:1].lower() + said[1:]
