"""What a tool takes: JSON Schema and validation, both read off the function's type hints."""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from keyword import iskeyword
from typing import Annotated, Any, Final, NotRequired, get_args, get_origin, get_type_hints

from pydantic import ConfigDict, Field, TypeAdapter
from pydantic.errors import PydanticUserError
from pydantic_core import SchemaError
from typing_extensions import TypedDict

from schema.errors import Invalid
from service.agent.tools.context import ToolContext
from service.graph.mind import GraphCall
from service.memory.mind import Mind

_VERBATIM: Final = frozenset({"default", "const", "enum", "examples"})
"""Keywords of JSON Schema whose values are data, not schemas."""

MINDS: Final = (Mind, GraphCall)
"""What a transactional tool may take: it then gives a `Change` of that."""

_NAMED: Final = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """The parameters of a tool's function, as a model may fill them."""

    parameters: dict[str, Any]
    """JSON Schema of the arguments: an object that allows nothing beyond them."""
    adapter: TypeAdapter[dict[str, Any]]
    """Validates JSON text and gives keyword arguments."""
    names: dict[str, str]
    """By the name that the model gives, that of the function's parameter."""
    context: str | None
    """The parameter that the model does not see."""
    receives: type | None
    """What that one receives: `ToolContext`, `Mind` or `GraphCall`."""
    expected: str
    """The parameters in short, for the sentence that refuses others."""

    @property
    def changes_mind(self) -> bool:
        """Whether the tool gives a `Change`."""
        return self.receives in MINDS


def read_signature(name: str, function: Callable[..., Any]) -> Signature:
    """What *function* takes; `Invalid` names the tool and the parameter that can't be offered.

    What Python keeps for itself has an underscore behind it: `from_` is `from` to the model.
    """
    hints = _hints(name, function)
    parameters_of = inspect.signature(function).parameters
    context = next((key for key in parameters_of if hints.get(key) in (ToolContext, *MINDS)), None)
    taken = {_shown(key): p for key, p in parameters_of.items() if key != context}
    offered = {key: _checked(name, p, hints) for key, p in taken.items()}
    adapter = _adapter(name, taken, offered)
    parameters = _with_defaults(_without_titles(adapter.json_schema()), taken)
    return Signature(
        parameters=parameters,
        adapter=adapter,
        names={key: p.name for key, p in taken.items()},
        context=context,
        receives=None if context is None else hints[context],
        expected=_expected(parameters),
    )


def _shown(parameter: str) -> str:
    word = parameter.removesuffix("_")
    return word if iskeyword(word) else parameter


def _hints(name: str, function: Callable[..., Any]) -> dict[str, Any]:
    try:
        return get_type_hints(function, include_extras=True)
    except (NameError, TypeError) as error:
        raise Invalid(name, f"its type hints can't be read: {error}") from error


def _checked(name: str, parameter: inspect.Parameter, hints: Mapping[str, Any]) -> Any:
    """The parameter's hint, its text taken as description."""
    field = f"{name}.{parameter.name}"
    if parameter.kind not in _NAMED:
        raise Invalid(field, "a model gives arguments by name: no *args, **kwargs or `/`")
    if parameter.name not in hints:
        raise Invalid(field, "has no type hint: the model would not know what to give")
    hint = _described(hints[parameter.name])
    try:
        TypeAdapter(hint).json_schema()
    except (PydanticUserError, SchemaError, TypeError) as error:
        reason = str(error).partition("\n")[0]
        raise Invalid(field, f"its type can't be said in JSON Schema: {reason}") from error
    return hint


def _described(hint: Any) -> Any:
    """*hint* with a plain string among its annotations turned into the field's description."""
    if get_origin(hint) is not Annotated:
        return hint
    kind, *notes = get_args(hint)
    for note in notes:
        kind = Annotated[kind, Field(description=note) if isinstance(note, str) else note]
    return kind


def _adapter(
    name: str, taken: Mapping[str, inspect.Parameter], offered: Mapping[str, Any]
) -> TypeAdapter[dict[str, Any]]:
    fields = {
        key: hint if taken[key].default is inspect.Parameter.empty else NotRequired[hint]
        for key, hint in offered.items()
    }
    # mypy only knows typed dictionaries that stand in the source; this one is made while running.
    made: Any = TypedDict
    shape = made(name, fields)
    shape.__pydantic_config__ = ConfigDict(extra="forbid", strict=True)
    return TypeAdapter(shape)


def _without_titles(schema: Any) -> Any:
    """*schema* without the titles that only repeat names and cost tokens."""
    if isinstance(schema, list):
        return [_without_titles(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        key: value if key in _VERBATIM else _without_titles(value)
        for key, value in schema.items()
        if not (key == "title" and isinstance(value, str))
    }


def _with_defaults(
    parameters: dict[str, Any], taken: Mapping[str, inspect.Parameter]
) -> dict[str, Any]:
    """*parameters* that also tell the model which value it gets by giving none."""
    properties = {
        key: {**field, "default": taken[key].default}
        if isinstance(taken[key].default, str | int | float | bool)
        else field
        for key, field in parameters.get("properties", {}).items()
    }
    return {**parameters, "properties": properties}


def _expected(parameters: Mapping[str, Any]) -> str:
    required = parameters.get("required", [])
    fields = (
        f'"{key}"{"" if key in required else "?"}: {_kind(field)}'
        for key, field in parameters["properties"].items()
    )
    return "{" + ", ".join(fields) + "}"


def _kind(field: Mapping[str, Any]) -> str:
    if "enum" in field:
        return " | ".join(f'"{value}"' for value in field["enum"])
    if "anyOf" in field:
        return " | ".join(_kind(option) for option in field["anyOf"])
    return str(field.get("type", "object" if "$ref" in field else "any"))
