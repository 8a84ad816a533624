"""A tool: a function, what the model is told of it, and what running it again would do."""

import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from schema.errors import Invalid
from schema.events import Effect, ToolExample, ToolSpec
from service.agent.tools.arguments import read_arguments
from service.agent.tools.observation import ToolError
from service.agent.tools.signature import Signature, read_signature

NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
"""Names that every provider takes."""

ReachesFn = Callable[[Mapping[str, Any]], str | None]
"""Arguments → what of the world a call with them reaches, such as a host."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """Something that an agent can do; made by `tool`."""

    spec: ToolSpec
    """What the model sees, and a session pins."""
    function: Callable[..., Any]
    signature: Signature
    is_async: bool
    """Whether it runs on the event loop; else it gets a thread."""
    timeout_s: float | None
    """How long it may run; None leaves that to the session."""
    reaches: ReachesFn | None = None
    """None where each call reaches the same: then one breaker stands before all of them."""


def tool(
    *,
    effect: Effect,
    examples: Sequence[ToolExample] = (),
    timeout_s: float | None = None,
    reaches: ReachesFn | None = None,
) -> Callable[[Callable[..., Any]], Tool]:
    """Make a function the tool of that name; its docstring is what the model reads.

    Parameters are described by their hints: `path: Annotated[str, "relative to the folder"]`.
    A transactional one is async, takes the `Mind` or a `GraphCall` and gives a `Change`; no other
    does. `Invalid` where a signature can't be offered to a model, or an example would be refused.
    """

    def made(function: Callable[..., Any]) -> Tool:
        name = _name(function)
        signature = read_signature(name, function)
        if signature.changes_mind != (effect is Effect.TRANSACTIONAL):
            raise Invalid(
                name, "a tool is transactional if it takes the Mind, or a GraphCall, and only then"
            )
        is_async = inspect.iscoroutinefunction(function)
        if signature.changes_mind and not is_async:
            raise Invalid(name, "a mind is asked on the event loop: make it async")
        spec = ToolSpec(
            name=name,
            description=_description(name, function),
            parameters=signature.parameters,
            effect=effect,
            examples=_checked(name, signature, examples),
        )
        return Tool(
            spec=spec,
            function=function,
            signature=signature,
            is_async=is_async,
            timeout_s=timeout_s,
            reaches=reaches,
        )

    return made


def _name(function: Callable[..., Any]) -> str:
    name = getattr(function, "__name__", "")
    if NAME.fullmatch(name) is None:
        raise Invalid("tool", f"{name!r} is no name for a tool: 1 to 64 of A-Z, a-z, 0-9, _ and -")
    return name


def _description(name: str, function: Callable[..., Any]) -> str:
    description = inspect.getdoc(function)
    if not description:
        raise Invalid(name, "has no docstring: the model would not know what it is for")
    return description


def _checked(
    name: str, signature: Signature, examples: Sequence[ToolExample]
) -> tuple[ToolExample, ...]:
    """*examples*, none of which teaches the model a call that would be refused."""
    for example in examples:
        try:
            read_arguments(signature, example.arguments)
        except ToolError as error:
            raise Invalid(f"{name}.examples", str(error)) from error
    return tuple(examples)
