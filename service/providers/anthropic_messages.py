"""The prompt as Messages wants it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from types import MappingProxyType
from typing import Any, Final

from schema import json_text
from schema.completions import CallResult, Segment
from schema.events import RequestedCall, ToolSpec

Block = dict[str, Any]

_CACHE_UP_TO_HERE: Final[Mapping[str, Any]] = MappingProxyType(
    {"cache_control": {"type": "ephemeral"}}
)


def system_of(segments: Iterable[Segment]) -> list[Block]:
    """The system's text, marked as a prefix to be cached (the tools before it included)."""
    return _cached([_text(segment.text) for segment in segments if _is_said(segment, "system")])


def messages_of(segments: Iterable[Segment]) -> list[dict[str, Any]]:
    """User and assistant by turns; what was sent so far is marked as a prefix to be cached.

    A turn's results come first in the user's message, in the order in which they were asked for.
    """
    spoken = (segment for segment in segments if segment.role != "system")
    messages = [
        {"role": role, "content": content}
        for role, run in groupby(spoken, key=lambda segment: segment.role)
        if (content := _content(tuple(run)))
    ]
    if messages and messages[-1]["role"] == "user":
        messages[-1]["content"] = _cached(messages[-1]["content"])
    return messages


def tools_of(tools: Iterable[ToolSpec]) -> list[dict[str, Any]]:
    """The tools that are offered."""
    return [
        {"name": tool.name, "description": tool.description, "input_schema": tool.parameters}
        for tool in tools
    ]


def _content(run: Sequence[Segment]) -> list[Block]:
    results = [_result(result) for segment in run for result in segment.results]
    return [*results, *(block for segment in run for block in _blocks(segment))]


def _blocks(segment: Segment) -> Iterator[Block]:
    """The provider's own blocks, untouched, where there are any; else its text and calls."""
    if segment.blocks:
        yield from segment.blocks
        return
    if _is_said(segment, segment.role):
        # The API refuses an answer that ends in white space; only its end can be one.
        text = segment.text if segment.role == "user" else segment.text.rstrip()
        yield _text(text)
    yield from map(_call, segment.calls)


def _is_said(segment: Segment, role: str) -> bool:
    """Whether *segment* is of *role* and has text; the API refuses blocks of white space."""
    return segment.role == role and bool(segment.text.strip())


def _text(text: str) -> Block:
    return {"type": "text", "text": text}


def _call(call: RequestedCall) -> Block:
    return {"type": "tool_use", "id": call.id, "name": call.name, "input": _input(call.arguments)}


def _input(arguments: str) -> dict[str, Any]:
    """The arguments as the object that the API demands, whatever the model wrote."""
    try:
        value = json_text.decode(arguments)
    except ValueError:
        value = arguments
    return value if isinstance(value, dict) else {"value": value}


def _result(result: CallResult) -> Block:
    return {
        "type": "tool_result",
        "tool_use_id": result.id,
        "content": result.observation,
        "is_error": not result.ok,
    }


def _cached(blocks: list[Block]) -> list[Block]:
    return [*blocks[:-1], {**blocks[-1], **_CACHE_UP_TO_HERE}] if blocks else blocks
