"""What a completion asks for, whichever protocol the model spoke."""

from typing import Any

from msgspec import Struct

from schema import json_text
from schema.errors import Invalid
from schema.events import CompletionReceived, Limits, RequestedCall
from service.agent.parse import Action, parse


class Reading(Struct, frozen=True, kw_only=True):
    """At most one of actions, an answer, and a problem; none of them: it has more to say."""

    actions: tuple[Action, ...] = ()
    """In the model's order."""
    answer: str | None = None
    problem: str | None = None
    """Why nothing can be done with it, in words for the model."""
    open_ended: bool = False
    """If the provider cut it short, what was cut may have mattered."""
    counted: int = 0
    """Characters of the text that count; the rest is never shown to the model again."""


def read(completion: CompletionReceived, limits: Limits, *, native: bool) -> Reading:
    """What *completion* asks for; native calls win over anything written beside them."""
    if completion.calls:
        return _read_calls(completion, limits)
    if completion.stop_reason == "pause":
        return Reading(counted=len(completion.text))
    if native:
        return _read_answer(completion.text)
    parsed = parse(completion.text)
    return Reading(
        actions=() if parsed.action is None else (parsed.action,),
        answer=parsed.answer,
        problem=parsed.problem,
        open_ended=parsed.open_ended,
        counted=parsed.counted,
    )


def _read_calls(completion: CompletionReceived, limits: Limits) -> Reading:
    asked = len(completion.calls)
    counted = len(completion.text)
    if asked > limits.calls_max:
        problem = (
            f"{asked} tool calls at once are too many and none was made: "
            f"ask for {limits.calls_max} at most."
        )
        return Reading(problem=problem, open_ended=True, counted=counted)
    return Reading(
        actions=tuple(_action(call) for call in completion.calls),
        open_ended=True,
        counted=counted,
    )


def _read_answer(text: str) -> Reading:
    answer = text.strip()
    if not answer:
        return Reading(problem="Nothing was said. Call a tool, or answer.", open_ended=True)
    return Reading(answer=answer, open_ended=True, counted=len(text))


def _action(call: RequestedCall) -> Action:
    return Action(call.name, _arguments(call.arguments))


def _arguments(text: str) -> Any:
    """The arguments as the model meant them; as it wrote them where that is no JSON of ours."""
    if not text.strip():
        return {}
    try:
        value = json_text.decode(text)
        json_text.encode({"arguments": value})
    except (ValueError, RecursionError, Invalid):
        return text
    return value
