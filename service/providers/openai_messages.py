"""The prompt as Chat Completions wants it."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Any

from schema.completions import Segment
from schema.events import RequestedCall, ToolSpec

Message = dict[str, Any]


def messages_of(segments: Sequence[Segment]) -> list[Message]:
    """One message for each run of segments of one role, its texts parted by a blank line.

    Many chat templates refuse two neighbours of one role. The results of tool calls are messages
    of their own, before their segment's text.
    """
    runs = groupby(segments, key=lambda segment: segment.role)
    return [message for role, run in runs for message in _messages(role, tuple(run))]


def tools_of(tools: Iterable[ToolSpec]) -> list[dict[str, Any]]:
    """The tools that are offered."""
    return [
        {
            "type": "function",
            "function": {
                "name": tool.name,
                "description": tool.description,
                "parameters": tool.parameters,
            },
        }
        for tool in tools
    ]


def _messages(role: str, run: tuple[Segment, ...]) -> Iterator[Message]:
    for result in (result for segment in run for result in segment.results):
        yield {"role": "tool", "tool_call_id": result.id, "content": result.observation}
    text = "\n\n".join(segment.text for segment in run if segment.text)
    calls = [_call(call) for segment in run for call in segment.calls]
    if calls:
        yield {"role": role, "content": text or None, "tool_calls": calls}
    elif text:
        yield {"role": role, "content": text}


def _call(call: RequestedCall) -> dict[str, Any]:
    function = {"name": call.name, "arguments": call.arguments}
    return {"id": call.id, "type": "function", "function": function}
